// SPDX-License-Identifier: Apache-2.0
// Health answers: status, JSON, and the moment a standing changed.

import Foundation
import SealTelemetry
import Testing

@Suite("Health")
struct HealthTests {
    private let start = Timestamp(seconds: 1_767_225_600)

    @Test("one failed check makes 503, a warning does not")
    func status() {
        let well = HealthCheck(name: "listeners", status: .pass, since: start)
        let late = HealthCheck(
            name: "certificate",
            status: .warn,
            since: start,
            reason: "Expires in 6 days.",
            code: "certificate_expiring"
        )
        let gone = HealthCheck(
            name: "loop",
            status: .fail,
            since: start,
            reason: "Shard 1 does not answer.",
            code: "shard_stuck"
        )
        #expect(HealthReport([]).httpStatus == 200)
        #expect(HealthReport([well, late]).httpStatus == 200)
        #expect(HealthReport([well, late]).status == .warn)
        #expect(HealthReport([well, gone, late]).httpStatus == 503)
    }

    @Test("the body is JSON with name, status, since, reason and code")
    func json() throws {
        let report = HealthReport([
            HealthCheck(
                name: "loop",
                status: .fail,
                since: start,
                reason: "Shard \"1\"\n",
                code: "stuck"
            )
        ])
        #expect(
            String(decoding: report.json(), as: UTF8.self)
                == "{\"v\":1,\"status\":\"fail\",\"checks\":[{\"name\":\"loop\","
                + "\"status\":\"fail\",\"since\":\"2026-01-01T00:00:00.000000Z\","
                + "\"reason\":\"Shard \\\"1\\\"\\n\","
                + "\"code\":\"stuck\"}]}\n"
        )
        #expect(throws: Never.self) {
            try JSONSerialization.jsonObject(with: Data(report.json()))
        }
    }

    @Test("since moves only when the status changes")
    func since() {
        let check = HealthCheck(name: "loop", status: .pass, since: start)
        let later = Timestamp(seconds: 1_767_225_700)
        #expect(check.changed(to: .pass, at: later).since == start)
        #expect(check.changed(to: .fail, at: later, reason: "r", code: "c").since == later)
    }
}
