// SPDX-License-Identifier: Apache-2.0
// X.501 names read from DER by the house itself: as text that is safe to print, and in the form
// in which RFC 5280 §7.1 compares them.

/// One attribute of a name, as it was encoded.
public struct NameEntry: Sendable {
    /// What it is: `2.5.4.3` for a common name.
    public let type: OID
    let tag: UInt8
    let bytes: [UInt8]

    /// The value as text; nil when it is no text.
    public var value: String? { CertificateText.decoded(bytes, tag: tag) }
}

/// The subject or the issuer of a certificate, as its bytes say.
public struct CertificateName: Sendable {
    /// The relative names in the order of the certificate; most have one entry.
    public let parts: [[NameEntry]]
    /// The encoding.
    public let der: [UInt8]
    /// Each relative name in the form that is compared.
    let comparable: [[UInt8]]

    /// A name with more attributes is not read.
    static let entriesMax = 256

    /// Reads the encoded sequence.
    init(reading value: DERValue, _ what: String) throws(PKIError) {
        guard value.tag == DERTag.sequence else { throw DERReader.fault(what, "is not a sequence") }
        var parts: [[NameEntry]] = []
        var comparable: [[UInt8]] = []
        var count = 0
        var reader = value.inside
        while !reader.isAtEnd {
            let entries = try Self.part(try reader.take(DERTag.set, what), what)
            count += entries.count
            guard count <= Self.entriesMax else {
                throw DERReader.fault(what, "has more than \(Self.entriesMax) attributes")
            }
            parts.append(entries)
            comparable.append(Self.comparable(entries))
        }
        self.parts = parts
        self.comparable = comparable
        der = Array(value.whole)
    }

    /// A name of one relative name below a given one (RFC 5280 §4.2.1.13).
    init(_ upper: CertificateName, and last: DERValue, _ what: String) throws(PKIError) {
        let entries = try Self.part(last, what)
        parts = upper.parts + [entries]
        comparable = upper.comparable + [Self.comparable(entries)]
        der = []
    }

    static func part(_ set: DERValue, _ what: String) throws(PKIError) -> [NameEntry] {
        var entries: [NameEntry] = []
        var reader = set.inside
        repeat {
            var pair = try reader.sequence(what)
            let type = try pair.oid(what)
            let value = try pair.next(what)
            try pair.end(what)
            entries.append(NameEntry(type: type, tag: value.tag, bytes: Array(value.contents)))
        } while !reader.isAtEnd && entries.count <= entriesMax
        return entries
    }

    /// Whether there is no attribute at all.
    public var isEmpty: Bool { parts.isEmpty }

    /// The values of one type, in order.
    public func values(_ type: OID) -> [String] {
        parts.joined().filter { $0.type == type }.compactMap(\.value)
    }

    /// The mail addresses in the name, as they were encoded.
    var emailAddresses: [String] { values(.emailAddress) }

    /// Whether the name lies in the subtree below `upper` (RFC 5280 §4.2.1.10).
    func isBelow(_ upper: CertificateName) -> Bool {
        comparable.count >= upper.comparable.count
            && comparable.prefix(upper.comparable.count).elementsEqual(upper.comparable)
    }

    /// Upper and lower case, spaces at the ends and doubled spaces do not count, nor does the kind
    /// of string; a value that is no text is compared byte by byte.
    private static func comparable(_ entries: [NameEntry]) -> [UInt8] {
        let all = entries.map { entry -> [UInt8] in
            var form = entry.type.bytes + [0]
            if let text = entry.value {
                // RFC 4518 §2.2 folds all of Unicode here.
                let words = text.lowercased().unicodeScalars.split {
                    $0.properties.isWhitespace
                }
                form += Array(words.map { String($0) }.joined(separator: " ").utf8)
            } else {
                form += [0, entry.tag] + entry.bytes
            }
            return form
        }
        let sorted = all.sorted { $0.lexicographicallyPrecedes($1) }
        return Array(sorted.map { lengthPrefixed($0) }.joined())
    }

    private static func lengthPrefixed(_ bytes: [UInt8]) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (24 - 8 * $0)) } + bytes
    }
}

extension CertificateName: Hashable {
    /// Whether RFC 5280 §7.1 takes both for the same name.
    public static func == (left: CertificateName, right: CertificateName) -> Bool {
        left.comparable == right.comparable
    }

    /// Puts the form that is compared into a hash.
    public func hash(into hasher: inout Hasher) { hasher.combine(comparable) }
}

extension CertificateName: CustomStringConvertible {
    /// The name as RFC 4514 writes it, last attribute first; never with control characters.
    public var description: String {
        parts.reversed().map { entries in
            entries.map { entry in
                let value =
                    entry.value.map(CertificateText.escaped)
                    ?? "#" + CertificateText.hex(entry.bytes.prefix(64))
                return entry.type.shown + "=" + value
            }.joined(separator: "+")
        }.joined(separator: ",")
    }

    /// The name, or words for the empty one.
    public var shown: String { isEmpty ? "(empty name)" : description }
}

/// Strings of certificates as text.
enum CertificateText {
    /// The text of a string type; nil when the bytes are not what the type promises.
    static func decoded(_ bytes: [UInt8], tag: UInt8) -> String? {
        switch tag {
        case 0x0C: return String(validating: bytes, as: UTF8.self)
        case 0x12, 0x13, 0x16, 0x1A:
            return bytes.allSatisfy { $0 < 0x80 } ? String(decoding: bytes, as: UTF8.self) : nil
        case 0x14:
            return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
        case 0x1E:
            guard bytes.count % 2 == 0 else { return nil }
            let units = stride(from: 0, to: bytes.count, by: 2).map {
                UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
            }
            return String(validating: units, as: UTF16.self)
        case 0x1C:
            guard bytes.count % 4 == 0 else { return nil }
            let units = stride(from: 0, to: bytes.count, by: 4).map { start in
                bytes[start..<(start + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            }
            return String(validating: units, as: UTF32.self)
        default: return nil
        }
    }

    /// Escapes as RFC 4514 §2.4 has them; so are all characters that move a terminal's cursor.
    static func escaped(_ text: String) -> String {
        var out = ""
        let scalars = Array(text.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            let isEdge = index == 0 || index == scalars.count - 1
            if isUnsafe(scalar) {
                for byte in String(scalar).utf8 { out += "\\" + hex([byte]) }
            } else if "\"+,;<>\\".unicodeScalars.contains(scalar) || isEdge && scalar == " "
                || index == 0 && scalar == "#"
            {
                out += "\\"
                out.unicodeScalars.append(scalar)
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// Text with the characters written out that a terminal would obey.
    static func printable(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            if isUnsafe(scalar) {
                out += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// Controls, line separators and what turns the direction of writing.
    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF: true
        default: false
        }
    }

    /// Upper-case digits without separators.
    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        var text = ""
        for byte in bytes {
            let digits = String(byte, radix: 16, uppercase: true)
            text += digits.count == 1 ? "0" + digits : digits
        }
        return text
    }
}
