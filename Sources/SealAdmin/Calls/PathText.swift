// SPDX-License-Identifier: Apache-2.0
// Paths as they are sent, taken apart and unescaped (RFC 3986).

internal import SealBytes
internal import SealHTTP

/// Reads paths.
enum PathText {
    /// The segments of a path; nil when one is no text, holds a control character, or climbs.
    ///
    /// An escaped slash stays inside of its segment: identifiers may hold one.
    static func segments(_ path: String) -> [Name]? {
        guard path.utf8.first == UInt8(ascii: "/") else { return nil }
        var segments: [Name] = []
        for part in path.utf8.dropFirst().split(
            separator: UInt8(ascii: "/"),
            omittingEmptySubsequences: false
        ) {
            guard let segment = PercentCoding.decoded(part, plusIsSpace: false).map({ Name($0) }),
                segment != ".", segment != "..",
                segment.text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
            else { return nil }
            segments.append(segment)
        }
        return segments
    }
}
