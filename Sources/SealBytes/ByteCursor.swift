// SPDX-License-Identifier: Apache-2.0
// Reading bytes that a peer sent: every read is bounds-checked and can only fail, never trap.

/// The bytes ended before the thing to read was complete.
public struct EndOfBytes: Error, Equatable, Sendable {
    /// Makes the error.
    @inlinable public init() {}
}

/// A position in borrowed bytes, moving forward only.
public struct ByteCursor: ~Escapable {
    /// The whole range that is read.
    public let bytes: RawSpan

    @usableFromInline var position: Int

    /// How many bytes were read already.
    @inlinable public var offset: Int { position }

    /// Starts at the first of `bytes`.
    @inlinable
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) {
        self.bytes = bytes
        position = 0
    }

    /// How many bytes are left.
    @inlinable public var remaining: Int { bytes.byteCount &- position }

    /// Whether all was read.
    @inlinable public var isAtEnd: Bool { position >= bytes.byteCount }

    /// Reads one byte.
    @inlinable
    @_lifetime(self: copy self)
    public mutating func readUInt8() throws(EndOfBytes) -> UInt8 {
        guard remaining >= 1 else { throw EndOfBytes() }
        // SAFETY: the guard above proved that the position lies inside the span.
        let value = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: position, as: UInt8.self)
        position &+= 1
        return value
    }

    /// Reads two bytes, the most significant first.
    @inlinable
    @_lifetime(self: copy self)
    public mutating func readUInt16() throws(EndOfBytes) -> UInt16 {
        guard remaining >= 2 else { throw EndOfBytes() }
        // SAFETY: the guard above proved that both bytes lie inside the span.
        let value = unsafe bytes.unsafeLoadUnaligned(
            fromUncheckedByteOffset: position,
            as: UInt16.self
        )
        position &+= 2
        return UInt16(bigEndian: value)
    }

    /// Reads four bytes, the most significant first.
    @inlinable
    @_lifetime(self: copy self)
    public mutating func readUInt32() throws(EndOfBytes) -> UInt32 {
        guard remaining >= 4 else { throw EndOfBytes() }
        // SAFETY: the guard above proved that the four bytes lie inside the span.
        let value = unsafe bytes.unsafeLoadUnaligned(
            fromUncheckedByteOffset: position,
            as: UInt32.self
        )
        position &+= 4
        return UInt32(bigEndian: value)
    }

    /// Reads eight bytes, the most significant first.
    @inlinable
    @_lifetime(self: copy self)
    public mutating func readUInt64() throws(EndOfBytes) -> UInt64 {
        guard remaining >= 8 else { throw EndOfBytes() }
        // SAFETY: the guard above proved that the eight bytes lie inside the span.
        let value = unsafe bytes.unsafeLoadUnaligned(
            fromUncheckedByteOffset: position,
            as: UInt64.self
        )
        position &+= 8
        return UInt64(bigEndian: value)
    }

    /// Takes the next `count` bytes without copying them.
    @inlinable
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    public mutating func readSpan(_ count: Int) throws(EndOfBytes) -> RawSpan {
        guard count >= 0, remaining >= count else { throw EndOfBytes() }
        let start = position
        position &+= count
        return bytes.extracting(start..<position)
    }

    /// Takes everything that is left without copying it.
    @inlinable
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    public mutating func readRest() -> RawSpan {
        let start = position
        position = bytes.byteCount
        return bytes.extracting(start..<position)
    }

    /// Passes over `count` bytes.
    @inlinable
    @_lifetime(self: copy self)
    public mutating func skip(_ count: Int) throws(EndOfBytes) {
        guard count >= 0, remaining >= count else { throw EndOfBytes() }
        position &+= count
    }
}

extension RawSpan {
    /// The byte at `index`; the caller has checked the bounds, and the span checks them again.
    @inlinable
    public func byte(_ index: Int) -> UInt8 {
        precondition(index >= 0 && index < byteCount, "a byte outside of its span was asked for")
        // SAFETY: the precondition above.
        return unsafe unsafeLoad(fromUncheckedByteOffset: index, as: UInt8.self)
    }

    /// A copy of the bytes.
    @inlinable
    public func copied() -> [UInt8] {
        // SAFETY: the pointer does not leave the closure.
        unsafe withUnsafeBytes { unsafe [UInt8]($0) }
    }

    /// Whether both hold the same bytes.
    @inlinable
    public func equals(_ other: RawSpan) -> Bool {
        guard byteCount == other.byteCount else { return false }
        if byteCount == 0 { return true }
        // SAFETY: both pointers are valid for `byteCount` bytes inside the closures.
        return unsafe withUnsafeBytes { mine in
            unsafe other.withUnsafeBytes { theirs in
                unsafe sameBytes(mine, theirs)
            }
        }
    }

    /// Whether the span holds the same bytes as the array.
    @inlinable
    public func equals(_ other: [UInt8]) -> Bool {
        guard byteCount == other.count else { return false }
        return equals(other.span.bytes)
    }
}
