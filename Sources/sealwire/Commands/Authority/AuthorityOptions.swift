// SPDX-License-Identifier: Apache-2.0
// What the verbs of `sealwire ca` share: which authority, its passphrase, subjects and names.

import SealPKI

/// Which authority, and how its key opens.
struct AuthorityPlace: Sendable {
    /// Its folder or configuration file.
    var path = "."
    /// The section of the configuration; nil is the one `default_ca` names.
    var section: String?
    var secret = Secret("the authority's key")

    func open() throws -> LocalAuthority { try LocalAuthority(path, section: section) }

    /// The authority's key; the passphrase is only asked for when it is encrypted.
    func key(of authority: LocalAuthority) throws -> PrivateKey {
        if let given = try secret.given() { return try authority.key(passphrase: given) }
        do throws(PKIError) {
            return try authority.key(passphrase: nil)
        } catch {
            guard error.code == .passphraseMissing else { throw error }
            return try authority.key(passphrase: try secret.read())
        }
    }
}

/// Options that name an authority.
protocol NamesAuthority: Sendable {
    var authority: AuthorityPlace { get set }
}

extension NamesAuthority {
    /// The flags that say which authority; with those of its key when it signs.
    static func authorityFlags(isSigning: Bool) -> [Flag<Self>] {
        let place: [Flag<Self>] = [
            .value("--ca", is: "PATH", "the authority's folder or *.cnf file (default: .)") {
                (options, value, _) throws(UsageError) in
                options.authority.path = value
            },
            .value("--section", is: "NAME", "its section (default: the file's default_ca)") {
                (options, value, _) throws(UsageError) in
                options.authority.section = value
            },
        ]
        guard isSigning else { return place }
        return place
            + Secret.flags("passphrase", "the passphrase of its key", \Self.authority.secret)
    }
}

/// The extensions of what is signed, and how long it is valid.
struct SigningChoice: Sendable {
    var profile = CertificateProfile.device
    var section: String?
    var copying: RequestedExtensions?
    var names = SubjectNames()
    var days: Int?
    var pathLength: Int?

    var extensions: ExtensionChoice {
        ExtensionChoice(
            profile,
            section: section,
            pathLength: pathLength,
            copying: copying,
            hasOwnNames: !names.isEmpty
        )
    }

    /// The days: those given, else the configuration's, else a year.
    func days(_ authority: LocalAuthority) -> Int { days ?? authority.settings.defaultDays ?? 365 }
}

/// Options that say what is signed.
protocol ChoosesExtensions: Sendable {
    var signing: SigningChoice { get set }
}

extension ChoosesExtensions {
    static var signingFlags: [Flag<Self>] {
        [
            .value("--profile", is: "NAME", "device, server or intermediate (default: device)") {
                (options, value, name) throws(UsageError) in
                options.signing.profile = try CommandWords.profile(value, name)
            },
            .value("--extensions", is: "SECTION", "take this section instead of a profile's") {
                (options, value, _) throws(UsageError) in
                options.signing.section = value
            },
            .value("--days", is: "N", "valid for N days (default: default_days, else 365)") {
                (options, value, name) throws(UsageError) in
                options.signing.days = try CommandWords.days(value, name)
            },
            .value("--san", is: "NAME", "a name: DNS:x, IP:x, URI:x, email:x; repeat it") {
                (options, value, name) throws(UsageError) in
                try CommandWords.add(value, to: &options.signing.names, name)
            },
            .value("--path-length", is: "N", "for intermediate: authorities below it") {
                (options, value, name) throws(UsageError) in
                options.signing.pathLength = try CommandWords.pathLength(value, name)
            },
        ]
    }
}

/// Words of the command line that become values.
enum CommandWords {
    static func profile(_ word: String, _ flag: String) throws(UsageError) -> CertificateProfile {
        guard let profile = CertificateProfile(rawValue: word) else {
            throw UsageError(message: "\(flag) is device, server or intermediate")
        }
        return profile
    }

    static func days(_ word: String, _ flag: String) throws(UsageError) -> Int {
        guard let days = Int(word), (1...CertificateAuthority.daysMax).contains(days) else {
            throw UsageError(
                message: "\(flag) is a number of days from 1 to \(CertificateAuthority.daysMax)"
            )
        }
        return days
    }

    static func pathLength(_ word: String, _ flag: String) throws(UsageError) -> Int {
        guard let length = Int(word), (0...100).contains(length) else {
            throw UsageError(message: "\(flag) is a number from 0 to 100")
        }
        return length
    }

    static func keyKind(_ word: String, _ flag: String) throws(UsageError) -> KeyKind {
        let found = KeyKind.allCases.first { $0.rawValue == word || $0.rawValue == "ec-\(word)" }
        guard let found else {
            let all = KeyKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw UsageError(message: "\(flag) is one of \(all)")
        }
        return found
    }

    static func field(_ word: String, _ flag: String) throws(UsageError) -> NameAttribute {
        let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else {
            throw UsageError(message: "\(flag) is TYPE=VALUE, as in O=Works")
        }
        guard parts[0] != "CN", parts[0] != "commonName" else {
            throw UsageError(message: "the common name is given by itself, not with \(flag)")
        }
        return NameAttribute(parts[0], parts[1])
    }

    static func serial(_ word: String) throws(UsageError) -> SerialNumber {
        let digits = word.hasPrefix("0x") ? String(word.dropFirst(2)) : word
        guard let serial = SerialNumber(hexadecimal: digits) else {
            throw UsageError(message: "'\(word)' is no serial number in hexadecimal digits")
        }
        return serial
    }

    /// `DNS:x`, `IP:x`, `URI:x`, `email:x`, or a bare address or host name; several with commas.
    static func add(
        _ word: String,
        to names: inout SubjectNames,
        _ flag: String
    ) throws(UsageError) {
        for part in word.split(separator: ",").map(String.init) {
            let kind = part.prefix { $0 != ":" }.lowercased()
            let value = String(part.dropFirst(kind.count + 1))
            switch kind {
            case "dns": names.dns.append(value)
            case "ip": names.addresses.append(value)
            case "uri": names.uris.append(value)
            case "email": names.emails.append(value)
            case _ where addressBytes(part) != nil: names.addresses.append(part)
            case _ where part.contains(":"):
                throw UsageError(message: "\(flag) '\(part)' is not DNS:, IP:, URI: or email:")
            default: names.dns.append(part)
            }
        }
    }
}
