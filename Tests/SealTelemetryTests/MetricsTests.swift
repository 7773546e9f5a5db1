// SPDX-License-Identifier: Apache-2.0
// The exposition is read back by a parser of our own and held against the catalogue, and the
// catalogue against its page.

import Foundation
import SealTelemetry
import Testing

@Suite("Metrics")
struct MetricsTests {
    private func report() -> MetricsReport {
        var first = ShardCounters()
        first.messagesReceived.add(qos: 0, 5)
        first.connections = 3
        first.connects.add(.accepted, 4)
        first.handshakeSeconds.record(microseconds: 1_000)
        first.addHandshake(.resumed, version: .tls13)
        first.loopDelayMicrosecondsMax = 1_500
        var second = ShardCounters()
        second.messagesReceived.add(qos: 2)
        second.messagesReceived.add(qos: 0)
        second.connections = -1
        second.connects.add(.notAuthorized, 2)
        second.messagesDropped.add(.queueFull, 7)
        second.limitHits.add(.packetBytes)
        second.handshakeSeconds.record(microseconds: 20_000_000)
        let daemon = DaemonCounters()
        daemon.count { $0.addHandshake(.notTLS, version: .none) }
        daemon.countReload(isApplied: true, at: Timestamp(seconds: 100))
        daemon.countReload(isApplied: false, at: Timestamp(seconds: 200))
        daemon.countWithdrawal(connections: 5000, 90_000)
        daemon.countWithdrawal(connections: 1, 300)
        var report = MetricsReport(shards: [first, second], daemon: daemon, version: "1\"\\\n2")
        report.certificateExpiries = [("mqtts", -5)]
        report.process.cpuMicroseconds = 1_250_000
        return report
    }

    @Test("shards and daemon are added up")
    func sums() throws {
        let page = try Exposition(report().text())
        #expect(page["sealwire_messages_received_total{protocol=mqtt,qos=0}"] == "6")
        #expect(page["sealwire_messages_received_total{protocol=mqtt,qos=2}"] == "1")
        #expect(page["sealwire_connections{protocol=mqtt}"] == "2")
        #expect(
            page["sealwire_connects_total{protocol=mqtt,result=accepted,reason=accepted}"] == "4"
        )
        #expect(
            page["sealwire_connects_total{protocol=mqtt,result=refused,reason=not_authorized}"]
                == "2"
        )
        #expect(page["sealwire_messages_dropped_total{reason=queue_full}"] == "7")
        #expect(page["sealwire_limit_hits_total{limit=packet_bytes}"] == "1")
        #expect(
            page["sealwire_tls_handshakes_total{version=1.3,result=resumed,reason=none}"] == "1"
        )
        #expect(
            page["sealwire_tls_handshakes_total{version=none,result=failed,reason=not_tls}"]
                == "1"
        )
        #expect(page["sealwire_shard_loop_delay_seconds{shard=0}"] == "0.0015")
        #expect(page["sealwire_shard_loop_delay_seconds{shard=1}"] == "0")
        #expect(page["sealwire_certificate_expiry_seconds{listener=mqtts}"] == "-5")
        #expect(page["sealwire_config_reloads_total{result=refused}"] == "1")
        #expect(page["sealwire_config_last_reload_timestamp_seconds"] == "100")
        #expect(page["sealwire_withdrawn_connections_total"] == "5001")
        #expect(page["sealwire_withdrawal_seconds_bucket{le=0.0005}"] == "1")
        #expect(page["sealwire_withdrawal_seconds_bucket{le=0.1}"] == "2")
        #expect(page["sealwire_process_cpu_seconds_total"] == "1.25")
        #expect(page["sealwire_build_info{version=1\"\\\n2}"] == "1", "label values are escaped")
    }

    @Test("a histogram's buckets are cumulative and end in +Inf")
    func histogram() throws {
        let page = try Exposition(report().text())
        let name = "sealwire_tls_handshake_seconds"
        #expect(page["\(name)_bucket{le=0.0005}"] == "0")
        #expect(page["\(name)_bucket{le=0.001}"] == "1", "a bound belongs to its bucket")
        #expect(page["\(name)_bucket{le=10}"] == "1")
        #expect(page["\(name)_bucket{le=+Inf}"] == "2")
        #expect(page["\(name)_count"] == "2" && page["\(name)_sum"] == "20.001")
        var one = Histogram()
        one.record(microseconds: 1_001)
        #expect(one.counts[3] == 0 && one.counts[4] == 1)
    }

    @Test("the text and the catalogue name the same metrics with the same kinds and labels")
    func catalogue() throws {
        let page = try Exposition(report().text())
        #expect(page.families.map(\.name) == MetricCatalogue.all.map(\.name))
        for (family, metric) in zip(page.families, MetricCatalogue.all) {
            #expect(family.kind == metric.kind.rawValue && family.help == metric.help)
            #expect(family.sampleCount > 0, "\(metric.name) is never written")
            for labels in family.labels {
                let names = labels.map(\.0).filter { $0 != "le" }
                #expect(names == metric.labels.map(\.name), "\(metric.name)")
                for (name, value) in labels where name != "le" {
                    let label = metric.labels.first { $0.name == name }
                    let isKnown =
                        label?.values.isEmpty == true || label?.values.contains(value) == true
                    #expect(isKnown, "\(metric.name) has an unknown \(name)=\(value)")
                }
            }
        }
    }

    @Test("names say unit and kind, and no label could carry a client")
    func names() {
        #expect(Set(MetricCatalogue.all.map(\.name)).count == MetricCatalogue.all.count)
        for metric in MetricCatalogue.all {
            #expect(metric.name.hasPrefix("sealwire_"))
            #expect(metric.name.hasSuffix("_total") == (metric.kind == .counter), "\(metric.name)")
            #expect(metric.help.hasSuffix("."))
            for label in metric.labels {
                #expect(!["client", "client_id", "user", "address", "topic"].contains(label.name))
                #expect(!label.values.isEmpty || !label.bound.isEmpty)
                #expect(Set(label.values).count == label.values.count)
            }
        }
    }

    @Test("the reference page is the catalogue's")
    func referencePage() throws {
        let url = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Documentation/metrics.md")
        if ProcessInfo.processInfo.environment["SEALWIRE_WRITE_DOCS"] == "1" {
            try MetricCatalogue.page.write(to: url, atomically: true, encoding: .utf8)
        }
        let page = try String(contentsOf: url, encoding: .utf8)
        #expect(page == MetricCatalogue.page, "run `make docs`")
    }

    @Test("a snapshot is a copy, and taking it begins the longest turn again")
    func snapshot() {
        var counters = ShardCounters()
        counters.loopDelayMicrosecondsMax = 9
        counters.messagesDropped.add(.expired)
        let copy = counters.takeSnapshot()
        counters.messagesDropped.add(.expired)
        #expect(copy.messagesDropped[.expired] == 1 && copy.loopDelayMicrosecondsMax == 9)
        #expect(counters.messagesDropped.total == 2 && counters.loopDelayMicrosecondsMax == 0)
        var sum = copy
        sum.loopDelayMicrosecondsMax = 3
        sum += copy
        #expect(sum.loopDelayMicrosecondsMax == 9 && sum.messagesDropped.total == 2)
    }

    @Test("the parser refuses what a scraper would refuse")
    func parserCanFail() {
        for text in ["x 1\n", "# TYPE x counter\n", "# HELP x y.\n# TYPE x counter\nx{a=\"b} 1\n"] {
            #expect(throws: Exposition.Failure.self) { try Exposition(Array(text.utf8)) }
        }
    }
}
