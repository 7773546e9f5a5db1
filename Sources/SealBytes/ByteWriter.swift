// SPDX-License-Identifier: Apache-2.0
// Building packets: bytes appended to one block that grows and is reused.

/// A growing block of bytes, written front to back.
public struct ByteWriter: ~Copyable {
    @usableFromInline var start: UnsafeMutableRawPointer
    @usableFromInline var capacity: Int
    /// How many bytes were written.
    @usableFromInline var written: Int

    /// Makes an empty writer.
    public init(capacity: Int = 256) {
        self.capacity = max(capacity, 16)
        // SAFETY: freed in `deinit`; `written` never passes `capacity`.
        unsafe start = .allocate(byteCount: self.capacity, alignment: 16)
        written = 0
    }

    deinit {
        // SAFETY: allocated by this writer, known to nobody else.
        unsafe start.deallocate()
    }

    /// How many bytes were written.
    @inlinable public var count: Int { written }

    /// What was written.
    @inlinable public var bytes: RawSpan {
        @_lifetime(borrow self) get {
            // SAFETY: `written` bytes at `start` are initialised and live as long as `self`.
            let span = unsafe RawSpan(
                _unsafeStart: UnsafeRawPointer(start),
                byteCount: written
            )
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// A copy of what was written.
    public func copied() -> [UInt8] { bytes.copied() }

    /// Starts over, keeping the memory.
    @inlinable
    public mutating func removeAll() { written = 0 }

    /// Forgets what was written after the first `count` bytes.
    public mutating func truncate(to count: Int) {
        if count >= 0, count < written { written = count }
    }

    /// Appends one byte.
    @inlinable
    public mutating func put(_ value: UInt8) {
        reserve(1)
        // SAFETY: `reserve` made room for the byte.
        unsafe start.storeBytes(of: value, toByteOffset: written, as: UInt8.self)
        written &+= 1
    }

    /// Appends two bytes, the most significant first.
    @inlinable
    public mutating func put(_ value: UInt16) {
        reserve(2)
        // SAFETY: `reserve` made room for the two bytes.
        unsafe start.storeBytes(of: value.bigEndian, toByteOffset: written, as: UInt16.self)
        written &+= 2
    }

    /// Appends four bytes, the most significant first.
    @inlinable
    public mutating func put(_ value: UInt32) {
        reserve(4)
        // SAFETY: `reserve` made room for the four bytes.
        unsafe start.storeBytes(of: value.bigEndian, toByteOffset: written, as: UInt32.self)
        written &+= 4
    }

    /// Appends eight bytes, the most significant first.
    @inlinable
    public mutating func put(_ value: UInt64) {
        reserve(8)
        // SAFETY: `reserve` made room for the eight bytes.
        unsafe start.storeBytes(of: value.bigEndian, toByteOffset: written, as: UInt64.self)
        written &+= 8
    }

    /// Appends bytes.
    @inlinable
    public mutating func put(_ bytes: RawSpan) {
        let count = bytes.byteCount
        guard count > 0 else { return }
        reserve(count)
        // SAFETY: `reserve` made room for the bytes, and the two ranges are distinct.
        unsafe bytes.withUnsafeBytes { source in
            guard let from = source.baseAddress else { return }
            unsafe (start + written).copyMemory(from: from, byteCount: count)
        }
        written &+= count
    }

    /// Appends bytes.
    public mutating func put(_ bytes: [UInt8]) { put(bytes.span.bytes) }

    /// Appends a text's UTF-8 bytes.
    public mutating func put(utf8 text: String) { put(Array(text.utf8)) }

    /// Writes two bytes over earlier ones.
    public mutating func patch(_ value: UInt16, at offset: Int) {
        guard offset >= 0, offset &+ 2 <= written else { return }
        // SAFETY: the guard above.
        unsafe start.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
    }

    /// Writes four bytes over earlier ones.
    public mutating func patch(_ value: UInt32, at offset: Int) {
        guard offset >= 0, offset &+ 4 <= written else { return }
        // SAFETY: the guard above.
        unsafe start.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
    }

    /// Makes room for `count` bytes more.
    @inlinable
    mutating func reserve(_ count: Int) {
        if capacity &- written < count { grow(count) }
    }

    @usableFromInline
    mutating func grow(_ count: Int) {
        var larger = capacity * 2
        while larger - written < count { larger *= 2 }
        let block = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        // SAFETY: the new block holds more than the old one's written bytes.
        unsafe block.copyMemory(from: start, byteCount: written)
        unsafe start.deallocate()
        unsafe start = block
        capacity = larger
    }
}
