// SPDX-License-Identifier: Apache-2.0
// Every field of a revocation list (RFC 5280 §5.1), read from its DER by the house itself.
// Whether a list counts for a certificate is decided in Verification.

/// One entry of a revocation list.
public struct RevocationEntry: Sendable {
    /// When the certificate was revoked, in Unix seconds.
    public let date: Int64
    /// Why; nil is not said.
    public let reason: UInt8?

    private static let words: [UInt8: String] = [
        0: "unspecified", 1: "keyCompromise", 2: "CACompromise", 3: "affiliationChanged",
        4: "superseded", 5: "cessationOfOperation", 6: "certificateHold", 8: "removeFromCRL",
        9: "privilegeWithdrawn", 10: "AACompromise",
    ]

    /// The reason by its name.
    public var reasonName: String? { reason.flatMap { Self.words[$0] } }
}

/// All fields of a revocation list.
public struct RevocationFields: Sendable {
    /// 1 or 2.
    public private(set) var version = 1
    /// The algorithm that the signed part says it is signed with.
    public let signatureAlgorithm: AlgorithmFields
    /// Who signed.
    public let issuer: CertificateName
    /// When the list was made, in Unix seconds.
    public let thisUpdate: Int64
    /// When the next list is due, in Unix seconds.
    public let nextUpdate: Int64?
    /// The entries for certificates of the list's own issuer, by serial number.
    public private(set) var entries: [[UInt8]: RevocationEntry] = [:]
    /// The entries for certificates of other issuers, which indirect lists have.
    public private(set) var foreignEntries: [CertificateName: [[UInt8]: RevocationEntry]] = [:]
    /// The extensions.
    public private(set) var extensions: [CertificateExtension] = []
    /// A critical extension of an entry that the house does not know.
    private(set) var unknownOfEntry: OID?
    /// The algorithm beside the signature.
    public let outerAlgorithm: AlgorithmFields
    /// What is not as it must be, in words.
    public private(set) var defects: [String] = []

    /// What RFC 5280 forbids authorities to write and readers can pass over, in words.
    private(set) var strictDefects: [String] = []

    /// A list with more entries is not read.
    public static let entriesMax = 5_000_000
    /// An entry is of one certificate; more names of its issuer are not read, because each of them
    /// counts for all entries that follow.
    static let ownersMax = 4
    /// Of so many defects of entries each is kept, of more the first ones.
    static let defectsMax = 16

    /// Reads one list; bytes behind it are refused.
    public init(der: [UInt8]) throws(PKIError) {
        let what = "the revocation list"
        var reader = DERReader(der)
        var outer = try reader.sequence(what)
        try reader.end(what)
        var fields = try outer.sequence("the signed part")
        outerAlgorithm = try AlgorithmFields(reading: &outer, "the signature algorithm")
        _ = try outer.bits("the signature")
        try outer.end(what)
        if fields.tag == DERTag.integer {
            guard try fields.count("the version") == 1 else {
                throw DERReader.fault("the version", "of the list is not 2")
            }
            version = 2
        }
        signatureAlgorithm = try AlgorithmFields(reading: &fields, "the signature algorithm")
        issuer = try CertificateName(reading: try fields.next("the issuer"), "the issuer")
        let made = try DERTime.read(try fields.next("thisUpdate"), "thisUpdate")
        let hasNext = fields.tag == DERTag.utcTime || fields.tag == DERTag.generalizedTime
        let due =
            hasNext ? try DERTime.read(try fields.next("nextUpdate"), "nextUpdate") : nil
        (thisUpdate, nextUpdate) = (made.seconds, due?.seconds)
        strictDefects = [made.defect, due?.defect].compactMap(\.self)
        if let list = try fields.takeOptional(DERTag.sequence, "the entries") {
            // RFC 5280 §5.1.2.6
            if list.contents.isEmpty { strictDefects.append("the list of entries is empty") }
            try readEntries(list.inside)
        }
        if let value = try fields.takeOptional(DERTag.constructed(0), "the extensions") {
            var inside = value.inside
            let list = try inside.sequence("the extensions")
            try inside.end("the extensions")
            extensions = try ExtensionReader.list(list, "the extensions")
        }
        try fields.end("the signed part")
        checkBody()
    }

    private mutating func readEntries(_ list: DERReader) throws(PKIError) {
        var list = list
        let what = "an entry of the list"
        var count = 0
        // RFC 5280 §5.3.3: an entry without certificateIssuer is of the same issuer as the one
        // before it, the first ones are of the list's own.
        var owners = [issuer]
        var writesDefault = false
        while !list.isAtEnd {
            guard count < Self.entriesMax else {
                throw DERReader.fault("the list", "has more than \(Self.entriesMax) entries")
            }
            var fields = try list.sequence(what)
            let serial = try fields.integer("the serial number of an entry")
            let date = try DERTime.read(try fields.next("a revocation date"), "a revocation date")
            var reason: UInt8?
            if let value = try fields.takeOptional(DERTag.sequence, what) {
                if version < 2 { note("entries with extensions need version 2") }
                for one in try ExtensionReader.list(value.inside, what) {
                    if one.writesDefault { writesDefault = true }
                    switch one.content {
                    case .reason(let code) where one.id == .reasonCode: reason = code
                    case .moment where one.id == .invalidityDate: break
                    case .names(let names) where one.id == .entryIssuer:
                        owners = names.compactMap(\.directoryName)
                        if owners.isEmpty { note("the issuer of an entry has no name") }
                        guard owners.count <= Self.ownersMax else {
                            throw DERReader.fault(what, "names more than \(Self.ownersMax) issuers")
                        }
                    case .malformed(let why): note(why)
                    default: if one.isCritical { unknownOfEntry = one.id }
                    }
                }
            }
            try fields.end(what)
            count += 1
            add(RevocationEntry(date: date.seconds, reason: reason), serial, owners)
        }
        if writesDefault { strictDefects.append("an entry writes FALSE out (not DER)") }
    }

    private mutating func add(
        _ entry: RevocationEntry,
        _ serial: [UInt8],
        _ owners: [CertificateName]
    ) {
        for owner in owners {
            let former =
                owner == issuer
                ? entries.updateValue(entry, forKey: serial)
                : foreignEntries[owner, default: [:]].updateValue(entry, forKey: serial)
            if former != nil { note("a serial number stands in the list twice") }
        }
    }

    /// Keeps a defect of an entry, unless there are enough of them.
    private mutating func note(_ defect: String) {
        if defects.count < Self.defectsMax { defects.append(defect) }
    }

    private mutating func checkBody() {
        if signatureAlgorithm != outerAlgorithm {
            defects.append("the list names two different algorithms for its signature")
        }
        if version < 2, !extensions.isEmpty { defects.append("extensions need version 2") }
        if issuer.isEmpty { defects.append("the issuer is empty") }
        // §5: "Conforming CAs MUST issue CRLs of version 2" with these two extensions.
        if version < 2 { strictDefects.append("it is of version 1") }
        if find(.listNumber) == nil { strictDefects.append("it has no cRLNumber") }
        if authorityKeyID == nil { strictDefects.append("it does not name the key that signed") }
        if !foreignEntries.isEmpty, scope?.isIndirect != true {
            defects.append("an entry names another issuer, and the list is no indirect one")
        }
        var seen: Set<OID> = []
        for one in extensions {
            if !seen.insert(one.id).inserted {
                defects.append("the extension \(one.name) is there twice")
            }
            if case .malformed(let why) = one.content { defects.append(why) }
            if one.writesDefault { strictDefects.append("\(one.name) writes FALSE out (not DER)") }
            if one.isCritical, one.id == .listNumber || one.id == .authorityKeyIdentifier {
                defects.append("\(one.name) is critical and must not be")
            }
            if !one.isCritical, one.id == .issuingDistributionPoint || one.id == .deltaIndicator {
                defects.append("\(one.name) is not critical and must be")
            }
        }
    }

    /// The serial numbers that are revoked, in upper-case hexadecimal digits, two for each byte.
    ///
    /// Those that a delta list takes back are not among them (RFC 5280 §5.3.1, removeFromCRL).
    public var revokedSerials: [String] {
        Self.serials(entries)
    }

    /// The same of other issuers, by their names.
    public var foreignSerials: [(issuer: CertificateName, serials: [String])] {
        foreignEntries.map { ($0.key, Self.serials($0.value)) }
    }

    private static func serials(_ entries: [[UInt8]: RevocationEntry]) -> [String] {
        entries.compactMap { serial, entry in
            entry.reason == 8 ? nil : CertificateFields.hexadecimal(serial)
        }
    }

    /// What the list says about a certificate; nil is nothing.
    func entry(_ serial: [UInt8], of owner: CertificateName) -> RevocationEntry? {
        owner == issuer ? entries[serial] : foreignEntries[owner]?[serial]
    }

    /// The first extension of a kind.
    func find(_ id: OID) -> CertificateExtension? { extensions.first { $0.id == id } }

    /// The list's number.
    public var number: [UInt8]? {
        if case .number(let bytes) = find(.listNumber)?.content { bytes } else { nil }
    }

    /// The number of the full list that this delta list builds on.
    public var deltaBase: [UInt8]? {
        if case .number(let bytes) = find(.deltaIndicator)?.content { bytes } else { nil }
    }

    /// What the list covers; nil is everything of its issuer.
    public var scope: ListScope? {
        if case .scope(let scope) = find(.issuingDistributionPoint)?.content { scope } else { nil }
    }

    /// The name of the key that signed.
    public var authorityKeyID: [UInt8]? {
        if case .authorityKey(let id, _, _) = find(.authorityKeyIdentifier)?.content {
            id
        } else {
            nil
        }
    }

    /// Critical extensions that the house does not know.
    var unknownCritical: [OID] {
        let known: Set<OID> = [
            .issuingDistributionPoint, .deltaIndicator, .listNumber, .authorityKeyIdentifier,
            .issuerAlternativeName, .freshestList,
        ]
        let own = extensions.filter { $0.isCritical && !known.contains($0.id) }.map(\.id)
        // §5.3: a list with such an entry must not be used for any certificate.
        return own + [unknownOfEntry].compactMap(\.self)
    }
}

extension RevocationList {
    /// Every field, read from the bytes by the house itself.
    public func fields() throws(PKIError) -> RevocationFields {
        try RevocationFields(der: der)
    }
}
