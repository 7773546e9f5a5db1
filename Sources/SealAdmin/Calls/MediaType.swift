// SPDX-License-Identifier: Apache-2.0
// Media types, and which of those offered a client takes (RFC 9110 §12.5.1).

internal import SealHTTP

/// A media type without its parameters, in lower case.
public struct MediaType: Sendable, Hashable, CustomStringConvertible {
    /// Type and subtype.
    public let name: String

    /// JSON.
    public static let json = MediaType("application/json")
    /// Plain text.
    public static let text = MediaType("text/plain")
    /// Separated values.
    public static let csv = MediaType("text/csv")
    /// A form with files.
    public static let form = MediaType("multipart/form-data")
    /// Bytes of any kind.
    public static let bytes = MediaType("application/octet-stream")

    /// Takes what stands before the first semicolon.
    public init(_ text: some StringProtocol) {
        let name = text.prefix { $0 != ";" }
        let trimmed = name.utf8.filter { $0 != 0x20 && $0 != 0x09 }
        self.name = String(decoding: trimmed, as: UTF8.self).lowercased()
    }

    /// A type of Cumulocity's.
    static func cumulocity(_ name: String) -> MediaType {
        MediaType("application/vnd.com.nsn.cumulocity.\(name)+json")
    }

    /// The type and subtype.
    public var description: String { name }

    /// Whether it is JSON or a kind of it.
    public var isJSON: Bool { self == .json || name.hasSuffix("+json") }
}

/// What a client takes.
struct Acceptance {
    private struct Range {
        var type: MediaType
        var isRefused: Bool

        /// How exactly it names a type; 0 when it does not.
        func exactness(_ type: MediaType) -> Int {
            if self.type == type { return 3 }
            let major = type.name.prefix { $0 != "/" }
            if self.type.name == "\(major)/*" { return 2 }
            return self.type.name == "*/*" ? 1 : 0
        }
    }

    private let ranges: [Range]
    /// There was an Accept field.
    let isSaid: Bool

    /// At most so many ranges are looked at.
    static let rangesMax = 64

    init(_ fields: Fields) {
        let values = fields.values(of: "Accept")
        isSaid = !values.isEmpty
        ranges = values.flatMap { $0.split(separator: ",") }.prefix(Self.rangesMax).map { part in
            let weight = part.split(separator: ";").dropFirst().contains { parameter in
                let plain = parameter.filter { $0 != " " && $0 != "\t" }.lowercased()
                return plain.hasPrefix("q=0") && !plain.contains { "123456789".contains($0) }
            }
            return Range(type: MediaType(part), isRefused: weight)
        }
    }

    /// The first of these that is taken; nil when none is.
    func choose(_ offered: [MediaType]) -> MediaType? {
        guard !ranges.isEmpty else { return offered.first }
        return offered.first { type in
            let best = ranges.max { $0.exactness(type) < $1.exactness(type) }
            guard let best, best.exactness(type) > 0 else { return false }
            return !best.isRefused
        }
    }
}
