// SPDX-License-Identifier: Apache-2.0
// SipHash-2-4: short texts to 64 bits under a secret key, so that nobody can make them collide.

/// SipHash-2-4 (Aumasson and Bernstein, 2012).
struct KeyedHash: Equatable {
    let low: UInt64
    let high: UInt64

    /// The hash of the bytes, with one more byte in front that says what they are.
    func hash(_ kind: UInt8, _ bytes: some Collection<UInt8>) -> UInt64 {
        var state = State(low, high)
        var word = UInt64(kind)
        var filled: UInt64 = 8
        var count: UInt64 = 1
        for byte in bytes {
            word |= UInt64(byte) &<< filled
            filled &+= 8
            count &+= 1
            if filled == 64 {
                state.take(word)
                word = 0
                filled = 0
            }
        }
        return state.finish(word | (count & 0xFF) &<< 56)
    }

    private struct State {
        var a: UInt64
        var b: UInt64
        var c: UInt64
        var d: UInt64

        init(_ low: UInt64, _ high: UInt64) {
            a = low ^ 0x736F_6D65_7073_6575
            b = high ^ 0x646F_7261_6E64_6F6D
            c = low ^ 0x6C79_6765_6E65_7261
            d = high ^ 0x7465_6462_7974_6573
        }

        private func rotated(_ word: UInt64, _ bits: UInt64) -> UInt64 {
            word &<< bits | word &>> (64 &- bits)
        }

        private mutating func round() {
            a &+= b
            b = rotated(b, 13) ^ a
            a = rotated(a, 32)
            c &+= d
            d = rotated(d, 16) ^ c
            a &+= d
            d = rotated(d, 21) ^ a
            c &+= b
            b = rotated(b, 17) ^ c
            c = rotated(c, 32)
        }

        mutating func take(_ word: UInt64) {
            d ^= word
            round()
            round()
            a ^= word
        }

        mutating func finish(_ word: UInt64) -> UInt64 {
            take(word)
            c ^= 0xFF
            for _ in 0..<4 { round() }
            return a ^ b ^ c ^ d
        }
    }
}
