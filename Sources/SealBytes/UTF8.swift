// SPDX-License-Identifier: Apache-2.0
// Whether bytes are well-formed UTF-8 by RFC 3629. Nothing is repaired, nothing is converted.

extension RawSpan {
    /// Whether the bytes are well-formed UTF-8: no overlong form, no surrogate, nothing above
    /// U+10FFFF, no sequence cut short.
    public var isUTF8: Bool { checkUTF8(self, .anyCharacter) }

    /// Whether the bytes are well-formed UTF-8 in which U+0000 does not occur.
    public var isUTF8WithoutNull: Bool { checkUTF8(self, .notNull) }

    /// Whether the bytes are well-formed UTF-8 without control characters (U+0000 to U+001F, U+007F
    /// to U+009F) and without the code points that Unicode keeps for non-characters.
    public var isPlainUTF8: Bool { checkUTF8(self, .plain) }
}

private enum Characters {
    case anyCharacter, notNull, plain
}

/// Goes over the bytes once: eight at a time while they are ASCII, else one sequence at a time.
private func checkUTF8(_ bytes: RawSpan, _ allowed: Characters) -> Bool {
    let count = bytes.byteCount
    // Eight ASCII characters less the lowest one that is allowed borrow only if one is lower; one
    // more than each of them reaches the high bit only from U+007F.
    let lowest: UInt64
    let above: UInt64
    switch allowed {
    case .anyCharacter: (lowest, above) = (0, 0)
    case .notNull: (lowest, above) = (0x0101_0101_0101_0101, 0)
    case .plain: (lowest, above) = (0x2020_2020_2020_2020, 0x0101_0101_0101_0101)
    }
    var offset = 0
    while offset < count {
        if count &- offset >= 8 {
            // SAFETY: the comparison above keeps the eight bytes inside the span.
            let word = unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset,
                as: UInt64.self
            )
            let outside = word | (word &- lowest) | (word &+ above)
            if outside & 0x8080_8080_8080_8080 == 0 {
                offset &+= 8
                continue
            }
        }
        let length = sequenceLength(bytes, at: offset)
        guard length > 0 else { return false }
        switch allowed {
        case .anyCharacter: break
        case .notNull: if length == 1, bytes.byte(offset) == 0 { return false }
        case .plain: if !isPlain(bytes, at: offset, length) { return false }
        }
        offset &+= length
    }
    return true
}

/// Whether the well-formed sequence is neither a control character nor a non-character.
private func isPlain(_ bytes: RawSpan, at offset: Int, _ length: Int) -> Bool {
    let lead = bytes.byte(offset)
    if length == 1 { return lead >= 0x20 && lead != 0x7F }
    let second = bytes.byte(offset &+ 1)
    // U+0080 to U+009F.
    if length == 2 { return lead != 0xC2 || second >= 0xA0 }
    let third = bytes.byte(offset &+ 2)
    if length == 3 {
        guard lead == 0xEF else { return true }
        // U+FDD0 to U+FDEF, U+FFFE and U+FFFF.
        let isArabicBlock = second == 0xB7 && third >= 0x90 && third <= 0xAF
        return !isArabicBlock && !(second == 0xBF && third >= 0xBE)
    }
    // The last two code points of every further plane.
    return !(second & 0x0F == 0x0F && third == 0xBF && bytes.byte(offset &+ 3) >= 0xBE)
}

/// How many bytes the well-formed sequence at `offset` has; 0 when it is not well-formed.
private func sequenceLength(_ bytes: RawSpan, at offset: Int) -> Int {
    let lead = bytes.byte(offset)
    if lead < 0x80 { return 1 }
    let length: Int
    var low: UInt8 = 0x80
    var high: UInt8 = 0xBF
    // RFC 3629 §4: the second byte's range excludes overlong forms, surrogates and what lies
    // above U+10FFFF.
    switch lead {
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, low) = (3, 0xA0)
    case 0xED: (length, high) = (3, 0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, low) = (4, 0x90)
    case 0xF4: (length, high) = (4, 0x8F)
    case 0xF1...0xF3: length = 4
    default: return 0
    }
    guard bytes.byteCount &- offset >= length else { return 0 }
    let second = bytes.byte(offset &+ 1)
    guard second >= low, second <= high else { return 0 }
    var index = 2
    while index < length {
        guard bytes.byte(offset &+ index) & 0xC0 == 0x80 else { return 0 }
        index &+= 1
    }
    return length
}
