// SPDX-License-Identifier: Apache-2.0
// The Prometheus text format, version 0.0.4, as bytes. What is written is decided in
// MetricsReport.swift.

/// Writes families of samples in the Prometheus text format.
struct ExpositionWriter {
    private(set) var bytes: [UInt8] = []

    /// Begins a family: its HELP and TYPE lines.
    mutating func begin(_ metric: Metric) {
        append("# HELP \(metric.name) ")
        appendEscaped(metric.help, escapesQuotes: false)
        append("\n# TYPE \(metric.name) \(metric.kind.rawValue)\n")
    }

    /// Writes one sample; the values stand in the order of the metric's labels.
    mutating func sample(
        _ metric: Metric,
        _ values: [String] = [],
        suffix: String = "",
        bucket: String? = nil,
        value: String
    ) {
        append(metric.name)
        append(suffix)
        var pairs = zip(metric.labels.map(\.name), values).map { ($0, $1) }
        if let bucket { pairs.append(("le", bucket)) }
        for (index, pair) in pairs.enumerated() {
            append(index == 0 ? "{" : ",")
            append(pair.0)
            append("=\"")
            appendEscaped(String(pair.1.prefix(128)), escapesQuotes: true)
            append("\"")
        }
        append(pairs.isEmpty ? " " : "} ")
        append(value)
        append("\n")
    }

    /// Writes a whole family with one sample without labels.
    mutating func single(_ metric: Metric, _ value: String) {
        begin(metric)
        sample(metric, value: value)
    }

    /// Writes the samples of a histogram: cumulative buckets, sum and count.
    mutating func histogram(_ metric: Metric, _ histogram: Histogram) {
        begin(metric)
        var cumulative: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            cumulative &+= count
            let bounds = Histogram.boundsMicroseconds
            let bound =
                index < bounds.count ? Self.seconds(microseconds: bounds[index]) : "+Inf"
            sample(metric, suffix: "_bucket", bucket: bound, value: String(cumulative))
        }
        let sum = Self.seconds(microseconds: histogram.sumMicroseconds)
        sample(metric, suffix: "_sum", value: sum)
        sample(metric, suffix: "_count", value: String(cumulative))
    }

    /// Microseconds as a decimal number of seconds, exactly.
    static func seconds(microseconds: UInt64) -> String {
        let (whole, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        guard rest > 0 else { return String(whole) }
        let digits = String(rest)
        var fraction = String(repeating: "0", count: 6 - digits.utf8.count) + digits
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(whole).\(fraction)"
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// Escapes backslash and line feed, and the quote inside label values.
    private mutating func appendEscaped(_ text: String, escapesQuotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\"") where escapesQuotes: append("\\\"")
            case 0x00..<0x20, 0x7F: append("_")
            default: bytes.append(byte)
            }
        }
    }
}
