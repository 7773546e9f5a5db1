// SPDX-License-Identifier: Apache-2.0
// A table whose rows are named by slot and generation: a handle costs no retain and cannot
// dangle, because a reused slot has another generation.

/// Names a row of a `SlotTable`.
public struct Handle: Hashable, Sendable {
    /// The row's place.
    public let slot: UInt32
    /// Which of the successive tenants of the place is meant.
    public let generation: UInt32

    /// Makes a handle; only tables and tests have a reason to.
    @inlinable
    public init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    /// A handle that names nothing.
    public static let none = Handle(slot: .max, generation: 0)

    /// Both numbers in one word, for places that hold only a word (epoll, maps).
    @inlinable public var word: UInt64 { UInt64(generation) &<< 32 | UInt64(slot) }

    /// The handle that `word` was made from.
    @inlinable
    public init(word: UInt64) {
        slot = UInt32(truncatingIfNeeded: word)
        generation = UInt32(truncatingIfNeeded: word &>> 32)
    }
}

/// Rows in stable places, found by handle.
///
/// A place's generation is odd while a row lives there and even while it is free.
public struct SlotTable<Row: ~Copyable>: ~Copyable {
    @usableFromInline var rows: UnsafeMutablePointer<Row>
    @usableFromInline var generations: UnsafeMutablePointer<UInt32>
    @usableFromInline var capacity: Int
    @usableFromInline var used: Int
    private var free: [UInt32]
    /// Where places begin that are new, or new again: above all that were given back.
    private var firstGeneration: UInt32 = 0
    /// With so few rows it is looked whether memory can be given back.
    private var trimBelow = 0

    /// Fewer places than these are not given back.
    private static var placesMin: Int { 256 }

    /// How many rows are taken.
    public private(set) var count: Int

    /// Makes an empty table.
    public init() {
        capacity = 16
        // SAFETY: rows are initialised exactly while their generation is odd; see `deinit`.
        unsafe rows = .allocate(capacity: 16)
        unsafe generations = .allocate(capacity: 16)
        unsafe generations.initialize(repeating: 0, count: 16)
        free = []
        used = 0
        count = 0
    }

    deinit {
        for slot in 0..<used {
            // SAFETY: an odd generation says that the row is initialised.
            if unsafe generations[slot] & 1 == 1 { unsafe (rows + slot).deinitialize(count: 1) }
        }
        // SAFETY: both blocks were allocated by this table.
        unsafe rows.deallocate()
        unsafe generations.deallocate()
    }

    /// Puts a row into a free place.
    public mutating func insert(_ row: consuming Row) -> Handle {
        let slot: Int
        if let reused = free.popLast() {
            slot = Int(reused)
        } else {
            if used == capacity { grow() }
            slot = used
            used += 1
        }
        // SAFETY: `slot` is below `capacity`, and its row is not initialised: it was free.
        unsafe (rows + slot).initialize(to: row)
        unsafe generations[slot] &+= 1
        count += 1
        return unsafe Handle(slot: UInt32(slot), generation: generations[slot])
    }

    /// Takes the row out; its handle names nothing from now on.
    public mutating func remove(_ handle: Handle) -> Row? {
        guard contains(handle) else { return nil }
        let slot = Int(handle.slot)
        free.append(handle.slot)
        count -= 1
        // SAFETY: `contains` proved that a row is initialised here; it is moved out.
        unsafe generations[slot] &+= 1
        let row = unsafe (rows + slot).move()
        if capacity > Self.placesMin, count <= trimBelow { trim() }
        return row
    }

    /// How many rows there is memory for.
    public var places: Int { capacity }

    /// Gives back the memory of free places at the end; those before are used first from now on.
    private mutating func trim() {
        trimBelow = count / 2
        var last = used
        // SAFETY: `last` stays between 0 and `used`; free places have an even generation.
        while last > 0, unsafe generations[last - 1] & 1 == 0 { last -= 1 }
        var smaller = 16
        while smaller < last { smaller *= 2 }
        if smaller * 2 <= capacity {
            for slot in last..<used {
                firstGeneration = unsafe max(firstGeneration, generations[slot])
            }
            used = last
            move(to: smaller)
            free = free.filter { Int($0) < last }
        }
        free.sort(by: >)
    }

    /// Whether the handle still names a row.
    @inlinable
    public func contains(_ handle: Handle) -> Bool {
        // SAFETY: the first comparison keeps the slot below `used`.
        unsafe Int(handle.slot) < used && generations[Int(handle.slot)] == handle.generation
            && handle.generation & 1 == 1
    }

    /// The handle of the row that lives at `slot` now.
    @inlinable
    public func handle(at slot: Int) -> Handle? {
        // SAFETY: the first comparisons keep the slot below `used`.
        guard slot >= 0, slot < used, unsafe generations[slot] & 1 == 1 else { return nil }
        return unsafe Handle(slot: UInt32(slot), generation: generations[slot])
    }

    /// The row of a handle that is known to be in use, for working in place.
    @inlinable
    public subscript(_ handle: Handle) -> Row {
        unsafeAddress {
            precondition(contains(handle), "a handle was used after its row was removed")
            // SAFETY: the precondition above.
            return unsafe UnsafePointer(rows + Int(handle.slot))
        }
        unsafeMutableAddress {
            precondition(contains(handle), "a handle was used after its row was removed")
            // SAFETY: the precondition above.
            return unsafe rows + Int(handle.slot)
        }
    }

    /// All handles in use, in the order of their slots.
    public var handles: [Handle] {
        var all: [Handle] = []
        all.reserveCapacity(count)
        for slot in 0..<used {
            if let handle = handle(at: slot) { all.append(handle) }
        }
        return all
    }

    private mutating func grow() { move(to: capacity * 2) }

    /// Moves the rows into blocks of another size, which is not below `used`.
    private mutating func move(to size: Int) {
        let newRows = UnsafeMutablePointer<Row>.allocate(capacity: size)
        for slot in 0..<used {
            // SAFETY: an odd generation says that the row is initialised; it moves once.
            if unsafe generations[slot] & 1 == 1 {
                unsafe (newRows + slot).moveInitialize(from: rows + slot, count: 1)
            }
        }
        // SAFETY: nothing initialised is left in the old block.
        unsafe rows.deallocate()
        unsafe rows = newRows
        let newGenerations = UnsafeMutablePointer<UInt32>.allocate(capacity: size)
        // SAFETY: what is in use of the old block is copied, and the rest of the new one is set.
        unsafe newGenerations.moveInitialize(from: generations, count: used)
        unsafe (newGenerations + used).initialize(repeating: firstGeneration, count: size - used)
        unsafe generations.deallocate()
        unsafe generations = newGenerations
        capacity = size
        trimBelow = size / 4
    }
}
