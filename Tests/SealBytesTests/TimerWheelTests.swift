// SPDX-License-Identifier: Apache-2.0
// The timer wheel against the obvious list of deadlines.

import SealBytes
import Testing

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
}
