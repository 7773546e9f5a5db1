// SPDX-License-Identifier: Apache-2.0
// What settings may not say together, and what they may say but should be known. Not here: types
// and limits of single settings.

struct ConfigurationRules {
    let configuration: Configuration
    let file: String
    let headings: [TOMLPosition]
    let origins: [String: SettingOrigin]
    var faults: [ConfigurationError] = []
    var warnings: [ConfigurationError] = []

    init(
        configuration: Configuration,
        file: String,
        headings: [TOMLPosition],
        origins: [String: SettingOrigin]
    ) {
        self.configuration = configuration
        self.file = file
        self.headings = headings
        self.origins = origins
    }

    func judge() -> (faults: [ConfigurationError], warnings: [ConfigurationError]) {
        var copy = self
        copy.judgeAll()
        return (copy.faults, copy.warnings)
    }

    private mutating func judgeAll() {
        if configuration.listeners.isEmpty {
            faults.append(
                ConfigurationError(.noListener, file: file, message: "there is no [[listener]]")
            )
        }
        for (index, listener) in configuration.listeners.enumerated() {
            judgeName(listener, index)
            judgePlace(listener, index)
            if listener.isTLS {
                judgeCertificates(listener, index)
                judgeCiphers(listener, index)
            } else {
                judgePlain(listener, index)
            }
            judgeAccess(listener, index)
            judgeRegistry(listener, index)
        }
        judgePorts()
    }

    /// A fault at a key when it was written, else at the heading of the listener.
    func fault(
        _ code: ConfigurationCode,
        _ index: Int,
        _ key: String? = nil,
        _ message: String,
        hint: String = ""
    ) -> ConfigurationError {
        let name = configuration.listeners[index].name
        let whole = (name.isEmpty ? "a listener" : "listener \(name)") + " " + message
        if let key, let origin = origins["listener.\(index).\(key)"] {
            return ConfigurationError(
                code,
                file: origin.file,
                line: origin.line,
                column: origin.column,
                message: whole,
                hint: hint
            )
        }
        let place = index < headings.count ? headings[index] : TOMLPosition(line: 0, column: 0)
        return ConfigurationError(
            code,
            file: place.line > 0 ? file : "environment",
            line: place.line,
            column: place.column,
            message: whole,
            hint: hint
        )
    }

    func isSet(_ key: String, _ index: Int) -> Bool {
        origins["listener.\(index).\(key)"] != nil
    }

    private mutating func judgeName(_ listener: ListenerSettings, _ index: Int) {
        let name = listener.name
        guard !name.isEmpty else {
            faults.append(fault(.listenerName, index, "name", "has no name"))
            return
        }
        guard name.utf8.count <= 64, name.utf8.allSatisfy(TOMLReader.isBare) else {
            faults.append(fault(.listenerName, index, "name", "has a name that cannot be used"))
            return
        }
        if configuration.listeners[..<index].contains(where: { $0.name == name }) {
            faults.append(fault(.duplicateListener, index, "name", "exists twice"))
        }
    }

    private mutating func judgePlace(_ listener: ListenerSettings, _ index: Int) {
        let prefix = listener.mountPoint
        if prefix.contains(where: { $0 == "+" || $0 == "#" }) || prefix.utf8.count > 1024 {
            faults.append(
                fault(.badMountPoint, index, "mount-point", "has a mount-point that is no topic")
            )
        }
        if listener.sysTopics == .users, listener.sysUsers.isEmpty {
            warnings.append(
                fault(
                    .nobodyCanLogIn,
                    index,
                    "sys-topics",
                    "lets nobody read $SYS/#",
                    hint: "name the users in sys-users"
                )
            )
        }
    }

    private mutating func judgePlain(_ listener: ListenerSettings, _ index: Int) {
        let tlsKeys = [
            "certificate", "key", "key-passphrase-file", "keystore", "keystore-alias",
            "keystore-password-file", "tls-minimum", "ciphers", "ciphersuites", "alpn",
            "client-certificates", "trust-files", "trust-folders", "truststore",
            "truststore-password-file", "crl-files", "check-client-dates", "identity",
        ]
        for key in tlsKeys where isSet(key, index) {
            if key == "identity", listener.identity == .none { continue }
            if key == "client-certificates", listener.clientCertificates == .off { continue }
            faults.append(
                fault(.tlsSettingWithoutTLS, index, key, "has no TLS, so \(key) has no use")
            )
        }
        if let inner = listener.identities.indices.first {
            faults.append(
                fault(
                    .tlsSettingWithoutTLS,
                    index,
                    "identity.\(inner)",
                    "has no TLS, so an identity has no use"
                )
            )
        }
        guard !listener.addresses.allSatisfy(NetworkAddress.isLoopback) else { return }
        if listener.plaintext == .loopbackOnly {
            faults.append(
                fault(
                    .plaintextOnNetwork,
                    index,
                    "bind",
                    "has no TLS and is not bound to loopback addresses"
                )
            )
        } else {
            warnings.append(
                fault(
                    .plaintextOnNetwork,
                    index,
                    "plaintext",
                    "carries passwords and messages that everybody on the way can read",
                    hint: "use TLS, or bind to localhost"
                )
            )
        }
    }

    private mutating func judgeCertificates(_ listener: ListenerSettings, _ index: Int) {
        judgeSource(
            IdentityWords(
                certificate: listener.certificate,
                key: listener.key,
                keystore: listener.keystore,
                alias: listener.keystoreAlias,
                passwordFile: listener.keystorePasswordFile
            ),
            index,
            nil
        )
        for (inner, identity) in listener.identities.enumerated() {
            judgeSource(
                IdentityWords(
                    certificate: identity.certificate,
                    key: identity.key,
                    keystore: identity.keystore,
                    alias: identity.keystoreAlias,
                    passwordFile: identity.keystorePasswordFile
                ),
                index,
                inner
            )
        }
        if listener.truststore == nil, listener.truststorePasswordFile != nil {
            faults.append(
                fault(
                    .keystoreMissing,
                    index,
                    "truststore-password-file",
                    "has the password of a truststore, but no truststore"
                )
            )
        }
        let mode = listener.clientCertificates
        if mode == .verify || mode == .require, !listener.hasTrust, !listener.usesRegistry {
            faults.append(
                fault(
                    .trustMissing,
                    index,
                    "client-certificates",
                    "checks client certificates but trusts no authority"
                )
            )
        }
    }

    /// A certificate comes from two files or from a keystore, never from both.
    private mutating func judgeSource(_ words: IdentityWords, _ index: Int, _ inner: Int?) {
        func key(_ name: String) -> String { inner.map { "identity.\($0).\(name)" } ?? name }
        func add(_ code: ConfigurationCode, _ place: String?, _ message: String, hint: String = "")
        {
            faults.append(fault(code, index, place, message, hint: hint))
        }
        let whole = inner.map { "identity.\($0)" }
        if words.keystore != nil {
            for (name, value) in [("certificate", words.certificate), ("key", words.key)]
            where value != nil {
                add(
                    .twoIdentities,
                    key(name),
                    "has a keystore and a \(name) of its own",
                    hint: "name the keystore, or certificate and key"
                )
            }
            return
        }
        for (name, value) in [
            ("keystore-alias", words.alias), ("keystore-password-file", words.passwordFile),
        ] where value != nil {
            add(.keystoreMissing, key(name), "has \(name), but no keystore")
        }
        if words.certificate == nil {
            let message =
                inner == nil
                ? "has no certificate" + (words.key == nil ? " and no key" : "")
                : "has an identity without certificate"
            add(.certificateMissing, whole, message)
        } else if words.key == nil {
            let message = inner == nil ? "has no key" : "has an identity without key"
            add(.keyMissing, whole ?? "certificate", message)
        }
    }

    private mutating func judgeAccess(_ listener: ListenerSettings, _ index: Int) {
        guard !listener.usesRegistry else { return }
        if listener.identity != .none, listener.clientCertificates == .off, listener.isTLS {
            faults.append(
                fault(
                    .identityWithoutCertificates,
                    index,
                    "identity",
                    "takes the user from certificates but does not ask for them"
                )
            )
        }
        // Without authorities nothing stands behind the names in a certificate: only the
        // fingerprint says which key the peer has.
        if listener.clientCertificates == .ask, listener.identity != .none,
            listener.identity != .fingerprint, !listener.hasTrust
        {
            faults.append(
                fault(
                    .trustMissing,
                    index,
                    "identity",
                    "believes names in certificates that no authority vouches for",
                    hint: "add trust-files or a truststore, or set identity = \"fingerprint\""
                )
            )
        }
        let usesCertificate = listener.identity != .none
        if listener.clientIDRule != .off, !usesCertificate, listener.passwordFile == nil {
            faults.append(
                fault(
                    .clientIDRuleWithoutIdentity,
                    index,
                    "client-id-rule",
                    "ties client ids to user names but has no users"
                )
            )
        }
        if !listener.allowsAnonymous, listener.passwordFile == nil, !usesCertificate {
            warnings.append(
                fault(.nobodyCanLogIn, index, nil, "has no way to log in: all are refused")
            )
        }
    }

    private mutating func judgePorts() {
        var taken: [String: String] = [:]
        for (index, listener) in configuration.listeners.enumerated() where listener.port != 0 {
            for address in listener.addresses {
                let isIPv6 = address.contains(":")
                let wide = "\(isIPv6 ? "::" : "0.0.0.0") \(listener.port)"
                let own = "\(address) \(listener.port)"
                let family = taken.first { taken in
                    guard own == wide else { return taken.key == own || taken.key == wide }
                    return taken.key.hasSuffix(" \(listener.port)")
                        && taken.key.contains(":") == isIPv6
                }
                if let family, family.value != listener.name {
                    faults.append(
                        fault(
                            .sameAddress,
                            index,
                            "port",
                            "has the same address and port as listener \(family.value)"
                        )
                    )
                    break
                }
                taken[own] = listener.name
            }
        }
    }
}

/// What is said about where one certificate and its key are.
private struct IdentityWords {
    var certificate: String?
    var key: String?
    var keystore: String?
    var alias: String?
    var passwordFile: String?
}
