// SPDX-License-Identifier: Apache-2.0
// The names of RFC 5280 §4.2.1.6, wherever they stand. Who may use which is decided elsewhere.

/// A name of one of the kinds that certificates know.
public enum GeneralName: Sendable, Hashable {
    /// A mail address.
    case email(String)
    /// A host name.
    case dns(String)
    /// A URI.
    case uri(String)
    /// An address: 4 or 16 bytes, twice as many in name constraints.
    case address([UInt8])
    /// A directory name.
    case directory(CertificateName)
    /// A registered identifier.
    case registered(OID)
    /// A name of a kind of its own: its type and its encoding.
    case other(OID, [UInt8])
    /// An X.400 address or an EDI party name, by its tag's number.
    case foreign(UInt8, [UInt8])

    /// A certificate with more names in one place is not read.
    static let countMax = 10_000

    init(reading value: DERValue, _ what: String) throws(PKIError) {
        switch value.tag {
        case DERTag.constructed(0):
            var inside = value.inside
            self = .other(try inside.oid(what), Array(value.contents))
        case DERTag.context(1): self = .email(try Self.text(value, what))
        case DERTag.context(2): self = .dns(try Self.text(value, what))
        case DERTag.constructed(3), DERTag.constructed(5):
            self = .foreign(value.tag & 0x1F, Array(value.contents))
        case DERTag.constructed(4):
            var inside = value.inside
            self = .directory(try CertificateName(reading: try inside.next(what), what))
            try inside.end(what)
        case DERTag.context(6): self = .uri(try Self.text(value, what))
        case DERTag.context(7): self = .address(Array(value.contents))
        case DERTag.context(8): self = .registered(try OID(reading: value.contents, what))
        default: throw DERReader.fault(what, "holds a name of an unknown kind")
        }
    }

    /// A list of names, which must not be empty.
    static func list(_ value: DERValue, _ what: String) throws(PKIError) -> [GeneralName] {
        var names: [GeneralName] = []
        var reader = value.inside
        while !reader.isAtEnd {
            guard names.count < countMax else {
                throw DERReader.fault(what, "holds more than \(countMax) names")
            }
            names.append(try GeneralName(reading: try reader.next(what), what))
        }
        guard !names.isEmpty else { throw DERReader.fault(what, "holds no name") }
        return names
    }

    /// The directory name; nil for names of other kinds.
    var directoryName: CertificateName? {
        if case .directory(let name) = self { name } else { nil }
    }

    private static func text(_ value: DERValue, _ what: String) throws(PKIError) -> String {
        guard value.contents.allSatisfy({ $0 < 0x80 && $0 != 0 }) else {
            throw DERReader.fault(what, "holds a name with bytes that are not ASCII, or NUL")
        }
        return String(decoding: value.contents, as: UTF8.self)
    }
}

extension GeneralName: CustomStringConvertible {
    /// The kind and the name, safe to print.
    public var description: String {
        switch self {
        case .email(let text): "email:" + CertificateText.printable(text)
        case .dns(let text): "DNS:" + CertificateText.printable(text)
        case .uri(let text): "URI:" + CertificateText.printable(text)
        case .address(let bytes): "IP:" + Self.addressShown(bytes)
        case .directory(let name): "dirName:" + name.shown
        case .registered(let oid): "registeredID:" + oid.shown
        case .other(let oid, let bytes):
            "otherName:" + oid.shown + ":" + CertificateText.hex(bytes.prefix(256))
        case .foreign(let tag, let bytes):
            (tag == 3 ? "x400Address:" : "ediPartyName:") + CertificateText.hex(bytes.prefix(256))
        }
    }

    private static func addressShown(_ bytes: [UInt8]) -> String {
        if let text = addressText(bytes) { return text }
        let half = bytes.count / 2
        if bytes.count == 8 || bytes.count == 32,
            let address = addressText(Array(bytes.prefix(half))),
            let mask = addressText(Array(bytes.suffix(half)))
        {
            return address + "/" + mask
        }
        return CertificateText.hex(bytes.prefix(64))
    }
}
