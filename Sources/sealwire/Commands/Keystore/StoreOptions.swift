// SPDX-License-Identifier: Apache-2.0
// What the verbs of `keystore` are told, and the flags they share.

import SealPKI

/// The options of all verbs; each verb has the flags it uses.
struct StoreOptions: Sendable {
    /// What is taken out of an entry.
    enum Part: Sendable {
        case certificate
        case chain
        case key
    }

    var store = Secret("the keystore", mayBeEmpty: true)
    var key = Secret("the key in the keystore")
    var newStore = Secret("the new keystore")
    var newKey = Secret("the key in the new keystore")
    var keyFile = Secret("the key file")
    var format: KeystoreFormat?
    var strength = PKCS12Strength.modern
    var alias: String?
    var keyPath: String?
    var certificatePaths: [String] = []
    var part = Part.certificate
    var isDER = false
    var output: String?
    var replaces = false
    var isVerbose = false
    var isJSON = false
}

typealias StoreFlag = Flag<StoreOptions>

/// Flags of more than one verb.
enum StoreFlags {
    static let password: [StoreFlag] =
        Secret.flags("password", "the password of the keystore", \.store)

    static let keyPassword: [StoreFlag] =
        Secret.flags("key-password", "the password of the key, if it is another one", \.key)

    static let newPassword: [StoreFlag] =
        Secret.flags("new-password", "the new password of the keystore", \.newStore)

    static let newKeyPassword: [StoreFlag] =
        Secret.flags("new-key-password", "the new password of the keys (JKS)", \.newKey)

    static let format: StoreFlag = .value(
        "--format",
        is: "FORMAT",
        "pkcs12 or jks, for a new file"
    ) { (options, value, name) throws(UsageError) in
        guard let format = KeystoreFormat(rawValue: value.lowercased()) else {
            throw UsageError(message: "\(name) is pkcs12 or jks, not '\(value)'")
        }
        options.format = format
    }

    static let legacy: StoreFlag = .on(
        "--legacy",
        help: "PKCS #12 with triple DES and SHA-1, for old programs"
    ) { options throws(UsageError) in options.strength = .legacy }

    static let json: StoreFlag = .on("--json", help: "as JSON, on one line") {
        options throws(UsageError) in options.isJSON = true
    }

    static let force: StoreFlag = .on("--force", help: "overwrite what is there") {
        options throws(UsageError) in options.replaces = true
    }

    static func alias(_ help: String) -> StoreFlag {
        .value("--alias", is: "NAME", help) { (options, value, _) throws(UsageError) in
            options.alias = value
        }
    }

    static func output(_ help: String) -> StoreFlag {
        .value("-o", "--output", is: "FILE", help) { (options, value, _) throws(UsageError) in
            options.output = value
        }
    }
}
