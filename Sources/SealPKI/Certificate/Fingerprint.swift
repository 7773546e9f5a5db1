// SPDX-License-Identifier: Apache-2.0
// The SHA-256 of a certificate's DER, as a small value that tables can be keyed by.

internal import SealBytes

/// A SHA-256 digest of 32 bytes.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
    /// The digest in four words, the first bytes in the most significant places.
    public let words: (UInt64, UInt64, UInt64, UInt64)

    /// Takes 32 bytes; anything else is no fingerprint.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var all: [UInt64] = [0, 0, 0, 0]
        for (index, byte) in bytes.enumerated() {
            all[index / 8] = all[index / 8] << 8 | UInt64(byte)
        }
        words = (all[0], all[1], all[2], all[3])
    }

    /// Takes 32 bytes of an array, which is what logins have, without the cost of a general
    /// collection; anything else is no fingerprint.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        func word(_ start: Int) -> UInt64 {
            var word: UInt64 = 0
            for index in start..<(start + 8) { word = word << 8 | UInt64(bytes[index]) }
            return word
        }
        words = (word(0), word(8), word(16), word(24))
    }

    /// Reads 64 hexadecimal digits, with or without colons between the bytes.
    public init?(hexadecimal text: String) {
        guard let bytes = Hex.decode(String(text.filter { $0 != ":" })) else { return nil }
        self.init(bytes)
    }

    /// Takes the words of a digest as they lie in memory.
    package init(bigEndianWords words: (UInt64, UInt64, UInt64, UInt64)) {
        self.words = (
            UInt64(bigEndian: words.0), UInt64(bigEndian: words.1), UInt64(bigEndian: words.2),
            UInt64(bigEndian: words.3)
        )
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        var all: [UInt8] = []
        all.reserveCapacity(32)
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: 56, through: 0, by: -8) {
                all.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return all
    }

    /// 64 lower-case hexadecimal digits.
    public var description: String { Hex.encode(bytes) }

    /// Whether both are the same digest.
    public static func == (left: Fingerprint, right: Fingerprint) -> Bool {
        left.words == right.words
    }

    /// Puts the digest into a hash; a digest is well mixed, so one word does.
    public func hash(into hasher: inout Hasher) { hasher.combine(words.0 ^ words.3) }
}
