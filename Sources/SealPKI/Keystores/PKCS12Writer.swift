// SPDX-License-Identifier: Apache-2.0
// Writing PKCS #12 as Java and OpenSSL both read it: keys one by one under the password, the
// certificates together, and the mark without which Java does not see a trusted one.

internal import SealBytes

extension PKCS12 {
    static func written(
        _ store: Keystore,
        _ password: KeystorePassword,
        _ strength: PKCS12Strength,
        _ limits: KeystoreLimits
    ) throws(PKIError) -> [UInt8] {
        var keyBags: [UInt8] = []
        var certificateBags: [UInt8] = []
        var links: Set<[UInt8]> = []
        var written: Set<Fingerprint> = []
        var further: [Certificate] = []
        for entry in store.entries {
            switch entry.content {
            case .key(let key, let chain):
                let link = try link(entry, &links)
                let about = attributes(name: entry.alias, link: link)
                let sealed = try sealed(key, entry.alias, password, strength, limits)
                keyBags += bag(ObjectNumbers.shroudedKeyBag, sealed.der, about)
                guard let leaf = chain.first else { continue }
                certificateBags += certificateBag(leaf, about)
                written.insert(leaf.fingerprint)
                further += chain.dropFirst()
            case .trusted(let certificate):
                certificateBags += certificateBag(
                    certificate,
                    attributes(name: entry.alias, isTrusted: true)
                )
                written.insert(certificate.fingerprint)
            }
        }
        for one in further + store.otherCertificates where written.insert(one.fingerprint).inserted
        {
            certificateBags += certificateBag(one, [])
        }
        var parts: [UInt8] = []
        if !keyBags.isEmpty {
            parts += plainPart(DERWriter.value(BERTag.sequence, keyBags))
        }
        if !certificateBags.isEmpty || keyBags.isEmpty {
            let bags = DERWriter.value(BERTag.sequence, certificateBags)
            parts += try encryptedPart(bags, password, strength)
        }
        let content = DERWriter.value(BERTag.sequence, parts)
        let bytes = DERWriter.sequence(
            DERWriter.integer(3),
            plainPart(content),
            try PKCS12Digest.encoded(content, password, strength)
        )
        guard bytes.count <= limits.bytesMax else {
            throw PKIError(
                .keystoreLimit,
                "the keystore would have \(bytes.count) bytes; \(limits.bytesMax) are allowed"
            )
        }
        return bytes
    }

    /// Every key is sealed anew: one that is still under another password would never open again.
    private static func sealed(
        _ key: KeystoreKey,
        _ alias: String,
        _ password: KeystorePassword,
        _ strength: PKCS12Strength,
        _ limits: KeystoreLimits
    ) throws(PKIError) -> SealedKey {
        do throws(PKIError) {
            let open = try key.opened([password.bytes], limits: limits)
            return try SealedKey.pkcs12(open, password, strength)
        } catch {
            guard error.code == .passphraseWrong else { throw error }
            throw PKIError(
                .passphraseWrong,
                "the key \"\(alias)\" is under another password than the store's, which PKCS #12 "
                    + "cannot have"
            )
        }
    }

    /// What links a key to its certificate: Java's form, which tells when the entry was made.
    private static func link(
        _ entry: KeystoreEntry,
        _ taken: inout Set<[UInt8]>
    ) throws(PKIError) -> [UInt8] {
        guard let created = entry.created, created >= 0, created < .max - 1_000_000 else {
            let link = try Cryptography.randomBytes(20)
            taken.insert(link)
            return link
        }
        var time = created
        while !taken.insert(Array("Time \(time)".utf8)).inserted { time += 1 }
        return Array("Time \(time)".utf8)
    }

    // MARK: Pieces

    private static func attributes(
        name: String,
        link: [UInt8]? = nil,
        isTrusted: Bool = false
    ) -> [UInt8] {
        let wide = name.utf16.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        func attribute(_ number: ObjectNumber, _ value: [UInt8]) -> [UInt8] {
            DERWriter.sequence(number.der, DERWriter.set(value))
        }
        var all = attribute(ObjectNumbers.friendlyName, DERWriter.value(BERTag.wideText, wide))
        if let link { all += attribute(ObjectNumbers.localKeyID, DERWriter.octets(link)) }
        if isTrusted { all += attribute(ObjectNumbers.trustedUsage, ObjectNumbers.anyUsage.der) }
        return DERWriter.value(BERTag.set, all)
    }

    private static func bag(
        _ kind: ObjectNumber,
        _ content: [UInt8],
        _ attributes: [UInt8]
    ) -> [UInt8] {
        DERWriter.sequence(kind.der, DERWriter.explicit(content), attributes)
    }

    private static func certificateBag(
        _ certificate: Certificate,
        _ attributes: [UInt8]
    ) -> [UInt8] {
        let inner = DERWriter.sequence(
            ObjectNumbers.x509Certificate.der,
            DERWriter.explicit(DERWriter.octets(certificate.der))
        )
        return bag(ObjectNumbers.certificateBag, inner, attributes)
    }

    private static func plainPart(_ bytes: [UInt8]) -> [UInt8] {
        DERWriter.sequence(
            ObjectNumbers.plainContent.der,
            DERWriter.explicit(DERWriter.octets(bytes))
        )
    }

    private static func encryptedPart(
        _ bytes: [UInt8],
        _ password: KeystorePassword,
        _ strength: PKCS12Strength
    ) throws(PKIError) -> [UInt8] {
        let (scheme, algorithm) = try PasswordScheme.make(strength)
        let sealed = try scheme.encrypt(bytes, password)
        let body = DERWriter.sequence(
            ObjectNumbers.plainContent.der,
            algorithm,
            DERWriter.value(BERTag.zero, sealed)
        )
        return DERWriter.sequence(
            ObjectNumbers.encryptedContent.der,
            DERWriter.explicit(DERWriter.sequence(DERWriter.integer(0), body))
        )
    }
}
