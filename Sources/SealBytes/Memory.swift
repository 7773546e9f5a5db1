// SPDX-License-Identifier: Apache-2.0
// The C library's comparing and hashing of raw bytes, behind two functions.

internal import Glibc

/// Whether two ranges of the same length hold the same bytes.
@usableFromInline
func sameBytes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    guard let a = left.baseAddress, let b = right.baseAddress else { return left.count == 0 }
    // SAFETY: both ranges are valid for their count, which is equal.
    return unsafe memcmp(a, b, left.count) == 0
}

/// A fast 64-bit hash of bytes for tables that are bounded and seeded; not for secrets.
///
/// The seed comes from outside, so that a peer cannot prepare topics that collide.
@inlinable
public func hashBytes(_ bytes: RawSpan, seed: UInt64) -> UInt64 {
    var state = seed ^ (UInt64(truncatingIfNeeded: bytes.byteCount) &* 0x9E37_79B9_7F4A_7C15)
    var offset = 0
    let count = bytes.byteCount
    while offset &+ 8 <= count {
        // SAFETY: the loop's condition keeps the eight bytes inside the span.
        let word = unsafe bytes.unsafeLoadUnaligned(
            fromUncheckedByteOffset: offset,
            as: UInt64.self
        )
        state = mixHash(state ^ word)
        offset &+= 8
    }
    if offset < count {
        var word: UInt64 = 0
        var shift: UInt64 = 0
        while offset < count {
            // SAFETY: the loop's condition keeps the byte inside the span.
            let byte = unsafe bytes.unsafeLoad(
                fromUncheckedByteOffset: offset,
                as: UInt8.self
            )
            word |= UInt64(byte) &<< shift
            shift &+= 8
            offset &+= 1
        }
        state = mixHash(state ^ word)
    }
    return state ^ (state &>> 29)
}

/// One round: a full multiplication whose halves are folded together.
@inlinable
func mixHash(_ value: UInt64) -> UInt64 {
    let product = (value ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB)
    return product.high ^ product.low
}
