// SPDX-License-Identifier: Apache-2.0
// What an operator reads when a configuration is refused: code, place, sentence and a next step.
// Not here: who prints it and with which exit code.

/// One fault of a configuration, with its place and what to do about it.
public struct ConfigurationError: Error, Sendable {
    /// The stable, searchable code.
    public var code: ConfigurationCode
    /// The file (or `environment`) the fault is in.
    public var file: String
    /// The line, counted from 1; 0 when the fault has no single place.
    public var line: Int
    /// The column in characters, counted from 1; 0 when the fault has no single place.
    public var column: Int
    /// What is wrong, as a sentence.
    public var message: String
    /// What to do next.
    public var hint: String

    /// Makes a fault.
    public init(
        _ code: ConfigurationCode,
        file: String,
        line: Int = 0,
        column: Int = 0,
        message: String,
        hint: String = ""
    ) {
        self.code = code
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.hint = hint.isEmpty ? code.hint : hint
    }

    /// `file:line:column`, as editors understand it.
    public var place: String { line > 0 ? "\(file):\(line):\(column)" : file }

    /// The lines an operator reads.
    public var text: String { "\(place): \(message)\nhint: \(hint)\ncode: \(code.rawValue)" }
}

extension ConfigurationError: Equatable {
    /// Two faults are equal when their codes are.
    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}

/// Everything that is wrong with a configuration; nothing of it was taken.
public struct ConfigurationErrors: Error, Sendable {
    /// The faults in the order of the file.
    public var errors: [ConfigurationError]

    /// Wraps a list of faults.
    public init(_ errors: [ConfigurationError]) { self.errors = errors }

    /// All faults as an operator reads them.
    public var text: String { errors.map(\.text).joined(separator: "\n") }
}

/// The codes of configuration faults, stable for ever.
public enum ConfigurationCode: String, Sendable, CaseIterable {
    case notUTF8 = "SW-0101"
    case syntax = "SW-0102"
    case duplicateKey = "SW-0103"
    case duplicateTable = "SW-0104"
    case tooLarge = "SW-0105"
    case outsideSubset = "SW-0106"
    case unknownSection = "SW-0110"
    case unknownKey = "SW-0111"
    case wrongType = "SW-0112"
    case outOfRange = "SW-0113"
    case notAChoice = "SW-0114"
    case badQuantity = "SW-0115"
    case badAddress = "SW-0116"
    case listenerName = "SW-0120"
    case duplicateListener = "SW-0121"
    case noListener = "SW-0122"
    case certificateMissing = "SW-0123"
    case keyMissing = "SW-0124"
    case plaintextOnNetwork = "SW-0125"
    case sameAddress = "SW-0126"
    case trustMissing = "SW-0127"
    case identityWithoutCertificates = "SW-0128"
    case clientIDRuleWithoutIdentity = "SW-0129"
    case nobodyCanLogIn = "SW-0130"
    case tlsSettingWithoutTLS = "SW-0131"
    case fileUnreadable = "SW-0132"
    case badMountPoint = "SW-0133"
    case twoIdentities = "SW-0134"
    case keystoreMissing = "SW-0135"
    case registryMissing = "SW-0136"
    case settingWithoutUse = "SW-0137"
    case cipherNeverChosen = "SW-0138"
    case environment = "SW-0140"
    case accessFile = "SW-0150"

    /// What to do when nothing more exact is known.
    public var hint: String {
        switch self {
        case .notUTF8: "save the file as UTF-8"
        case .syntax: "a line is [table], [[table]], key = value, or a # comment"
        case .duplicateKey: "keep one of the two lines"
        case .duplicateTable: "put all keys of a table under one heading"
        case .tooLarge: "a configuration may have 1 MiB; lists of users belong into files"
        case .outsideSubset: "only a subset of TOML is read; write a plain key = value"
        case .unknownSection, .unknownKey: "`sealwired config default` prints everything there is"
        case .wrongType: "see the type in `sealwired config default`"
        case .outOfRange: "see the limits in `sealwired config default`"
        case .notAChoice: "take one of the words listed"
        case .badQuantity: "write a number and a unit, such as \"30s\", \"5m\", \"2MiB\""
        case .badAddress: "write an IPv4 or IPv6 address, \"localhost\", or \"*\" for all"
        case .listenerName: "names have 1 to 64 letters, digits, - and _"
        case .duplicateListener: "give each listener a name of its own"
        case .noListener: "add a [[listener]] with at least a name"
        case .certificateMissing:
            "add certificate = \"/path/chain.pem\" and key = \"/path/key.pem\", or a keystore"
        case .keyMissing: "add key = \"/path/key.pem\""
        case .plaintextOnNetwork:
            "use TLS, bind to localhost, or write plaintext = \"on-the-network\""
        case .sameAddress: "give one of the two another port or address"
        case .trustMissing: "add trust-files = [\"/path/ca.pem\"], trust-folders or a truststore"
        case .identityWithoutCertificates: "set client-certificates = \"require\""
        case .clientIDRuleWithoutIdentity: "set identity, such as identity = \"cn\""
        case .nobodyCanLogIn: "add password-file, an identity, or anonymous = true"
        case .tlsSettingWithoutTLS: "remove the line or set tls = true"
        case .fileUnreadable: "check the path and the permissions of the daemon's user"
        case .twoIdentities: "keep the keystore, or certificate and key"
        case .keystoreMissing: "name the file it belongs to, or remove the line"
        case .registryMissing: "add [registry] with folder = \"/var/lib/sealwire\""
        case .settingWithoutUse: "remove the line"
        case .cipherNeverChosen:
            "name suites with ECDHE or RSA keys such as ECDHE-ECDSA-AES128-GCM-SHA256, or remove "
                + "the line for the defaults; `openssl ciphers -s -tls1_2` lists names"
        case .badMountPoint: "a mount point is a topic prefix without + and #"
        case .accessFile: "correct the line; see mosquitto_passwd and mosquitto.conf for the format"
        case .environment: "variables are SEALWIRE_<SECTION>_<KEY>"
        }
    }
}
