// SPDX-License-Identifier: Apache-2.0
// Walking through the entries of a JKS file. Every length is checked against what is left.

internal import SealBytes

/// Why the entries of a JKS file cannot be read.
enum JKSFault: Error {
    /// The bytes do not follow the format.
    case damage(String)
    /// They do, and hold what is not taken.
    case refusal(PKIError)
}

/// A place in a JKS file.
struct JKSCursor {
    private let bytes: [UInt8]
    private var position = 0
    private let limits: KeystoreLimits

    /// Starts at the first byte; the digest at the end is not among the bytes.
    init(_ body: [UInt8], _ limits: KeystoreLimits) {
        bytes = body
        self.limits = limits
    }

    /// All entries.
    mutating func readAll() throws(JKSFault) -> [KeystoreEntry] {
        _ = try take(4)
        let version = try number()
        guard version == 1 || version == 2 else {
            throw .refusal(
                PKIError(.keystoreFormat, "JKS of version \(version) is not known, only 1 and 2")
            )
        }
        let count = try number()
        guard count <= limits.entriesMax else {
            throw limit("\(count) entries; \(limits.entriesMax) are allowed")
        }
        var entries: [KeystoreEntry] = []
        var names: Set<Name> = []
        for _ in 0..<count {
            let entry = try entry(isTyped: version == 2)
            guard names.insert(Name(entry.alias.lowercased())).inserted else {
                throw .damage("the entry \"\(entry.alias)\" is there twice")
            }
            entries.append(entry)
        }
        guard position == bytes.count else {
            throw .damage("\(bytes.count - position) bytes follow the last entry")
        }
        return entries
    }

    private mutating func entry(isTyped: Bool) throws(JKSFault) -> KeystoreEntry {
        let tag = try number()
        guard tag == 1 || tag == 2 || tag == 3 else {
            throw .damage("an entry is of the unknown kind \(tag)")
        }
        let name = try text("an alias")
        guard name.utf8.count <= limits.aliasBytesMax else {
            throw limit("an alias of \(name.utf8.count) bytes; \(limits.aliasBytesMax) are allowed")
        }
        let time = Array(try take(8)).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let created = Int64(exactly: time)
        switch tag {
        case 1:
            let sealed = SealedKey(der: Array(try take(try number())))
            let count = try number()
            guard count <= limits.chainMax else {
                throw limit("a chain of \(count) certificates; \(limits.chainMax) are allowed")
            }
            var chain: [Certificate] = []
            for _ in 0..<count { chain.append(try certificate(name, isTyped)) }
            let content = KeystoreEntry.Content.key(.sealed(sealed), chain: chain)
            return KeystoreEntry(alias: name, created: created, content: content)
        case 2:
            let content = KeystoreEntry.Content.trusted(try certificate(name, isTyped))
            return KeystoreEntry(alias: name, created: created, content: content)
        default:
            throw .refusal(
                PKIError(
                    .keystoreEntry,
                    "the entry \"\(name)\" is a secret key, and only private keys and certificates "
                        + "are taken"
                )
            )
        }
    }

    private mutating func certificate(
        _ alias: String,
        _ isTyped: Bool
    ) throws(JKSFault) -> Certificate {
        if isTyped {
            let kind = try text("the kind of a certificate")
            guard kind == "X.509" || kind == "X509" else {
                throw .refusal(
                    PKIError(
                        .keystoreEntry,
                        "the entry \"\(alias)\" holds a certificate of the kind \"\(kind)\"; only "
                            + "X.509 is taken"
                    )
                )
            }
        }
        let der = Array(try take(try number()))
        do throws(PKIError) {
            return try Certificate(der: der)
        } catch {
            throw .damage("a certificate of the entry \"\(alias)\" cannot be read")
        }
    }

    private func limit(_ what: String) -> JKSFault {
        .refusal(PKIError(.keystoreLimit, "the keystore has \(what)"))
    }

    private mutating func number() throws(JKSFault) -> Int {
        Array(try take(4)).reduce(0) { $0 << 8 | Int($1) }
    }

    private mutating func text(_ what: String) throws(JKSFault) -> String {
        let count = Array(try take(2)).reduce(0) { $0 << 8 | Int($1) }
        guard let text = ModifiedUTF8.decode(Array(try take(count))) else {
            throw .damage("\(what) is not text")
        }
        return text
    }

    private mutating func take(_ count: Int) throws(JKSFault) -> ArraySlice<UInt8> {
        guard count <= bytes.count - position else {
            throw .damage("\(count) bytes are wanted where \(bytes.count - position) are left")
        }
        defer { position += count }
        return bytes[position..<position + count]
    }
}
