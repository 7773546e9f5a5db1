// SPDX-License-Identifier: Apache-2.0
// A small strict reader of the Prometheus text format, to read back what we write.

/// A page read back: families in order, and each sample by `name{label=value,...}`.
struct Exposition {
    struct Failure: Error { var line: String }

    struct Family {
        var name: String
        var help: String
        var kind = ""
        var sampleCount = 0
        var labels: [[(String, String)]] = []
    }

    private(set) var families: [Family] = []
    private var samples: [String: String] = [:]

    subscript(key: String) -> String? { samples[key] }

    init(_ bytes: [UInt8]) throws {
        guard let text = String(validating: bytes, as: UTF8.self), text.hasSuffix("\n") else {
            throw Failure(line: "not UTF-8, or no line feed at the end")
        }
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("# HELP ") {
                let parts = line.dropFirst(7).split(separator: " ", maxSplits: 1)
                guard parts.count == 2 else { throw Failure(line: String(line)) }
                families.append(Family(name: String(parts[0]), help: String(parts[1])))
            } else if line.hasPrefix("# TYPE ") {
                let parts = line.dropFirst(7).split(separator: " ")
                guard parts.count == 2, let last = families.indices.last,
                    families[last].name == parts[0], families[last].kind.isEmpty
                else { throw Failure(line: String(line)) }
                families[last].kind = String(parts[1])
            } else {
                try readSample(line)
            }
        }
    }

    private mutating func readSample(_ line: Substring) throws {
        let failure = Failure(line: String(line))
        guard let last = families.indices.last, !families[last].kind.isEmpty else { throw failure }
        var rest = line
        let name = String(rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
        rest = rest.dropFirst(name.count)
        var suffixes = [""]
        if families[last].kind == "histogram" { suffixes = ["_bucket", "_sum", "_count"] }
        guard suffixes.contains(where: { name == families[last].name + $0 }) else { throw failure }
        var labels: [(String, String)] = []
        if rest.first == "{" { (labels, rest) = try Self.readLabels(rest, failure) }
        guard rest.first == " ", Double(rest.dropFirst()) != nil else { throw failure }
        let shown = labels.map { "\($0.0)=\($0.1)" }.joined(separator: ",")
        let key = labels.isEmpty ? name : "\(name){\(shown)}"
        guard samples.updateValue(String(rest.dropFirst()), forKey: key) == nil else {
            throw failure
        }
        families[last].sampleCount += 1
        families[last].labels.append(labels)
    }

    private static func readLabels(
        _ text: Substring,
        _ failure: Failure
    ) throws -> ([(String, String)], Substring) {
        var rest = text.dropFirst()
        var labels: [(String, String)] = []
        while rest.first != "}" {
            let name = String(rest.prefix { $0 != "=" })
            rest = rest.dropFirst(name.count + 1)
            guard rest.popFirst() == "\"" else { throw failure }
            var value = ""
            while let next = rest.popFirst(), next != "\"" {
                guard next == "\\" else {
                    value.append(next)
                    continue
                }
                guard let escaped = rest.popFirst() else { throw failure }
                value.append(escaped == "n" ? "\n" : escaped)
            }
            labels.append((name, value))
            guard let next = rest.first, next == "," || next == "}" else { throw failure }
            if next == "," { rest = rest.dropFirst() }
        }
        return (labels, rest.dropFirst())
    }
}
