// SPDX-License-Identifier: Apache-2.0
// Texts by their bytes: compared, divided and cut. The one place where letters are folded, and only
// those of ASCII.

extension StringProtocol {
    /// The text with the letters A to Z in lower case, and nothing else changed.
    ///
    /// `lowercased()` would fold all of Unicode: U+212A becomes `k`, and so a name another.
    public var lowerASCII: String {
        guard utf8.contains(where: { (0x41...0x5A).contains($0) }) else { return String(self) }
        return String(
            decoding: utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 },
            as: UTF8.self
        )
    }

    /// Both have the same bytes, but for the case of the letters A to Z.
    public func isSameASCII(_ other: some StringProtocol) -> Bool {
        utf8.count == other.utf8.count
            && zip(utf8, other.utf8).allSatisfy { left, right in
                left == right
                    || ((left ^ right) == 0x20 && (0x61...0x7A).contains(left | 0x20))
            }
    }

    /// Both have the same bytes.
    public func isSame(as other: some StringProtocol) -> Bool {
        utf8.elementsEqual(other.utf8)
    }

    /// As much of the beginning as has at most so many bytes; no code point is cut.
    ///
    /// `prefix` counts characters, and one character may have any number of bytes.
    public func cut(toBytes max: Int) -> String {
        guard utf8.count > max else { return String(self) }
        var bytes = Array(utf8.prefix(Swift.max(max, 0)))
        // The begin of a code point whose end was cut off.
        while let last = bytes.last, last >= 0x80, String(validating: bytes, as: UTF8.self) == nil {
            bytes.removeLast()
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The parts between the occurrences of one ASCII character, which is looked for among the
    /// bytes.
    ///
    /// `split` looks for a `Character`: a combining mark behind a colon makes it another.
    public func split(
        atByte mark: Unicode.Scalar,
        maxSplits: Int = Int.max,
        omitsEmpty: Bool = false
    ) -> [String] {
        precondition(mark.isASCII)
        return utf8.split(
            separator: UInt8(ascii: mark),
            maxSplits: maxSplits,
            omittingEmptySubsequences: omitsEmpty
        ).map { String(decoding: $0, as: UTF8.self) }
    }

    /// It begins with the bytes of the other text.
    ///
    /// `hasPrefix` compares characters: `"a/\u{301}"` has not the prefix `a/`, and U+212A is the
    /// prefix `K`.
    public func begins(with other: some StringProtocol) -> Bool { utf8.starts(with: other.utf8) }

    /// It ends with the bytes of the other text.
    public func ends(with other: some StringProtocol) -> Bool {
        let count = other.utf8.count
        return utf8.count >= count && utf8.suffix(count).elementsEqual(other.utf8)
    }

    /// What follows after so many bytes.
    public func dropping(bytes count: Int) -> String {
        String(decoding: utf8.dropFirst(count), as: UTF8.self)
    }

    /// The bytes of the other text occur in it.
    public func holds(_ part: some StringProtocol) -> Bool {
        guard let first = part.utf8.first else { return true }
        var rest = utf8[...]
        while let place = rest.firstIndex(of: first) {
            rest = rest[place...]
            if rest.starts(with: part.utf8) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}
