// SPDX-License-Identifier: Apache-2.0
// The timer wheel against the obvious list of deadlines.

import Testing

@testable import SealBytes

@Suite("Timer wheel")
struct TimerWheelTests {
    @Test("every timer fires once, never early, and by the first advance at or after its deadline")
    func firesExactly() {
        var dice = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            let start = UInt64.random(in: 0...1_000_000, using: &dice)
            var wheel = TimerWheel(now: start)
            var waiting: [UInt64: UInt64] = [:]
            var now = start
            var next: UInt64 = 0
            for _ in 0..<400 {
                for _ in 0..<Int.random(in: 0...3, using: &dice) {
                    let span: UInt64 = [1, 10, 100, 5000, 100_000, 90_000_000].randomElement() ?? 1
                    let deadline = now + UInt64.random(in: 0...span, using: &dice)
                    wheel.insert(deadline, kind: 1, subject: next)
                    waiting[next] = deadline
                    next += 1
                }
                let steps: [UInt64] = [1, 7, 64, 500, 10_000, 30_000_000]
                let step = steps.randomElement() ?? 1
                let until = now + UInt64.random(in: 1...step, using: &dice)
                if let announced = wheel.nextDeadline, let first = waiting.values.min() {
                    #expect(announced <= max(first, now + 1))
                }
                var last: UInt64 = 0
                wheel.advance(to: until) { timer in
                    #expect(waiting[timer.subject] == timer.deadline)
                    #expect(timer.deadline <= until)
                    #expect(timer.deadline >= last || timer.deadline <= now)
                    last = max(last, timer.deadline)
                    waiting[timer.subject] = nil
                }
                now = until
                for deadline in waiting.values { #expect(deadline > now || deadline == now) }
                #expect(!waiting.values.contains { $0 < now })
                #expect(wheel.count == waiting.count)
            }
        }
    }

    @Test("what is cancelled never fires, what is not fires once, in any order of both")
    func cancels() {
        var dice = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            var wheel = TimerWheel(now: 0)
            var names: [UInt64: TimerWheel.Name] = [:]
            var now: UInt64 = 0
            for round in 0..<400 {
                let subject = UInt64(round)
                let span: UInt64 = [1, 100, 5000, 90_000_000].randomElement() ?? 1
                let deadline = now + UInt64.random(in: 0...span, using: &dice)
                names[subject] = wheel.insert(deadline, kind: 1, subject: subject)
                if Bool.random(using: &dice), let gone = names.keys.randomElement() {
                    wheel.cancel(names[gone] ?? .none)
                    // A second time means nothing, not even for whoever has the place now.
                    wheel.cancel(names[gone] ?? .none)
                    names[gone] = nil
                }
                now += UInt64.random(in: 0...3000, using: &dice)
                wheel.advance(to: now) { timer in
                    #expect(names[timer.subject] != nil, "a cancelled timer fired")
                    names[timer.subject] = nil
                }
                #expect(wheel.count == names.count)
            }
        }
    }

    @Test("a cancelled timer leaves no memory behind, and a crowd that has gone gives it back")
    func givesBack() {
        var wheel = TimerWheel(now: 0)
        for round in 0..<1_000_000 {
            wheel.cancel(wheel.insert(98_000_000, kind: 1, subject: UInt64(round)))
        }
        #expect(wheel.placeCount == 1)
        let keeper = wheel.insert(98_000_000, kind: 1, subject: 0)
        let crowd = (0..<100_000).map { wheel.insert(98_000_000, kind: 1, subject: $0) }
        for name in crowd { wheel.cancel(name) }
        #expect(wheel.placeCount <= 256)
        #expect(wheel.count == 1)
        wheel.cancel(keeper)
        #expect(wheel.nextDeadline == nil)
    }
}
