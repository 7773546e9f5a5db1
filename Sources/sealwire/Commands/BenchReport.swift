// SPDX-License-Identifier: Apache-2.0
// The result of a measurement as text, JSON or CSV; all three from one list of fields.

internal import Glibc
internal import SealBytes
internal import SealClient
internal import SealMQTT
internal import SealPKI

/// A result, ready to be printed.
struct BenchReport {
    let settings: BenchSettings
    let result: BenchResult

    private enum Value {
        case text(String)
        case number(Double)
        case count(UInt64)
        case none
    }

    private typealias Field = (name: String, value: Value)

    private var fields: [Field] { settingFields + countFields + timeFields + serverFields }

    private var settingFields: [Field] {
        [
            ("row", .text(settings.row.rawValue)),
            ("clients", .count(UInt64(settings.clientCount))),
            ("others", .count(UInt64(settings.otherCount))),
            ("qos", .count(UInt64(settings.qos))),
            ("size_bytes", .count(UInt64(settings.payloadBytes))),
            ("window", .count(UInt64(settings.window))),
            ("inflight", .count(UInt64(settings.inFlightCount))),
            ("rate", settings.messagesPerSecond.map { .number($0) } ?? .none),
            ("protocol", .text(settings.version == .v5 ? "5" : "3.1.1")),
            ("encryption", .text(encryption)),
            ("seconds", .number(result.seconds)),
        ]
    }

    private var encryption: String {
        guard let tls = settings.tls else { return "none" }
        let version = "TLS " + (tls.only ?? "1.2 or 1.3")
        return tls.identities.isEmpty ? version : "\(version), client certificates"
    }

    private var countFields: [Field] {
        [
            ("count", .count(result.count)),
            ("per_second", .number(result.perSecond)),
            ("published", .count(result.published)),
            ("delivered", .count(result.delivered)),
            ("lost", .count(result.lost)),
            ("duplicated", .count(result.duplicated)),
            ("late", .count(result.late)),
            ("stalls", .count(result.stalls)),
            ("errors", .count(result.errors)),
            ("failed_connections", .count(result.failedConnections)),
            ("retried_connections", .count(result.retriedConnections)),
            ("connections", .count(UInt64(result.connectionCount))),
            ("connect_seconds", .number(result.connectSeconds)),
        ]
    }

    private var timeFields: [Field] {
        let latency = result.latency
        func microseconds(_ share: Double) -> Value {
            latency.count == 0 ? .none : .number(Double(latency.quantile(share)) / 1000)
        }
        return [
            ("latency_p50_us", microseconds(0.5)),
            ("latency_p90_us", microseconds(0.9)),
            ("latency_p99_us", microseconds(0.99)),
            ("latency_p999_us", microseconds(0.999)),
            ("latency_max_us", microseconds(1)),
        ]
    }

    private var serverFields: [Field] {
        let ownShare =
            result.seconds > 0 ? Double(result.ownNanoseconds) / result.seconds / 1e7 : 0
        return [
            ("server_cpu_us", result.serverMicroseconds.map { .number($0) } ?? .none),
            ("server_rss_before_kib", result.residentBefore.map { .count($0) } ?? .none),
            ("server_rss_after_kib", result.residentAfter.map { .count($0) } ?? .none),
            ("bytes_per_connection", result.bytesPerConnection.map { .number($0) } ?? .none),
            ("own_cpu_percent", .number(ownShare)),
            ("processors", .count(UInt64(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))))),
            ("machine", .text(Self.machine)),
        ]
    }

    /// The name of the processor, as the kernel tells it.
    private static var machine: String {
        guard let bytes = try? Files.read("/proc/cpuinfo") else { return "unknown" }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("model name") }),
            let colon = line.firstIndex(of: ":")
        else { return "unknown" }
        return String(line[colon...].dropFirst(2))
    }

    /// A line for each figure that there is.
    var text: String {
        fields.compactMap { field in
            guard let value = Self.plain(field.value) else { return nil }
            let gap = String(repeating: " ", count: max(1, 24 - field.name.utf8.count))
            return field.name + gap + value
        }.joined(separator: "\n")
    }

    /// One object on one line.
    var json: String {
        let members = fields.map { field in
            let value =
                switch field.value {
                case .text(let text): JSONText.quoted(text)
                default: Self.plain(field.value) ?? "null"
                }
            return "\"\(field.name)\":\(value)"
        }
        return "{\(members.joined(separator: ","))}"
    }

    /// A line of names and a line of values.
    var csv: String {
        let names = fields.map(\.name).joined(separator: ",")
        let values = fields.map { field in
            let value = Self.plain(field.value) ?? ""
            return value.contains(",") ? "\"\(value)\"" : value
        }
        return "\(names)\n\(values.joined(separator: ","))"
    }

    private static func plain(_ value: Value) -> String? {
        switch value {
        case .text(let text): return text
        case .count(let count): return "\(count)"
        case .none: return nil
        case .number(let number):
            let scaled = (number * 1000).rounded()
            guard abs(scaled) < 9e15 else { return "\(number)" }
            let whole = Int(scaled)
            let rest = String(abs(whole) % 1000 + 1000).dropFirst()
            return "\(whole < 0 ? "-" : "")\(abs(whole) / 1000).\(rest)"
        }
    }
}
