// SPDX-License-Identifier: Apache-2.0
// Whether bytes are well-formed UTF-8 by RFC 3629. Nothing is repaired, nothing is converted.

extension RawSpan {
    /// Whether the bytes are well-formed UTF-8: no overlong form, no surrogate, nothing above
    /// U+10FFFF, no sequence cut short.
    public var isUTF8: Bool { checkUTF8(self, refusesNull: false) }

    /// Whether the bytes are well-formed UTF-8 in which U+0000 does not occur.
    public var isUTF8WithoutNull: Bool { checkUTF8(self, refusesNull: true) }
}

/// Goes over the bytes once: eight at a time while they are ASCII, else one sequence at a time.
private func checkUTF8(_ bytes: RawSpan, refusesNull: Bool) -> Bool {
    let count = bytes.byteCount
    var offset = 0
    while offset < count {
        if count &- offset >= 8 {
            // SAFETY: the comparison above keeps the eight bytes inside the span.
            let word = unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset,
                as: UInt64.self
            )
            if word & 0x8080_8080_8080_8080 == 0 {
                // All eight are ASCII, so a borrow can only come from a byte that is zero.
                let zero = (word &- 0x0101_0101_0101_0101) & 0x8080_8080_8080_8080
                if refusesNull, zero != 0 { return false }
                offset &+= 8
                continue
            }
        }
        let length = sequenceLength(bytes, at: offset)
        guard length > 0 else { return false }
        if refusesNull, length == 1, bytes.byte(offset) == 0 { return false }
        offset &+= length
    }
    return true
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
