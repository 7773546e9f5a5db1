// SPDX-License-Identifier: Apache-2.0
// Base64 and its form for URLs and file names, by RFC 4648. Decoding takes canonical text only.

/// The base64 form of bytes.
public enum Base64 {
    /// Which 64 characters are used, and whether the end is padded.
    public enum Alphabet: Sendable {
        /// RFC 4648 §4, padded with `=`.
        case standard
        /// RFC 4648 §5, without padding.
        case urlSafe
    }

    /// The text of the bytes.
    public static func encode(_ bytes: RawSpan, _ alphabet: Alphabet = .standard) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.byteCount + 2) / 3 * 4)
        var offset = 0
        while offset < bytes.byteCount {
            let count = min(3, bytes.byteCount &- offset)
            var group: UInt32 = 0
            for index in 0..<3 {
                group &<<= 8
                if index < count { group |= UInt32(bytes.byte(offset &+ index)) }
            }
            for index in 0..<4 {
                if index <= count {
                    let value = UInt8(truncatingIfNeeded: group &>> UInt32(18 &- 6 &* index)) & 0x3F
                    text.append(character(value, alphabet))
                } else if alphabet == .standard {
                    text.append(0x3D)
                }
            }
            offset &+= count
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The text of the bytes.
    public static func encode(_ bytes: [UInt8], _ alphabet: Alphabet = .standard) -> String {
        encode(bytes.span.bytes, alphabet)
    }

    /// The bytes that the text stands for.
    ///
    /// `nil` when a character is foreign, the padding is wrong (the URL form has none) or unused
    /// bits are set (RFC 4648 §3.5), so that no two texts give the same bytes.
    public static func decode(
        _ text: some StringProtocol,
        _ alphabet: Alphabet = .standard
    ) -> [UInt8]? {
        var characters = Array(text.utf8)
        if alphabet == .standard {
            guard characters.count % 4 == 0 else { return nil }
            var padding = 0
            while padding < 2, characters.last == 0x3D {
                characters.removeLast()
                padding += 1
            }
        }
        guard characters.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(characters.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for character in characters {
            guard let value = value(of: character, alphabet) else { return nil }
            bits = bits &<< 6 | UInt32(value)
            bitCount &+= 6
            if bitCount >= 8 {
                bitCount &-= 8
                bytes.append(UInt8(truncatingIfNeeded: bits &>> bitCount))
                bits &= (1 &<< bitCount) &- 1
            }
        }
        return bits == 0 ? bytes : nil
    }

    private static func character(_ value: UInt8, _ alphabet: Alphabet) -> UInt8 {
        switch value {
        case 0...25: 0x41 &+ value
        case 26...51: 0x61 &+ (value &- 26)
        case 52...61: 0x30 &+ (value &- 52)
        case 62: alphabet == .standard ? 0x2B : 0x2D
        default: alphabet == .standard ? 0x2F : 0x5F
        }
    }

    private static func value(of character: UInt8, _ alphabet: Alphabet) -> UInt8? {
        switch (character, alphabet) {
        case (0x41...0x5A, _): character &- 0x41
        case (0x61...0x7A, _): character &- 0x61 &+ 26
        case (0x30...0x39, _): character &- 0x30 &+ 52
        case (0x2B, .standard), (0x2D, .urlSafe): 62
        case (0x2F, .standard), (0x5F, .urlSafe): 63
        default: nil
        }
    }
}
