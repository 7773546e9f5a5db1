// SPDX-License-Identifier: Apache-2.0
// All checks together: the HTTP status and the JSON body of a health answer.

/// The checks behind one health answer.
public struct HealthReport: Sendable {
    /// The checks in the order they are shown.
    public var checks: [HealthCheck]

    /// Seconds after which a client should ask again when the answer is 503.
    public static let retryAfterSeconds = 5
    /// The most bytes of a name, reason or code in the answer.
    public static let valueBytesMax = 256

    /// Makes a report.
    public init(_ checks: [HealthCheck]) { self.checks = checks }

    /// The worst status of all checks; no check at all is well.
    public var status: HealthCheck.Status {
        if checks.contains(where: { $0.status == .fail }) { return .fail }
        return checks.contains(where: { $0.status == .warn }) ? .warn : .pass
    }

    /// 503 when a check fails, 200 otherwise.
    public var httpStatus: Int { status == .fail ? 503 : 200 }

    /// The report as one JSON object that ends in a line feed.
    public func json() -> [UInt8] {
        var bytes = Array("{\"v\":1,\"status\":\"\(status.rawValue)\",\"checks\":[".utf8)
        for (index, check) in checks.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: "{\"name\":".utf8)
            append(check.name, to: &bytes)
            bytes.append(contentsOf: ",\"status\":\"\(check.status.rawValue)\"".utf8)
            bytes.append(contentsOf: ",\"since\":\"\(check.since.text)\",\"reason\":".utf8)
            append(check.reason, to: &bytes)
            bytes.append(contentsOf: ",\"code\":".utf8)
            append(check.code, to: &bytes)
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(contentsOf: "]}\n".utf8)
        return bytes
    }

    private func append(_ text: String, to bytes: inout [UInt8]) {
        Escaping.appendQuoted(text, bytesMax: Self.valueBytesMax, to: &bytes)
    }
}
