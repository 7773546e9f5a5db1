// SPDX-License-Identifier: Apache-2.0
// Whether TLS is spoken, and what is trusted. A certificate without trust is refused: it would go
// out in clear text with mosquitto's tools.

import SealClient

extension MessagingOptions {
    /// Whether TLS is spoken.
    var usesTLS: Bool {
        if refusesTLS { return false }
        return hasTrust || isURLEncrypted || port == 8883
    }

    /// Whether anything is said about whom to trust.
    var hasTrust: Bool {
        caFile != nil || caFolder != nil || truststore != nil || usesSystemRoots || !checksChain
    }

    /// Whether the client shows a certificate of its own.
    var hasIdentity: Bool { certificate != nil || keystore != nil }

    /// Where the client's certificate and key are.
    fileprivate func identity() throws -> IdentitySource? {
        let keyPassword = try self.keyPassword.source()
        if let keystore {
            return .keystore(
                KeystoreSource(
                    file: keystore,
                    alias: keystoreAlias,
                    password: .bytes(try keystorePassword.read()),
                    keyPassword: keyPassword
                )
            )
        }
        guard let certificate, let key else { return nil }
        var files = TLSIdentityFiles(chainFile: certificate, keyFile: key)
        if case .bytes(let bytes) = keyPassword { files.passphrase = bytes }
        return .files(files)
    }
}

extension Secret {
    /// The password, if the command line says where it is.
    fileprivate func source() throws -> PasswordSource {
        try given().map { .bytes($0) } ?? .absent
    }
}

/// What the TLS flags come to.
struct TLSChoice {
    /// Nil without TLS.
    let settings: TLSClientSettings?

    init(_ options: MessagingOptions) throws(UsageError) {
        try Self.check(options)
        guard options.usesTLS else {
            if !options.checksName, !options.isQuiet {
                Terminal.note("sealwire: warning: --insecure does nothing without TLS")
            }
            settings = nil
            return
        }
        var settings = TLSClientSettings()
        if let file = options.caFile { settings.trustFiles = [file] }
        if let folder = options.caFolder { settings.trustFolders = [folder] }
        settings.usesSystemRoots = options.usesSystemRoots || !options.hasTrust
        do {
            if let file = options.truststore {
                let password = try options.truststorePassword.source()
                settings.truststores = [TruststoreSource(file: file, password: password)]
            }
            settings.identity = try options.identity()
        } catch {
            throw (error as? UsageError) ?? UsageError(message: "\(error)")
        }
        settings.checksName = options.checksName
        settings.checksChain = options.checksChain
        settings.ciphers = options.ciphers
        if options.tlsVersion == "tlsv1.3" { settings.minimumVersion = .tls13 }
        if !options.checksChain, !options.isQuiet {
            Terminal.note(
                "sealwire: warning: --no-verify: the server is not checked, anybody can be it"
            )
        }
        self.settings = settings
    }

    /// What may not be said together.
    private static func check(_ options: MessagingOptions) throws(UsageError) {
        guard (options.certificate == nil) == (options.key == nil) else {
            throw UsageError(
                message: options.key == nil
                    ? "--cert needs --key, the private key of the certificate"
                    : "--key needs --cert, the certificate of the key"
            )
        }
        if options.certificate != nil, options.keystore != nil {
            throw UsageError(message: "--cert and --keystore cannot be used together")
        }
        if options.keystoreAlias != nil || options.keystorePassword.isGiven,
            options.keystore == nil
        {
            throw UsageError(message: "the alias or password of a keystore needs --keystore")
        }
        if options.truststorePassword.isGiven, options.truststore == nil {
            throw UsageError(message: "the password of a truststore needs --truststore")
        }
        if options.hasIdentity {
            let flag = options.keystore == nil ? "--cert" : "--keystore"
            if options.refusesTLS {
                throw UsageError(message: "\(flag) cannot be used with --no-tls")
            }
            if !options.hasTrust {
                throw UsageError(
                    message: "\(flag) is given, but not whom to trust: --cafile is missing",
                    hint: "add --cafile FILE, --capath FOLDER, --truststore FILE or "
                        + "--tls-use-os-certs"
                )
            }
        }
    }
}
