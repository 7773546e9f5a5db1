// SPDX-License-Identifier: Apache-2.0
// Deadlines by the thousand: setting, cancelling and expiry each cost a constant. The wheel reads
// no clock. A timer that is cancelled leaves nothing behind.

/// A hierarchical timing wheel with ticks of one millisecond.
public struct TimerWheel {
    /// A deadline and what its owner wants to be told when it has passed.
    public struct Timer: Sendable, Equatable {
        /// When it is due, in milliseconds.
        public var deadline: UInt64
        /// What kind of timer it is, in its owner's numbering.
        public var kind: UInt8
        /// What it is about, usually a handle's word.
        public var subject: UInt64
    }

    /// Names a timer that waits; of one that has fired or was cancelled it means nothing.
    public struct Name: Sendable, Equatable {
        fileprivate var place: UInt32
        fileprivate var number: UInt32

        /// Names no timer.
        public static let none = Name(place: .max, number: 0)
    }

    /// A timer in the circle of those that share a slot of the wheel.
    private struct Node {
        var timer: Timer
        /// 0 while the place is free.
        var number: UInt32
        var next: UInt32
        var previous: UInt32
        var slot: UInt16
    }

    private static let levelCount = 6
    private static let bits: UInt64 = 6
    private static let mask: UInt64 = 63
    private static let nobody = UInt32.max
    /// Fewer places than these are not given back.
    private static let placesMin = 256

    private var nodes: [Node] = []
    private var free: [UInt32] = []
    /// The first timer of each slot; the last one is before it in the circle.
    private var heads: [UInt32]
    private var occupied: [UInt64]
    private var now: UInt64
    private var lastNumber: UInt32 = 0
    /// With so few timers it is looked whether memory can be given back.
    private var trimBelow = 0

    /// How many timers wait.
    public private(set) var count = 0

    /// Timers that there is memory for.
    var placeCount: Int { nodes.count }

    /// Starts the wheel at a time.
    public init(now: UInt64) {
        heads = Array(repeating: Self.nobody, count: Self.levelCount * 64)
        occupied = Array(repeating: 0, count: Self.levelCount)
        self.now = now
    }

    /// Sets a timer; one that is already due fires with the next `advance`.
    @discardableResult
    public mutating func insert(_ deadline: UInt64, kind: UInt8, subject: UInt64) -> Name {
        let timer = Timer(deadline: deadline, kind: kind, subject: subject)
        lastNumber = lastNumber == .max ? 1 : lastNumber + 1
        let node = Node(timer: timer, number: lastNumber, next: 0, previous: 0, slot: 0)
        let place: UInt32
        if let reused = free.popLast() {
            place = reused
            nodes[Int(place)] = node
        } else {
            place = UInt32(truncatingIfNeeded: nodes.count)
            nodes.append(node)
            trimBelow = max(trimBelow, nodes.count / 4)
        }
        link(place, at: slot(for: deadline))
        count += 1
        return Name(place: place, number: lastNumber)
    }

    /// Takes a timer back; one that has fired or was cancelled before is no fault.
    public mutating func cancel(_ name: Name) {
        let place = Int(name.place)
        guard place < nodes.count, name.number != 0, nodes[place].number == name.number else {
            return
        }
        unlink(name.place)
        release(name.place)
    }

    /// Moves the wheel on and hands out every timer that is due by then, earlier ones first.
    public mutating func advance(to time: UInt64, _ fire: (Timer) -> Void) {
        while now < time {
            if count == 0 {
                now = time
                return
            }
            now = min(nextStop(), time)
            for level in stride(from: Self.levelCount - 1, to: 0, by: -1) {
                let shift = Self.bits * UInt64(level)
                if now & ((1 &<< shift) &- 1) == 0 { cascade(level, Int((now &>> shift) & 63)) }
            }
            let slot = Int(now & Self.mask)
            guard occupied[0] & (1 &<< UInt64(slot)) != 0 else { continue }
            for place in take(slot) {
                let timer = nodes[Int(place)].timer
                if timer.deadline > now {
                    link(place, at: self.slot(for: timer.deadline))
                } else {
                    release(place)
                    fire(timer)
                }
            }
        }
    }

    /// When the wheel must next be advanced, at the latest; nil when nothing waits.
    public var nextDeadline: UInt64? { count == 0 ? nil : nextStop() }

    /// The first tick ahead at which any level's next occupied slot begins.
    private func nextStop() -> UInt64 {
        var stop = UInt64.max
        for level in 0..<Self.levelCount where occupied[level] != 0 {
            let shift = Self.bits * UInt64(level)
            let place = now &>> shift
            // Rotated so that the slot after the present one is bit 0.
            let turn = (place &+ 1) & Self.mask
            let word = occupied[level]
            let ahead = turn == 0 ? word : word &>> turn | word &<< (64 &- turn)
            let step = UInt64(ahead.trailingZeroBitCount) &+ 1
            stop = min(stop, (place &+ step) &<< shift)
        }
        return stop
    }

    /// The slot of a deadline that lies ahead.
    private func slot(for deadline: UInt64) -> Int {
        let due = max(deadline, now &+ 1)
        var level = 0
        while level < Self.levelCount - 1 {
            // The slot must lie ahead within this level's present turn or the next.
            let shift = Self.bits * UInt64(level)
            if (due &>> shift) &- (now &>> shift) < 64 { break }
            level += 1
        }
        let shift = Self.bits * UInt64(level)
        let ahead = min((due &>> shift) &- (now &>> shift), 63)
        return level * 64 + Int(((now &>> shift) &+ ahead) & Self.mask)
    }

    private mutating func cascade(_ level: Int, _ slot: Int) {
        guard occupied[level] & (1 &<< UInt64(slot)) != 0 else { return }
        for place in take(level * 64 + slot) {
            let deadline = nodes[Int(place)].timer.deadline
            // What is due at this very tick goes into the slot about to be read.
            link(place, at: deadline <= now ? Int(now & Self.mask) : self.slot(for: deadline))
        }
    }

    /// Puts a timer behind the others of a slot.
    private mutating func link(_ place: UInt32, at slot: Int) {
        let head = heads[slot]
        nodes[Int(place)].slot = UInt16(truncatingIfNeeded: slot)
        if head == Self.nobody {
            nodes[Int(place)].next = place
            nodes[Int(place)].previous = place
            heads[slot] = place
            occupied[slot / 64] |= 1 &<< UInt64(slot % 64)
            return
        }
        let last = nodes[Int(head)].previous
        nodes[Int(place)].next = head
        nodes[Int(place)].previous = last
        nodes[Int(last)].next = place
        nodes[Int(head)].previous = place
    }

    private mutating func unlink(_ place: UInt32) {
        let node = nodes[Int(place)]
        let slot = Int(node.slot)
        if node.next == place {
            heads[slot] = Self.nobody
            occupied[slot / 64] &= ~(1 &<< UInt64(slot % 64))
            return
        }
        nodes[Int(node.previous)].next = node.next
        nodes[Int(node.next)].previous = node.previous
        if heads[slot] == place { heads[slot] = node.next }
    }

    /// Empties a slot; its timers, in the order in which they were set.
    private mutating func take(_ slot: Int) -> [UInt32] {
        let head = heads[slot]
        guard head != Self.nobody else { return [] }
        heads[slot] = Self.nobody
        occupied[slot / 64] &= ~(1 &<< UInt64(slot % 64))
        var taken: [UInt32] = []
        var place = head
        repeat {
            taken.append(place)
            place = nodes[Int(place)].next
        } while place != head
        return taken
    }

    /// A timer's place is free.
    private mutating func release(_ place: UInt32) {
        nodes[Int(place)].number = 0
        free.append(place)
        count -= 1
        if nodes.count > Self.placesMin, count <= trimBelow { trim() }
    }

    /// Gives back the memory of free places at the end; those before are used first from now on.
    private mutating func trim() {
        trimBelow = count / 2
        var used = nodes.count
        while used > 0, nodes[used - 1].number == 0 { used -= 1 }
        if used * 2 <= nodes.count {
            nodes = Array(nodes[..<used])
            free = free.filter { Int($0) < used }
        }
        free.sort(by: >)
    }
}
