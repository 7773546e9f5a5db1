// SPDX-License-Identifier: Apache-2.0
// A keystore as a value, whatever file it came from or goes to. Reading and writing the two kinds
// of file is in JKS and PKCS12.

internal import SealBytes

/// The kinds of keystore.
public enum KeystoreFormat: String, Sendable, CaseIterable {
    /// PKCS #12 (RFC 7292), what Java makes since version 9.
    case pkcs12
    /// Java's own, older kind.
    case jks

    /// As people write it.
    public var title: String { self == .pkcs12 ? "PKCS #12" : "JKS" }
}

/// Private keys with their chains, and trusted certificates, under names.
public struct Keystore: Sendable {
    /// The entries, in the order of the file.
    public private(set) var entries: [KeystoreEntry] = []
    private var places: [Name: Int] = [:]
    /// Certificates of a PKCS #12 file that belong to no entry.
    public var otherCertificates: [Certificate] = []
    /// The kind of file it was read from.
    public private(set) var format: KeystoreFormat?
    /// Whether the password was given and the file's digest fits it.
    public private(set) var isVerified = false

    /// Makes an empty keystore.
    public init() {}

    /// Which kind of keystore the bytes are, whatever the file is called.
    public static func format(of bytes: [UInt8]) throws(PKIError) -> KeystoreFormat {
        if bytes.starts(with: JKS.magic) { return .jks }
        if bytes.starts(with: [0xCE, 0xCE, 0xCE, 0xCE]) {
            throw PKIError(
                .keystoreFormat,
                "this is a JCEKS keystore, which is not read",
                hint:
                    "keytool -importkeystore -srcstoretype JCEKS -deststoretype PKCS12 converts it"
            )
        }
        if PKCS12.begins(bytes) { return .pkcs12 }
        if bytes.isEmpty { throw PKIError(.keystoreFormat, "the file is empty, so no keystore") }
        if contains(Array(bytes.prefix(65_536)), "-----BEGIN ") {
            throw PKIError(.keystoreFormat, "this is a PEM file, not a JKS or PKCS #12 keystore")
        }
        if (try? Certificate(der: bytes)) != nil {
            throw PKIError(.keystoreFormat, "this is one certificate in DER, not a keystore")
        }
        throw PKIError(.keystoreFormat, "this is neither a JKS nor a PKCS #12 keystore")
    }

    /// Reads a keystore of either kind.
    ///
    /// Without a password nothing is checked, and only what is not encrypted can be read: all but
    /// the keys of JKS, seldom anything of PKCS #12.
    public init(
        reading bytes: [UInt8],
        password: [UInt8]?,
        limits: KeystoreLimits = .standard
    ) throws(PKIError) {
        guard bytes.count <= limits.bytesMax else {
            throw PKIError(
                .keystoreLimit,
                "the keystore has \(bytes.count) bytes; \(limits.bytesMax) are allowed"
            )
        }
        var known: KeystorePassword?
        if let password { known = try KeystorePassword(password) }
        let format = try Self.format(of: bytes)
        switch format {
        case .jks: self = try JKS.read(bytes, known, limits)
        case .pkcs12: self = try PKCS12.read(bytes, known, limits)
        }
        self.format = format
    }

    /// The whole file, in one of the formats.
    ///
    /// Keys that are open are put under `keyPassword`, or the store's. PKCS #12 knows one password
    /// only; JKS keeps a key that is still under its own password as it is.
    public func written(
        as format: KeystoreFormat,
        password: [UInt8],
        keyPassword: [UInt8]? = nil,
        strength: PKCS12Strength = .modern,
        limits: KeystoreLimits = .standard
    ) throws(PKIError) -> [UInt8] {
        let store = try KeystorePassword(password)
        switch format {
        case .jks:
            let key = try KeystorePassword(keyPassword ?? password)
            return try JKS.written(self, store, keyPassword: key, limits)
        case .pkcs12:
            if let keyPassword, keyPassword != password {
                throw PKIError(
                    .keystoreEntry,
                    "PKCS #12 has one password for the store and its keys",
                    hint: "give the same password twice, or write JKS"
                )
            }
            return try PKCS12.written(self, store, strength, limits)
        }
    }

    // MARK: Entries

    /// The entry of that name; upper and lower case are the same, as in Java.
    public func entry(_ alias: String) -> KeystoreEntry? {
        index(alias).map { entries[$0] }
    }

    /// The entries with private keys.
    public var keys: [KeystoreEntry] { entries.filter(\.isKey) }

    /// The certificates that are trusted.
    public var trusted: [Certificate] {
        entries.flatMap { $0.isKey ? [] : $0.certificates }
    }

    private func index(_ alias: String) -> Int? { places[Name(alias.lowercased())] }

    /// Where each name is, for stores with thousands of them.
    private static func places(_ entries: [KeystoreEntry]) -> [Name: Int] {
        var places: [Name: Int] = [:]
        for (index, entry) in entries.enumerated() {
            places[Name(entry.alias.lowercased())] = index
        }
        return places
    }

    /// The same keystore with one of its entries only.
    public func reduced(to alias: String) throws(PKIError) -> Keystore {
        var one = self
        one.entries = [entries[try place(alias)]]
        one.places = Self.places(one.entries)
        one.otherCertificates = []
        return one
    }

    /// Adds an entry; a name that is taken is refused.
    public mutating func add(
        _ entry: KeystoreEntry,
        limits: KeystoreLimits = .standard
    ) throws(PKIError) {
        try Self.check(entry, limits)
        guard entries.count < limits.entriesMax else {
            throw PKIError(
                .keystoreLimit,
                "the keystore would have more than \(limits.entriesMax) entries"
            )
        }
        guard index(entry.alias) == nil else {
            throw PKIError(.keystoreEntry, "there is an entry \"\(entry.alias)\" already")
        }
        places[Name(entry.alias.lowercased())] = entries.count
        entries.append(entry)
    }

    /// Puts another entry in the place of the one of that name.
    public mutating func replace(
        _ alias: String,
        with entry: KeystoreEntry,
        limits: KeystoreLimits = .standard
    ) throws(PKIError) {
        try Self.check(entry, limits)
        let place = try self.place(alias)
        if let other = index(entry.alias), other != place {
            throw PKIError(.keystoreEntry, "there is an entry \"\(entry.alias)\" already")
        }
        places[Name(entries[place].alias.lowercased())] = nil
        places[Name(entry.alias.lowercased())] = place
        entries[place] = entry
    }

    /// Takes an entry out.
    public mutating func remove(_ alias: String) throws(PKIError) {
        entries.remove(at: try place(alias))
        places = Self.places(entries)
    }

    /// Gives an entry another name.
    public mutating func rename(_ alias: String, to name: String) throws(PKIError) {
        var entry = entries[try place(alias)]
        entry.alias = name
        try replace(alias, with: entry)
    }

    private func place(_ alias: String) throws(PKIError) -> Int {
        if let place = index(alias) { return place }
        throw PKIError(
            .keystoreEntry,
            "there is no entry \"\(alias)\"",
            hint: entries.isEmpty
                ? "the keystore is empty"
                : "it has " + entries.prefix(8).map { "\"\($0.alias)\"" }.joined(separator: ", ")
                    + (entries.count > 8 ? " and \(entries.count - 8) more" : "")
        )
    }

    private static func check(
        _ entry: KeystoreEntry,
        _ limits: KeystoreLimits
    ) throws(PKIError) {
        let bytes = entry.alias.utf8
        guard !bytes.isEmpty, bytes.count <= limits.aliasBytesMax else {
            throw PKIError(
                .keystoreEntry,
                "an alias has 1 to \(limits.aliasBytesMax) bytes, not \(bytes.count)"
            )
        }
        guard entry.certificates.count <= limits.chainMax else {
            throw PKIError(
                .keystoreLimit,
                "a chain has at most \(limits.chainMax) certificates, "
                    + "not \(entry.certificates.count)"
            )
        }
    }

    // MARK: For the readers

    /// Takes what a reader found; the entries were checked there.
    init(entries: [KeystoreEntry], other: [Certificate], isVerified: Bool) {
        self.entries = entries
        places = Self.places(entries)
        otherCertificates = other
        self.isVerified = isVerified
    }
}
