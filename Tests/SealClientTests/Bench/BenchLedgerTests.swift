// SPDX-License-Identifier: Apache-2.0
// The account of a measurement: what it calls lost, repeated and late, and when a window is open.

import Testing

@testable import SealClient

@Suite("A ledger") struct BenchLedgerTests {
    @Test("messages that all arrive once and in order leave nothing to complain about")
    func clean() {
        var ledger = BenchLedger(publishers: 2, receivers: 1, window: 4)
        for _ in 0..<1000 {
            for publisher in 0..<2 {
                #expect(ledger.mayPublish(publisher))
                let sequence = ledger.publish(publisher)
                let isNew1 = ledger.deliver(publisher, to: 0, sequence: sequence)
                #expect(isNew1)
            }
        }
        #expect(ledger.published == 2000)
        #expect(ledger.delivered == 2000)
        #expect(ledger.lost == 0 && ledger.duplicated == 0 && ledger.late == 0)
        #expect(ledger.isComplete)
    }

    @Test("the window is full until every receiver has got the oldest message")
    func window() {
        var ledger = BenchLedger(publishers: 1, receivers: 2, window: 2)
        let first = ledger.publish(0)
        _ = ledger.publish(0)
        #expect(!ledger.mayPublish(0))
        _ = ledger.deliver(0, to: 0, sequence: first)
        #expect(!ledger.mayPublish(0))
        #expect(ledger.undelivered(0) == 2)
        _ = ledger.deliver(0, to: 1, sequence: first)
        #expect(ledger.mayPublish(0))
    }

    @Test("a message that never came is lost, and so is the last one")
    func lost() {
        var ledger = BenchLedger(publishers: 1, receivers: 1, window: 8)
        for _ in 0..<5 { _ = ledger.publish(0) }
        for sequence: UInt64 in [0, 2, 3] { _ = ledger.deliver(0, to: 0, sequence: sequence) }
        #expect(ledger.lost == 2)
        #expect(!ledger.isComplete)
    }

    @Test("a message after its successor is late, not lost")
    func late() {
        var ledger = BenchLedger(publishers: 1, receivers: 1, window: 8)
        for _ in 0..<3 { _ = ledger.publish(0) }
        for sequence: UInt64 in [1, 0, 2] { _ = ledger.deliver(0, to: 0, sequence: sequence) }
        #expect(ledger.late == 1)
        #expect(ledger.lost == 0)
        #expect(ledger.isComplete)
    }

    @Test("a second delivery counts as such and opens no window")
    func duplicated() {
        var ledger = BenchLedger(publishers: 1, receivers: 2, window: 1)
        let sequence = ledger.publish(0)
        let isNew2 = ledger.deliver(0, to: 0, sequence: sequence)
        #expect(isNew2)
        let isNew3 = ledger.deliver(0, to: 0, sequence: sequence)
        #expect(!isNew3)
        #expect(ledger.duplicated == 1)
        #expect(!ledger.mayPublish(0))
        #expect(ledger.delivered == 1)
    }

    @Test("a message that nobody sent is no delivery")
    func foreign() {
        var ledger = BenchLedger(publishers: 1, receivers: 1, window: 1)
        let isNew4 = ledger.deliver(0, to: 0, sequence: 0)
        #expect(!isNew4)
        #expect(ledger.delivered == 0)
    }

    @Test("a publisher that gave up goes on, and what it missed stays lost")
    func givesUp() {
        var ledger = BenchLedger(publishers: 1, receivers: 1, window: 2)
        for _ in 0..<2 { _ = ledger.publish(0) }
        #expect(!ledger.mayPublish(0))
        ledger.giveUp(0)
        #expect(ledger.mayPublish(0))
        let next = ledger.publish(0)
        _ = ledger.deliver(0, to: 0, sequence: next)
        #expect(ledger.lost == 2)
    }
}

@Suite("A latency histogram") struct LatencyHistogramTests {
    @Test("quantiles are exact to 3 %, the longest exactly", arguments: [1, 7, 1000, 123_456_789])
    func quantiles(scale: UInt64) {
        var histogram = LatencyHistogram()
        for value in UInt64(1)...1000 { histogram.record(value * scale) }
        for share in [0.5, 0.9, 0.99, 0.999] {
            let exact = Double(scale) * share * 1000
            let found = Double(histogram.quantile(share))
            #expect(found >= exact && found <= exact * 1.032 + 1)
        }
        #expect(histogram.quantile(1) == 1000 * scale)
        #expect(histogram.count == 1000)
    }

    @Test("nothing recorded is zero, and the largest number fits")
    func ends() {
        var histogram = LatencyHistogram()
        #expect(histogram.quantile(0.5) == 0)
        histogram.record(.max)
        #expect(histogram.quantile(0.5) == .max)
    }
}

@Suite("Settings of a measurement") struct BenchSettingsTests {
    @Test("a payload holds its stamp at the limit and not one byte below")
    func payload() {
        var settings = BenchSettings(row: .pairs)
        settings.payloadBytes = BenchSettings.payloadBytesMin
        #expect(settings.objection == nil)
        settings.payloadBytes -= 1
        #expect(settings.objection != nil)
    }

    @Test("a window is at most what the ledger counts, bursts need the server's process")
    func window() {
        var settings = BenchSettings(row: .fanin)
        settings.window = BenchSettings.windowMax
        #expect(settings.objection == nil)
        settings.window += 1
        #expect(settings.objection != nil)
        settings.window = 64
        settings.burstCount = 3
        #expect(settings.objection != nil)
        settings.serverProcess = 1
        #expect(settings.objection == nil)
    }
}
