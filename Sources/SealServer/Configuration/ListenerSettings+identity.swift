// SPDX-License-Identifier: Apache-2.0
// Where a listener's certificates and keys are, as SealPKI's loader wants to be told. Whether the
// settings fit together is judged in Configuration+rules.

internal import SealPKI

extension ListenerSettings {
    /// Where the listener's own certificate and key are.
    var identitySource: IdentitySource? {
        if let keystore {
            return .keystore(
                KeystoreSource(
                    file: keystore,
                    alias: keystoreAlias,
                    password: .named(keystorePasswordFile),
                    keyPassword: .named(keyPassphraseFile)
                )
            )
        }
        guard let certificate, let key else { return nil }
        return .files(
            IdentityFiles(
                chainFile: certificate,
                keyFile: key,
                passphraseFile: keyPassphraseFile
            )
        )
    }

    /// Where the authorities of client certificates are, if in a keystore.
    var truststoreSource: TruststoreSource? {
        truststore.map { TruststoreSource(file: $0, password: .named(truststorePasswordFile)) }
    }
}

extension ListenerIdentity {
    /// Where the certificate and its key are.
    var identitySource: IdentitySource? {
        var listener = ListenerSettings()
        listener.certificate = certificate
        listener.key = key
        listener.keyPassphraseFile = keyPassphraseFile
        listener.keystore = keystore
        listener.keystoreAlias = keystoreAlias
        listener.keystorePasswordFile = keystorePasswordFile
        return listener.identitySource
    }
}

extension PasswordSource {
    /// The first line of a file, if one is named.
    fileprivate static func named(_ file: String?) -> PasswordSource {
        file.map { .file($0) } ?? .absent
    }
}
