// SPDX-License-Identifier: Apache-2.0
// The bags of a PKCS #12 file (RFC 7292 §4.2), read one after another as they lie there. What
// belongs together is found in PKCS12Assembly.

internal import SealBytes

/// The keys and certificates of a PKCS #12 file.
struct PKCS12Bags {
    /// What stands beside a key or certificate.
    struct Attributes {
        var name: String?
        var link: [UInt8]?
        var isTrusted = false
    }

    private(set) var keys: [(key: KeystoreKey, attributes: Attributes)] = []
    private(set) var certificates: [(certificate: Certificate, attributes: Attributes)] = []

    private let limits: KeystoreLimits
    private let password: KeystorePassword?
    private let isVerified: Bool

    init(_ limits: KeystoreLimits, _ password: KeystorePassword?, isVerified: Bool) {
        self.limits = limits
        self.password = password
        self.isVerified = isVerified
    }

    /// Reads the sequence of contents, decrypting what is encrypted.
    mutating func read(
        _ content: [UInt8],
        _ budget: inout IterationBudget
    ) throws {
        var whole = BERReader(content[...], depthMax: limits.depthMax)
        var parts = try whole.sequence("the content")
        while !parts.isAtEnd {
            var part = try parts.sequence("a part")
            let bags = try plain(&part, &budget)
            var inner = BERReader(bags[...], depthMax: limits.depthMax)
            var list = try inner.sequence("a list of bags")
            try readBags(&list, depth: limits.depthMax)
        }
    }

    /// The bags of a part, decrypted if they must be.
    private func plain(
        _ part: inout BERReader,
        _ budget: inout IterationBudget
    ) throws -> [UInt8] {
        let kind = ObjectNumber(try part.read(BERTag.number, "the kind of a part"))
        var inner = part.inside(try part.read(BERTag.zeroConstructed, "a part"))
        switch kind {
        case ObjectNumbers.plainContent: return try inner.octets("a part")
        case ObjectNumbers.encryptedContent: break
        case ObjectNumbers.envelopedContent:
            throw PKCS12.unread("a public key, not a password,", kind)
        default: throw PKCS12.unread("something unknown", kind)
        }
        var encrypted = try inner.sequence("an encrypted part")
        _ = try encrypted.integer("the version of an encrypted part")
        var body = try encrypted.sequence("an encrypted part")
        _ = try body.read(BERTag.number, "the kind of an encrypted part")
        let scheme = try PasswordScheme(try body.readWhole())
        let bytes = try body.implicitOctets("the encrypted bytes")
        guard let password else {
            throw PKIError(
                .passphraseMissing,
                "the keystore is encrypted; its password is needed even to list it"
            )
        }
        let found = try scheme.decrypt(bytes, password, &budget) { plain in
            var reader = BERReader(plain)
            return (try? reader.read(BERTag.sequence, "")) != nil && reader.isAtEnd
        }
        if let found { return found }
        // The digest fitted the password, so it is the bytes that are wrong.
        if isVerified { throw BERError("an encrypted part cannot be decrypted") }
        throw PKCS12.wrongPassword
    }

    private mutating func readBags(_ list: inout BERReader, depth: Int) throws {
        while !list.isAtEnd {
            guard keys.count + certificates.count < 2 * limits.entriesMax else {
                throw PKIError(
                    .keystoreLimit,
                    "the keystore has more than \(2 * limits.entriesMax) keys and certificates"
                )
            }
            var bag = try list.sequence("a bag")
            let kind = ObjectNumber(try bag.read(BERTag.number, "the kind of a bag"))
            let content = try bag.read(BERTag.zeroConstructed, "a bag")
            let attributes = try attributes(&bag)
            try take(kind, content, attributes, depth)
        }
    }

    private mutating func take(
        _ kind: ObjectNumber,
        _ content: ArraySlice<UInt8>,
        _ attributes: Attributes,
        _ depth: Int
    ) throws {
        switch kind {
        case ObjectNumbers.keyBag:
            guard let key = try? PrivateKey(pkcs8: Array(content)) else {
                throw BERError("a private key cannot be read")
            }
            keys.append((.open(key), attributes))
        case ObjectNumbers.shroudedKeyBag:
            keys.append((.sealed(SealedKey(der: Array(content))), attributes))
        case ObjectNumbers.certificateBag:
            certificates.append((try certificate(content), attributes))
        case ObjectNumbers.innerBag:
            guard depth > 0 else { throw BERError("bags lie too deep in one another") }
            var inner = BERReader(content, depthMax: limits.depthMax)
            var list = try inner.sequence("a list of bags")
            try readBags(&list, depth: depth - 1)
        case ObjectNumbers.secretBag: throw refusal(attributes, "a secret key")
        case ObjectNumbers.listBag: throw refusal(attributes, "a revocation list")
        default: throw refusal(attributes, "something unknown (\(kind))")
        }
    }

    private func refusal(_ attributes: Attributes, _ what: String) -> PKIError {
        let name = attributes.name.map { "the entry \"\($0)\"" } ?? "an entry"
        return PKIError(
            .keystoreEntry,
            "\(name) is \(what), and only private keys and certificates are taken"
        )
    }

    private func certificate(_ content: ArraySlice<UInt8>) throws -> Certificate {
        var reader = BERReader(content, depthMax: limits.depthMax)
        var bag = try reader.sequence("a certificate")
        let kind = ObjectNumber(try bag.read(BERTag.number, "the kind of a certificate"))
        guard kind == ObjectNumbers.x509Certificate else {
            throw PKIError(.keystoreEntry, "there is a certificate that is not X.509 (\(kind))")
        }
        var inner = bag.inside(try bag.read(BERTag.zeroConstructed, "a certificate"))
        guard let made = try? Certificate(der: try inner.octets("a certificate")) else {
            throw BERError("a certificate cannot be read")
        }
        return made
    }

    private func attributes(_ bag: inout BERReader) throws -> Attributes {
        var found = Attributes()
        guard !bag.isAtEnd else { return found }
        var all = bag.inside(try bag.read(BERTag.set, "the attributes of a bag"))
        while !all.isAtEnd {
            var one = try all.sequence("an attribute")
            let kind = ObjectNumber(try one.read(BERTag.number, "the kind of an attribute"))
            var values = one.inside(try one.read(BERTag.set, "the values of an attribute"))
            switch kind {
            case ObjectNumbers.friendlyName where !values.isAtEnd:
                found.name = try name(values.read())
            case ObjectNumbers.localKeyID where !values.isAtEnd:
                found.link = try values.octets("the link of a key to its certificate")
            case ObjectNumbers.trustedUsage: found.isTrusted = true
            default: break
            }
        }
        return found
    }

    /// A name in UTF-16, or in UTF-8 where a program wrote it so.
    private func name(_ value: BERValue) throws -> String? {
        let bytes = Array(value.content)
        guard bytes.count <= 2 * limits.aliasBytesMax else {
            throw PKIError(
                .keystoreLimit,
                "the keystore has an alias of \(bytes.count) bytes; "
                    + "\(limits.aliasBytesMax) are allowed"
            )
        }
        if value.tag == BERTag.text { return String(validating: bytes, as: UTF8.self) }
        guard value.tag == BERTag.wideText, bytes.count % 2 == 0 else { return nil }
        let units = stride(from: 0, to: bytes.count, by: 2).map {
            UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
        }
        let text = String(decoding: units, as: UTF16.self)
        return text.utf8.count <= limits.aliasBytesMax ? text : nil
    }
}
