// SPDX-License-Identifier: Apache-2.0
// What `keygen` does: all is made before anything is written, and nothing that is there is
// overwritten unasked.

import SealPKI

/// One run of `keygen`.
struct KeygenRun {
    private let options: KeygenOptions
    private let order: CertificateOrder

    init(
        _ options: KeygenOptions,
        commonName: String,
        purpose: CertificatePurpose
    ) throws {
        if options.format == .pkcs12, options.key.isGiven {
            throw UsageError(
                message: "PKCS #12 has one password for the store and its key",
                hint: "leave the key's password out, or write JKS"
            )
        }
        self.options = options
        // The wider fields first, as openssl and keytool have them.
        let subject = try DistinguishedName(options.fields + [NameAttribute("CN", commonName)])
        order = CertificateOrder(
            subject: subject,
            names: options.names,
            purpose: purpose,
            days: options.days
        )
    }

    private func path(_ ending: String) -> String {
        "\(options.folder)/\(options.prefix).\(ending)"
    }

    private var storeEnding: String { options.format == .jks ? "jks" : "p12" }

    func make() throws -> Int32 {
        let endings = [storeEnding, "pub.pem", "cer", "nopass.pem"]
        for one in endings where !options.replaces && StoreFile.exists(path(one)) {
            throw PKIError(.file, "\(path(one)) is there already", hint: "--force overwrites it")
        }
        let password = try StoreFile.checkedNew(try options.store.readNew())
        let keyPassword = try options.key.given().map(StoreFile.checkedNew)
        let key = try PrivateKey.generate(options.kind)
        let identity = try CertificateAuthority.makeSelfSigned(order, key: key)
        let store = try keystore(identity)
        let bytes = try store.written(
            as: options.format,
            password: password,
            keyPassword: keyPassword
        )
        let certificate = identity.certificate
        try Files.write(bytes, to: path(storeEnding), mode: 0o600)
        try Files.write(key.pem() + certificate.pem, to: path("nopass.pem"), mode: 0o600)
        try Files.write(certificate.der, to: path("cer"))
        try Files.write(certificate.pem, to: path("pub.pem"))
        let end = DatabaseTime.iso(certificate.notAfter)
        Terminal.write(
            """
            \(path(storeEnding)): \(options.format.title) with the key "\(options.alias)"
            \(path("nopass.pem")): the key in clear, with its certificate
            \(path("cer")): the certificate, DER
            \(path("pub.pem")): the certificate, PEM
            SHA-256 \(certificate.fingerprint), valid until \(end)

            """
        )
        return ToolExit.done
    }

    private func keystore(_ identity: Identity) throws -> Keystore {
        var store = Keystore()
        try store.add(
            KeystoreEntry(
                alias: options.alias,
                created: StoreFile.now,
                content: .key(.open(identity.key), chain: [identity.certificate])
            )
        )
        for (index, one) in try StoreFile.certificates(options.trustPaths).enumerated() {
            let name = "servercertificate" + (index == 0 ? "" : "-\(index + 1)")
            try store.add(
                KeystoreEntry(alias: name, created: StoreFile.now, content: .trusted(one))
            )
        }
        return store
    }
}
