// SPDX-License-Identifier: Apache-2.0
// Deadlines by the thousand: insertion and expiry cost a constant. The wheel reads no clock, and
// nothing is ever cancelled: who set a timer checks, when it fires, whether it still matters.

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

    private static let levelCount = 6
    private static let bits: UInt64 = 6
    private static let mask: UInt64 = 63

    private var slots: [[Timer]]
    private var occupied: [UInt64]
    private var now: UInt64

    /// How many timers wait.
    public private(set) var count = 0

    /// Starts the wheel at a time.
    public init(now: UInt64) {
        slots = Array(repeating: [], count: Self.levelCount * 64)
        occupied = Array(repeating: 0, count: Self.levelCount)
        self.now = now
    }

    /// Sets a timer; one that is already due fires with the next `advance`.
    public mutating func insert(_ deadline: UInt64, kind: UInt8, subject: UInt64) {
        place(Timer(deadline: deadline, kind: kind, subject: subject))
        count += 1
    }

    private mutating func place(_ timer: Timer) {
        let due = max(timer.deadline, now &+ 1)
        var level = 0
        while level < Self.levelCount - 1 {
            // The slot must lie ahead within this level's present turn or the next.
            let shift = Self.bits * UInt64(level)
            if (due &>> shift) &- (now &>> shift) < 64 { break }
            level += 1
        }
        let shift = Self.bits * UInt64(level)
        let ahead = min((due &>> shift) &- (now &>> shift), 63)
        let slot = Int(((now &>> shift) &+ ahead) & Self.mask)
        slots[level * 64 + slot].append(timer)
        occupied[level] |= 1 &<< UInt64(slot)
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
            let due = take(0, slot)
            for timer in due {
                if timer.deadline > now {
                    place(timer)
                } else {
                    count -= 1
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

    private mutating func cascade(_ level: Int, _ slot: Int) {
        guard occupied[level] & (1 &<< UInt64(slot)) != 0 else { return }
        for timer in take(level, slot) { placeDue(timer) }
    }

    /// Like `place`, but what is due at this very tick goes into the slot about to be read.
    private mutating func placeDue(_ timer: Timer) {
        guard timer.deadline <= now else { return place(timer) }
        let slot = Int(now & Self.mask)
        slots[slot].append(timer)
        occupied[0] |= 1 &<< UInt64(slot)
    }

    private mutating func take(_ level: Int, _ slot: Int) -> [Timer] {
        occupied[level] &= ~(1 &<< UInt64(slot))
        let index = level * 64 + slot
        let taken = slots[index]
        slots[index] = []
        return taken
    }
}
