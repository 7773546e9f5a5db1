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
        caFile != nil || caFolder != nil || usesSystemRoots || !checksChain
    }
}

/// What the TLS flags come to.
struct TLSChoice {
    /// Nil without TLS.
    let settings: TLSClientSettings?

    init(_ options: MessagingOptions) throws(UsageError) {
        guard (options.certificate == nil) == (options.key == nil) else {
            throw UsageError(
                message: options.key == nil
                    ? "--cert needs --key, the private key of the certificate"
                    : "--key needs --cert, the certificate of the key"
            )
        }
        if options.certificate != nil {
            if options.refusesTLS {
                throw UsageError(message: "--cert cannot be used with --no-tls")
            }
            if !options.hasTrust {
                throw UsageError(
                    message: "--cert is given, but not whom to trust: --cafile is missing",
                    hint: "add --cafile FILE, --capath FOLDER or --tls-use-os-certs"
                )
            }
        }
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
        if let certificate = options.certificate, let key = options.key {
            settings.identity = TLSIdentityFiles(chainFile: certificate, keyFile: key)
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
}
