// SPDX-License-Identifier: Apache-2.0
// Letters of other partitions that wait because their tenant has had its share of this turn.

/// Letters by tenant, first in, first out.
struct ParkedLetters {
    private struct Line {
        var letters: [(sender: Int, mail: Mail)] = []
        var head = 0
    }

    private var lines: [UInt32: Line] = [:]

    var isEmpty: Bool { lines.isEmpty }

    func has(_ tenant: UInt32) -> Bool { lines[tenant] != nil }

    /// Puts a letter behind those of its tenant; whether it is the first.
    mutating func append(_ mail: Mail, from sender: Int, of tenant: UInt32) -> Bool {
        let isFirst = lines[tenant] == nil
        lines[tenant, default: Line()].letters.append((sender, mail))
        return isFirst
    }

    /// The next letter of a tenant.
    mutating func next(of tenant: UInt32) -> (sender: Int, mail: Mail)? {
        guard let line = lines[tenant], line.head < line.letters.count else { return nil }
        lines[tenant]?.head += 1
        return line.letters[line.head]
    }

    /// A tenant had its turn; whether letters are left.
    mutating func finish(_ tenant: UInt32) -> Bool {
        guard let head = lines[tenant]?.head, let count = lines[tenant]?.letters.count else {
            return false
        }
        guard head < count else {
            lines[tenant] = nil
            return false
        }
        if head > 256 {
            lines[tenant]?.letters.removeFirst(head)
            lines[tenant]?.head = 0
        }
        return true
    }
}
