// SPDX-License-Identifier: Apache-2.0
// JKS files: Java's own keystores, versions 1 and 2 read, version 2 written. All numbers are
// big-endian. The protection of the keys in them is in SealedKey.

internal import SealBytes

/// Reading and writing JKS.
enum JKS {
    static let magic: [UInt8] = [0xFE, 0xED, 0xFE, 0xED]
    private static let trailerBytes = 20
    private static let certificateKind = "X.509"

    // MARK: Reading

    static func read(
        _ bytes: [UInt8],
        _ password: KeystorePassword?,
        _ limits: KeystoreLimits
    ) throws(PKIError) -> Keystore {
        guard bytes.count >= 12 + trailerBytes else { throw damaged("it is cut off") }
        let body = Array(bytes.dropLast(trailerBytes))
        // The structure first: a file that is cut off is not blamed on the password.
        let entries = try entries(body, limits)
        if let password {
            let digest = try digest(body, password)
            guard Cryptography.equals(digest, Array(bytes.suffix(trailerBytes))) else {
                throw PKIError(
                    .keystorePassword,
                    "the keystore does not open: the password is wrong, or the file was changed "
                        + "after it was written"
                )
            }
        }
        return Keystore(entries: entries, other: [], isVerified: password != nil)
    }

    private static func entries(
        _ body: [UInt8],
        _ limits: KeystoreLimits
    ) throws(PKIError) -> [KeystoreEntry] {
        do throws(JKSFault) {
            var cursor = JKSCursor(body, limits)
            return try cursor.readAll()
        } catch {
            switch error {
            case .damage(let what): throw damaged(what)
            case .refusal(let refusal): throw refusal
            }
        }
    }

    private static func damaged(_ what: String) -> PKIError {
        PKIError(.keystoreBroken, "the JKS keystore is damaged: \(what)")
    }

    /// The digest at the end: over the password, a phrase of the format, and all before it.
    private static func digest(
        _ body: [UInt8],
        _ password: KeystorePassword
    ) throws(PKIError) -> [UInt8] {
        try StoreDigest.sha1.of(password.wide + Array("Mighty Aphrodite".utf8) + body)
    }

    // MARK: Writing

    static func written(
        _ store: Keystore,
        _ password: KeystorePassword,
        keyPassword: KeystorePassword,
        _ limits: KeystoreLimits
    ) throws(PKIError) -> [UInt8] {
        var writer = ByteWriter(capacity: 4096)
        writer.put(magic)
        writer.put(UInt32(2))
        writer.put(UInt32(clamping: store.entries.count))
        var names: Set<Name> = []
        for entry in store.entries {
            let alias = entry.alias.lowercased()
            guard names.insert(Name(alias)).inserted else {
                throw PKIError(.keystoreEntry, "two entries are called \"\(alias)\"")
            }
            writer.put(UInt32(entry.isKey ? 1 : 2))
            try put(ModifiedUTF8.encode(alias), &writer)
            writer.put(UInt64(clamping: entry.created ?? 0))
            switch entry.content {
            case .key(let key, let chain):
                let sealed = try sealed(key, keyPassword, alias)
                writer.put(UInt32(clamping: sealed.der.count))
                writer.put(sealed.der)
                writer.put(UInt32(clamping: chain.count))
                for one in chain { try put(one, &writer) }
            case .trusted(let certificate): try put(certificate, &writer)
            }
        }
        let body = writer.copied()
        let bytes = body + (try digest(body, password))
        guard bytes.count <= limits.bytesMax else {
            throw PKIError(
                .keystoreLimit,
                "the keystore would have \(bytes.count) bytes; \(limits.bytesMax) are allowed"
            )
        }
        return bytes
    }

    private static func sealed(
        _ key: KeystoreKey,
        _ password: KeystorePassword,
        _ alias: String
    ) throws(PKIError) -> SealedKey {
        switch key {
        case .open(let key): return try SealedKey.jks(key, password)
        case .sealed(let sealed):
            guard sealed.isForJKS else {
                throw PKIError(
                    .keystoreEntry,
                    "the key \"\(alias)\" must be opened before it can be written as JKS"
                )
            }
            return sealed
        }
    }

    private static func put(
        _ certificate: Certificate,
        _ writer: inout ByteWriter
    ) throws(PKIError) {
        try put(Array(certificateKind.utf8), &writer)
        let der = certificate.der
        writer.put(UInt32(clamping: der.count))
        writer.put(der)
    }

    /// A text with its length in front.
    private static func put(_ text: [UInt8], _ writer: inout ByteWriter) throws(PKIError) {
        guard let count = UInt16(exactly: text.count) else {
            throw PKIError(.keystoreEntry, "an alias is too long for JKS")
        }
        writer.put(count)
        writer.put(text)
    }
}
