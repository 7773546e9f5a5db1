// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the nearest known word. Not here: what is done with it.

enum Suggestion {
    /// The known word nearest to a misspelt one, when it is near enough to be meant.
    static func nearest(to word: String, among known: [String]) -> String? {
        let plain = normal(word)
        guard plain.count <= 64 else { return nil }
        var best: (word: String, distance: Int)?
        for candidate in known {
            let distance = distance(plain, normal(candidate))
            if distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        guard let best, best.distance <= max(1, plain.count / 3) else { return nil }
        return best.word
    }

    private static func normal(_ word: String) -> [UInt8] {
        word.lowercased().utf8.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 }
    }

    /// Insertions, deletions, replacements.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (a == b ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}
