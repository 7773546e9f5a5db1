// SPDX-License-Identifier: Apache-2.0
// Paths and queries as they are sent, taken apart and unescaped (RFC 3986).

internal import SealBytes

/// Reads paths and queries.
enum PathText {
    /// One name and value of a query.
    struct Pair: Equatable {
        var name: String
        var value: String
    }

    /// At most so many pairs are read from one query.
    static let pairsMax = 256

    /// The segments of a path; nil when one is no text, holds a control character, or climbs.
    ///
    /// An escaped slash stays inside of its segment: identifiers may hold one.
    static func segments(_ path: String) -> [String]? {
        guard path.hasPrefix("/") else { return nil }
        var segments: [String] = []
        for part in path.utf8.dropFirst().split(
            separator: UInt8(ascii: "/"),
            omittingEmptySubsequences: false
        ) {
            guard let segment = unescaped(part, isForm: false), segment != ".", segment != "..",
                segment.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
            else { return nil }
            segments.append(segment)
        }
        return segments
    }

    /// The pairs of a query; nil when one is no text, or there are too many.
    static func query(_ query: String?) -> [Pair]? {
        guard let query, !query.isEmpty else { return [] }
        let parts = query.utf8.split(separator: UInt8(ascii: "&"))
        guard parts.count <= pairsMax else { return nil }
        var pairs: [Pair] = []
        for part in parts {
            let halves = part.split(
                separator: UInt8(ascii: "="),
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            guard let first = halves.first, let name = unescaped(first, isForm: true) else {
                return nil
            }
            let rest = halves.count > 1 ? halves[1] : ""[...].utf8
            guard let value = unescaped(rest, isForm: true) else { return nil }
            pairs.append(Pair(name: name, value: value))
        }
        return pairs
    }

    /// The text that percent escapes, and in forms plus signs, stand for.
    private static func unescaped(_ part: Substring.UTF8View, isForm: Bool) -> String? {
        var bytes: [UInt8] = []
        var rest = part
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+") where isForm: bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst(), let low = rest.popFirst(),
                    let pair = String(validating: [high, low], as: UTF8.self),
                    let value = Hex.decode(pair)?.first
                else { return nil }
                bytes.append(value)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
