// SPDX-License-Identifier: Apache-2.0
// Which of the kinds of content that are offered a client takes (RFC 9110 §12.5.1).

internal import SealBytes

/// What a client says it takes.
public struct Acceptance: Sendable {
    private struct Range: Sendable {
        var name: String
        /// In thousandths.
        var quality: Int

        /// How closely it names a kind; 0 when it does not.
        func closeness(to type: MediaType) -> Int {
            if name == type.name { return 3 }
            if name == "*/*" { return 1 }
            guard name.ends(with: "/*") else { return 0 }
            return type.name.begins(with: name.dropLast()) ? 2 : 0
        }
    }

    private let ranges: [Range]

    /// Whether there was an Accept field.
    public let isSaid: Bool

    /// Ranges after so many are not looked at.
    public static let rangesMax = 64

    /// Reads the Accept fields; what is malformed in them is read over.
    ///
    /// Of parameters only `q` counts: clients repeat a type's version and charset in many ways.
    public init(_ fields: Fields) {
        let values = fields.values(of: "Accept")
        isSaid = !values.isEmpty
        let texts = values.flatMap { $0.split(atByte: ",", omitsEmpty: true) }
        ranges = texts.prefix(Self.rangesMax).compactMap {
            guard let type = MediaType($0) else { return nil }
            guard let text = type["q"] else { return Range(name: type.name, quality: 1000) }
            return Self.thousandths(text).map { Range(name: type.name, quality: $0) }
        }
    }

    /// The one that the client likes best, of equals the first; nil when it takes none.
    public func choose(_ offered: [MediaType]) -> MediaType? {
        guard !ranges.isEmpty else { return offered.first }
        var best: (type: MediaType, quality: Int)?
        for type in offered {
            let quality = quality(of: type)
            if quality > best?.quality ?? 0 { best = (type, quality) }
        }
        return best?.type
    }

    /// How much a kind is liked, by the range that names it most closely; 0 is not at all.
    private func quality(of type: MediaType) -> Int {
        var closest = 0
        var quality = 0
        for range in ranges {
            let closeness = range.closeness(to: type)
            if closeness > closest { (closest, quality) = (closeness, range.quality) }
        }
        return quality
    }

    /// RFC 9110 §12.4.2: 0 to 1 with at most three digits behind the point.
    private static func thousandths(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, first == UInt8(ascii: "0") || first == UInt8(ascii: "1"),
            bytes.count <= 5
        else { return nil }
        var value = first == UInt8(ascii: "1") ? 1000 : 0
        if bytes.count == 1 { return value }
        guard bytes[1] == UInt8(ascii: ".") else { return nil }
        var unit = 100
        for byte in bytes.dropFirst(2) {
            guard Grammar.isDigit(byte) else { return nil }
            value += Int(byte - 0x30) * unit
            unit /= 10
        }
        return value <= 1000 ? value : nil
    }
}
