// SPDX-License-Identifier: Apache-2.0
// Decrypting with RC2 (RFC 2268) in CBC and with RC4, for PKCS #12 files of before 2015. Neither
// protects anything any more; nothing is ever encrypted with them here.

/// RC2 with an expanded key.
struct RC2 {
    private let words: [UInt16]

    /// Expands a key (RFC 2268 §2); nil when key or bits are out of range.
    init?(key: [UInt8], bits: Int) {
        guard (1...128).contains(key.count), (1...1024).contains(bits) else { return nil }
        let length = key.count
        let bytes = (bits + 7) / 8
        let mask = UInt8(truncatingIfNeeded: 0xFF >> (8 * bytes - bits))
        var table = key + [UInt8](repeating: 0, count: 128 - length)
        for index in length..<128 {
            table[index] = Self.table[Int(table[index - 1] &+ table[index - length])]
        }
        table[128 - bytes] = Self.table[Int(table[128 - bytes] & mask)]
        for index in stride(from: 127 - bytes, through: 0, by: -1) {
            table[index] = Self.table[Int(table[index + 1] ^ table[index + bytes])]
        }
        words = (0..<64).map { UInt16(table[2 * $0]) | UInt16(table[2 * $0 + 1]) << 8 }
    }

    /// Decrypts in CBC, and takes the padding off (RFC 8018 §6.1.1); nil when there is none.
    func decrypt(_ bytes: [UInt8], vector: [UInt8]) -> [UInt8]? {
        guard vector.count == 8, !bytes.isEmpty, bytes.count % 8 == 0 else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var before = vector[...]
        for start in stride(from: 0, to: bytes.count, by: 8) {
            let block = bytes[start..<start + 8]
            out += zip(decrypt(block), before).map { $0 ^ $1 }
            before = block
        }
        guard let last = out.last, (1...8).contains(last),
            out.suffix(Int(last)).allSatisfy({ $0 == last })
        else { return nil }
        return Array(out.dropLast(Int(last)))
    }

    // RFC 2268 §4.
    private func decrypt(_ block: ArraySlice<UInt8>) -> [UInt8] {
        let bytes = Array(block)
        var word = (0..<4).map { UInt16(bytes[2 * $0]) | UInt16(bytes[2 * $0 + 1]) << 8 }
        let turns: [UInt16] = [1, 2, 3, 5]
        var position = 63
        for (round, mixes) in [5, 6, 5].enumerated() {
            for _ in 0..<mixes {
                for index in stride(from: 3, through: 0, by: -1) {
                    let turned = word[index] >> turns[index] | word[index] << (16 - turns[index])
                    let one = word[(index + 3) % 4]
                    let two = word[(index + 2) % 4]
                    let three = word[(index + 1) % 4]
                    word[index] = turned &- words[position] &- (one & two) &- (~one & three)
                    position -= 1
                }
            }
            guard round < 2 else { break }
            for index in stride(from: 3, through: 0, by: -1) {
                word[index] &-= words[Int(word[(index + 3) % 4] & 63)]
            }
        }
        return word.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    }

    /// The permutation of RFC 2268 §2, made of the digits of pi.
    static let table: [UInt8] = [
        0xd9, 0x78, 0xf9, 0xc4, 0x19, 0xdd, 0xb5, 0xed, 0x28, 0xe9, 0xfd, 0x79, 0x4a, 0xa0, 0xd8,
        0x9d, 0xc6, 0x7e, 0x37, 0x83, 0x2b, 0x76, 0x53, 0x8e, 0x62, 0x4c, 0x64, 0x88, 0x44, 0x8b,
        0xfb, 0xa2, 0x17, 0x9a, 0x59, 0xf5, 0x87, 0xb3, 0x4f, 0x13, 0x61, 0x45, 0x6d, 0x8d, 0x09,
        0x81, 0x7d, 0x32, 0xbd, 0x8f, 0x40, 0xeb, 0x86, 0xb7, 0x7b, 0x0b, 0xf0, 0x95, 0x21, 0x22,
        0x5c, 0x6b, 0x4e, 0x82, 0x54, 0xd6, 0x65, 0x93, 0xce, 0x60, 0xb2, 0x1c, 0x73, 0x56, 0xc0,
        0x14, 0xa7, 0x8c, 0xf1, 0xdc, 0x12, 0x75, 0xca, 0x1f, 0x3b, 0xbe, 0xe4, 0xd1, 0x42, 0x3d,
        0xd4, 0x30, 0xa3, 0x3c, 0xb6, 0x26, 0x6f, 0xbf, 0x0e, 0xda, 0x46, 0x69, 0x07, 0x57, 0x27,
        0xf2, 0x1d, 0x9b, 0xbc, 0x94, 0x43, 0x03, 0xf8, 0x11, 0xc7, 0xf6, 0x90, 0xef, 0x3e, 0xe7,
        0x06, 0xc3, 0xd5, 0x2f, 0xc8, 0x66, 0x1e, 0xd7, 0x08, 0xe8, 0xea, 0xde, 0x80, 0x52, 0xee,
        0xf7, 0x84, 0xaa, 0x72, 0xac, 0x35, 0x4d, 0x6a, 0x2a, 0x96, 0x1a, 0xd2, 0x71, 0x5a, 0x15,
        0x49, 0x74, 0x4b, 0x9f, 0xd0, 0x5e, 0x04, 0x18, 0xa4, 0xec, 0xc2, 0xe0, 0x41, 0x6e, 0x0f,
        0x51, 0xcb, 0xcc, 0x24, 0x91, 0xaf, 0x50, 0xa1, 0xf4, 0x70, 0x39, 0x99, 0x7c, 0x3a, 0x85,
        0x23, 0xb8, 0xb4, 0x7a, 0xfc, 0x02, 0x36, 0x5b, 0x25, 0x55, 0x97, 0x31, 0x2d, 0x5d, 0xfa,
        0x98, 0xe3, 0x8a, 0x92, 0xae, 0x05, 0xdf, 0x29, 0x10, 0x67, 0x6c, 0xba, 0xc9, 0xd3, 0x00,
        0xe6, 0xcf, 0xe1, 0x9e, 0xa8, 0x2c, 0x63, 0x16, 0x01, 0x3f, 0x58, 0xe2, 0x89, 0xa9, 0x0d,
        0x38, 0x34, 0x1b, 0xab, 0x33, 0xff, 0xb0, 0xbb, 0x48, 0x0c, 0x5f, 0xb9, 0xb1, 0xcd, 0x2e,
        0xc5, 0xf3, 0xdb, 0x47, 0xe5, 0xa5, 0x9c, 0x77, 0x0a, 0xa6, 0x20, 0x68, 0xfe, 0x7f, 0xc1,
        0xad,
    ]
}

/// RC4, which encrypts and decrypts alike.
enum RC4 {
    /// The bytes with the key's stream laid over them; nil for a key that cannot be.
    static func apply(key: [UInt8], to bytes: [UInt8]) -> [UInt8]? {
        guard (1...256).contains(key.count) else { return nil }
        var state = (0..<256).map { UInt8(truncatingIfNeeded: $0) }
        var second = 0
        for first in 0..<256 {
            second = (second + Int(state[first]) + Int(key[first % key.count])) & 255
            state.swapAt(first, second)
        }
        var first = 0
        second = 0
        return bytes.map { byte in
            first = (first + 1) & 255
            second = (second + Int(state[first])) & 255
            state.swapAt(first, second)
            return byte ^ state[Int(state[first] &+ state[second])]
        }
    }
}
