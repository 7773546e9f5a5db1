// SPDX-License-Identifier: Apache-2.0
// The memory of decisions: whose ring is whose, what a flood costs others, and what it all weighs.

import SealTelemetry
import Testing

@testable import SealBroker
@testable import Stage

@Suite("Decision log") struct DecisionLogTests {
    private func record(
        _ tenant: UInt32,
        _ client: String,
        peer: String = "192.0.2.1:4000",
        isAllowed: Bool = false,
        _ code: ReasonCode = .badPassword
    ) -> DecisionRecord {
        var record = DecisionRecord(
            time: 1,
            act: "login",
            isAllowed: isAllowed,
            reasons: [Reason(isAllowed ? .loginPassword : code)]
        )
        record.tenant = tenant
        record.peer = peer
        record.clientID = .init(client)
        return record
    }

    @Test(
        "a flood of strangers with long names stays within its bytes, and costs no tenant a record"
    )
    func strangers() {
        var bounds = DecisionLog.Bounds()
        bounds.bytes = 1 << 20
        bounds.ringBytes = 256 << 10
        var log = DecisionLog(bounds)
        log.note(record(7, "ours"))
        log.note(record(7, "in", isAllowed: true))
        let name = String(repeating: "x", count: 65_000)
        for index in 0..<3000 {
            log.note(record(0, "\(index)\(name)", peer: "10.0.\(index % 200).\(index / 200):1"))
        }
        #expect(log.about("ours", tenant: 7, limit: 9).count == 1)
        #expect(log.about("in", tenant: 7, limit: 9).count == 1)
        #expect(log.byteCount <= bounds.ringBytes + 8192)
        #expect(log.droppedCount > 0)
    }

    @Test("a name of 200 bytes is kept, one more is cut, and never half a character")
    func names() {
        var log = DecisionLog()
        let most = String(repeating: "a", count: 200)
        log.note(record(1, most))
        log.note(record(1, most + "b"))
        log.note(record(1, String(repeating: "a", count: 199) + "é"))
        let kept = log.about("", tenant: 1, limit: 9).map { $0.clientID.utf8.count }
        #expect(kept == [199, 200, 200] || kept == [199, 200])
        #expect(!log.about(.init(most + "b"), tenant: 1, limit: 9).isEmpty)
    }

    @Test("a flood from one address pushes out its own records, and no others of the ring")
    func sources() {
        var bounds = DecisionLog.Bounds()
        bounds.ringBytes = 64 << 10
        var log = DecisionLog(bounds)
        for index in 0..<20 { log.note(record(0, "quiet\(index)", peer: "10.1.0.\(index):9")) }
        for index in 0..<5000 {
            log.note(record(0, "flood\(index)", peer: "[2001:db8::\(index)]:9"))
        }
        for index in 0..<20 {
            let found = log.about(
                .init("quiet\(index)"),
                tenant: Tenant.managementNumber,
                limit: 1
            )
            #expect(found.count == 1, "quiet\(index)")
        }
    }

    @Test("equal refusals are one record with a count; admissions and others are not")
    func repeats() {
        var log = DecisionLog()
        for port in 0..<50 { log.note(record(3, "same", peer: "192.0.2.1:\(port)")) }
        log.note(record(3, "same", peer: "192.0.2.2:1"))
        log.note(record(3, "same", .unknownUser))
        for _ in 0..<2 { log.note(record(3, "same", isAllowed: true)) }
        let found = log.about("same", tenant: 3, limit: 99)
        #expect(found.map(\.count) == [1, 1, 1, 1, 50])
        #expect(found.map(\.isAllowed) == [true, true, false, false, false])
    }

    @Test("a ring ends at its bytes and all rings at theirs; the largest pays")
    func bounds() {
        var bounds = DecisionLog.Bounds()
        bounds.bytes = 200_000
        bounds.ringBytes = 100_000
        var log = DecisionLog(bounds)
        for index in 0..<1000 { log.note(record(1, "c\(index)", isAllowed: true)) }
        #expect(log.byteCount <= bounds.ringBytes && log.byteCount > bounds.ringBytes - 4096)
        for tenant in UInt32(2)..<2000 { log.note(record(tenant, "t", isAllowed: true)) }
        #expect(log.byteCount <= bounds.bytes)
        #expect(log.ringCount * 512 <= bounds.bytes)
        #expect(log.about("t", tenant: 1999, limit: 1).count == 1)
    }

    @Test("what is counted for a record is no less than its parts are")
    func weight() {
        let name = String(repeating: "y", count: 200)
        var record = self.record(1, name)
        record.user = .init(name)
        record.subject = .init(name)
        record.reasons = (0..<20).map { _ in Reason(.badPassword, detail: name) }
        let cut = record.cut(nameBytesMax: 200, reasonsMax: 8)
        #expect(cut.reasons.count == 8)
        let parts =
            MemoryLayout<DecisionRecord>.stride + 3 * (200 + 32)
            + 8 * (MemoryLayout<Reason>.stride + 200 + 32)
        #expect(cut.bytesKept >= parts)
        #expect(self.record(1, "c").bytesKept >= MemoryLayout<DecisionRecord>.stride + 64)
    }
}
