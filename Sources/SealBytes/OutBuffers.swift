// SPDX-License-Identifier: Apache-2.0
// What is to be sent, one growing buffer for each connection's slot. An idle connection has no
// memory here: it comes from a pool with the first byte and goes back when all was sent.

/// The out-buffers of a partition's connections.
public struct OutBuffers: ~Copyable {
    @usableFromInline
    struct Row {
        @usableFromInline var start: UnsafeMutableRawPointer?
        @usableFromInline var head: Int
        @usableFromInline var tail: Int
        @usableFromInline var capacity: Int
    }

    @usableFromInline var rows: UnsafeMutablePointer<Row>
    @usableFromInline var rowCount: Int
    private var pool: BufferPool

    /// Makes an empty set.
    public init() {
        rowCount = 16
        // SAFETY: every row is initialised here or in `grow`, and freed in `deinit`.
        unsafe rows = .allocate(capacity: 16)
        unsafe rows.initialize(repeating: Row(start: nil, head: 0, tail: 0, capacity: 0), count: 16)
        pool = BufferPool()
    }

    deinit {
        for index in 0..<rowCount {
            // SAFETY: a row's block was allocated by the pool and is owned by the row alone.
            unsafe rows[index].start?.deallocate()
        }
        unsafe rows.deallocate()
    }

    /// How many bytes wait in a slot.
    @inlinable
    public func count(_ slot: Int) -> Int {
        guard slot >= 0, slot < rowCount else { return 0 }
        // SAFETY: the guard above.
        return unsafe rows[slot].tail &- rows[slot].head
    }

    /// Appends bytes.
    @inlinable
    public mutating func append(_ slot: Int, _ bytes: RawSpan) {
        let count = bytes.byteCount
        guard count > 0 else { return }
        // SAFETY: `room` returns `count` writable bytes, and both ranges are distinct.
        let target = unsafe room(slot, count)
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe target.copyMemory(from: start, byteCount: count)
        }
    }

    /// Appends a packet made once for many receivers, with this receiver's first byte and id.
    @inlinable
    public mutating func append(
        _ slot: Int,
        _ packet: RawSpan,
        firstByte: UInt8,
        packetID: UInt16,
        at offset: Int
    ) {
        let count = packet.byteCount
        guard count >= 2, offset >= 1, offset &+ 2 <= count else { return }
        // SAFETY: `room` returns `count` bytes; the guard keeps the patched places inside.
        let target = unsafe room(slot, count)
        unsafe packet.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe target.copyMemory(from: start, byteCount: count)
        }
        unsafe target.storeBytes(of: firstByte, as: UInt8.self)
        unsafe (target + offset).storeBytes(of: packetID.bigEndian, as: UInt16.self)
    }

    /// Appends a packet with another first byte.
    @inlinable
    public mutating func append(_ slot: Int, _ packet: RawSpan, firstByte: UInt8) {
        let count = packet.byteCount
        guard count >= 1 else { return }
        // SAFETY: `room` returns `count` bytes, at least one.
        let target = unsafe room(slot, count)
        unsafe packet.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe target.copyMemory(from: start, byteCount: count)
        }
        unsafe target.storeBytes(of: firstByte, as: UInt8.self)
    }

    /// Appends up to eight bytes given as a word, the most significant of the `count` first.
    @inlinable
    public mutating func append(_ slot: Int, word: UInt64, count: Int) {
        guard count > 0, count <= 8 else { return }
        // SAFETY: `room` returns `count` writable bytes.
        let target = unsafe room(slot, count)
        var index = 0
        while index < count {
            let shift = UInt64((count &- 1 &- index) &* 8)
            unsafe (target + index).storeBytes(
                of: UInt8(truncatingIfNeeded: word &>> shift),
                as: UInt8.self
            )
            index &+= 1
        }
    }

    /// Lends the waiting bytes of a slot.
    @inlinable
    public func withBytes<Result>(
        _ slot: Int,
        _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        guard slot >= 0, slot < rowCount, let start = unsafe rows[slot].start else {
            return unsafe body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        // SAFETY: head and tail lie inside the block; the pointer is only lent.
        let row = unsafe rows[slot]
        return unsafe body(
            UnsafeRawBufferPointer(start: start + row.head, count: row.tail - row.head)
        )
    }

    /// Says that the first `count` waiting bytes were sent.
    public mutating func consume(_ slot: Int, _ count: Int) {
        guard slot >= 0, slot < rowCount, count > 0 else { return }
        // SAFETY: the guard above; `min` keeps the head at or before the tail.
        unsafe rows[slot].head = unsafe min(rows[slot].head &+ count, rows[slot].tail)
        if unsafe rows[slot].head == rows[slot].tail { release(slot) }
    }

    /// Forgets what waits in a slot and gives its memory back to the pool.
    public mutating func release(_ slot: Int) {
        guard slot >= 0, slot < rowCount, let start = unsafe rows[slot].start else { return }
        // SAFETY: the row owned the block; the pool owns it from here on.
        unsafe pool.give(start, capacity: rows[slot].capacity)
        unsafe rows[slot] = Row(start: nil, head: 0, tail: 0, capacity: 0)
    }

    /// Writable memory for `count` bytes more at the end of a slot's buffer.
    @inlinable
    mutating func room(_ slot: Int, _ count: Int) -> UnsafeMutableRawPointer {
        precondition(slot >= 0, "a slot is never negative")
        if slot < rowCount, let start = unsafe rows[slot].start {
            let tail = unsafe rows[slot].tail
            if unsafe rows[slot].capacity &- tail >= count {
                // SAFETY: the comparison above proved that the block has the room.
                unsafe rows[slot].tail = tail &+ count
                return unsafe start + tail
            }
        }
        return unsafe enlarge(slot, count)
    }

    @usableFromInline
    mutating func enlarge(_ slot: Int, _ count: Int) -> UnsafeMutableRawPointer {
        if slot >= rowCount { grow(to: slot + 1) }
        // SAFETY: `grow` made the row; the old block's waiting bytes fit the larger new one.
        let row = unsafe rows[slot]
        let waiting = row.tail - row.head
        let (start, capacity) = pool.take(waiting + count)
        if let old = row.start {
            unsafe start.copyMemory(from: old + row.head, byteCount: waiting)
            unsafe pool.give(old, capacity: row.capacity)
        }
        unsafe rows[slot] = Row(start: start, head: 0, tail: waiting + count, capacity: capacity)
        return unsafe start + waiting
    }

    private mutating func grow(to wanted: Int) {
        var larger = rowCount
        while larger < wanted { larger *= 2 }
        move(to: larger)
    }

    /// Moves the rows into a block of another size; rows that are cut off have no memory.
    private mutating func move(to size: Int) {
        let moved = UnsafeMutablePointer<Row>.allocate(capacity: size)
        let kept = min(rowCount, size)
        // SAFETY: the kept rows move, and the rest is initialised empty.
        unsafe moved.moveInitialize(from: rows, count: kept)
        unsafe (moved + kept).initialize(
            repeating: Row(start: nil, head: 0, tail: 0, capacity: 0),
            count: size - kept
        )
        unsafe rows.deallocate()
        unsafe rows = moved
        rowCount = size
    }

    /// Gives memory back that a crowd which has gone left behind: rows of slots that there are no
    /// more, and blocks kept for reuse.
    public mutating func tidy(slots: Int) {
        pool.empty()
        var size = rowCount
        // SAFETY: the index stays below `rowCount`.
        while size > 16, size / 2 >= slots,
            (size / 2..<size).allSatisfy({ index in
                unsafe rows[index].start == nil
            })
        {
            size /= 2
        }
        if size < rowCount { move(to: size) }
    }
}

/// Memory blocks in a few sizes, kept for reuse up to a bound.
struct BufferPool: ~Copyable {
    private static let smallest = 2048
    private static let classCount = 12
    private static let keptBytesMax = 16 << 20
    private var kept: [[UnsafeMutableRawPointer]]
    private var keptBytes = 0

    init() {
        kept = Array(repeating: [], count: Self.classCount)
    }

    deinit {
        for blocks in kept {
            // SAFETY: kept blocks are owned by the pool alone.
            for block in blocks { unsafe block.deallocate() }
        }
    }

    /// Gives all kept blocks back to the system.
    mutating func empty() {
        for index in kept.indices {
            // SAFETY: kept blocks are owned by the pool alone.
            for block in unsafe kept[index] { unsafe block.deallocate() }
            unsafe kept[index] = []
        }
        keptBytes = 0
    }

    // SAFETY: a block taken leaves `kept`, so it has one owner: the caller.
    mutating func take(_ bytes: Int) -> (UnsafeMutableRawPointer, Int) {
        var index = 0
        var size = Self.smallest
        while size < bytes {
            size *= 2
            index += 1
        }
        if index < Self.classCount, let block = unsafe kept[index].popLast() {
            keptBytes -= size
            return unsafe (block, size)
        }
        return (.allocate(byteCount: size, alignment: 16), size)
    }

    // SAFETY: the caller gives up the block it took, and does not use it again.
    mutating func give(_ block: UnsafeMutableRawPointer, capacity: Int) {
        var index = 0
        var size = Self.smallest
        while size < capacity {
            size *= 2
            index += 1
        }
        // SAFETY: the caller hands over a block that nobody else knows.
        if index < Self.classCount, keptBytes + size <= Self.keptBytesMax {
            unsafe kept[index].append(block)
            keptBytes += size
        } else {
            unsafe block.deallocate()
        }
    }
}
