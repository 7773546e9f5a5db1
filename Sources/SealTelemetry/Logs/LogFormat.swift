// SPDX-License-Identifier: Apache-2.0
// An event as one line of bytes: logfmt for people, JSON for programs. Nothing is written here.

/// The two forms of a log line.
public enum LogFormat: String, Sendable, CaseIterable {
    /// `time=... level=... event=... key=value`, for terminals.
    case logfmt
    /// One JSON object a line.
    case json

    /// The most bytes a value takes on a line; a longer one is cut and ends in `…`.
    public static let valueBytesMax = 256
    /// The most fields an event keeps; the rest is counted in `fields_cut`.
    public static let fieldCountMax = 32

    /// The event as one line, its line feed included.
    ///
    /// Whatever a peer put into a value, the line holds no control byte, no invalid UTF-8 and no
    /// second line feed.
    public func line(_ event: LogEvent) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        if self == .json { line.append(UInt8(ascii: "{")) }
        append("time", .text(event.time.text), to: &line)
        append("level", .text(event.level.name.description), to: &line)
        append("event", .text(event.name.description), to: &line)
        for (key, value) in event.fields.pairs.prefix(Self.fieldCountMax) {
            let name = key.description
            append(name, Self.withoutSecret(name, value), to: &line)
        }
        let cutCount = event.fields.pairs.count - Self.fieldCountMax
        if cutCount > 0 { append("fields_cut", .number(cutCount), to: &line) }
        if self == .json { line.append(UInt8(ascii: "}")) }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    /// Text under a key with one of these words is never shown, whoever wrote the call.
    ///
    /// Numbers are: `payload_bytes` says a size.
    private static func withoutSecret(_ key: String, _ value: LogValue) -> LogValue {
        switch value {
        case .text, .bytes: isSecret(key) ? .text("[withheld]") : value
        case .integer, .decimal, .flag: value
        }
    }

    private static func isSecret(_ key: String) -> Bool {
        let words = key.lowercased().split(whereSeparator: { $0 == "_" || $0 == "." })
        let secrets: [Substring] = ["password", "secret", "token", "payload", "passphrase"]
        return words.contains(where: secrets.contains) || key.hasSuffix("private_key")
    }

    private func append(_ key: String, _ value: LogValue, to line: inout [UInt8]) {
        switch self {
        case .logfmt:
            if !line.isEmpty { line.append(UInt8(ascii: " ")) }
            line.append(contentsOf: Self.safeKey(key))
            line.append(UInt8(ascii: "="))
        case .json:
            if line.count > 1 { line.append(UInt8(ascii: ",")) }
            line.append(UInt8(ascii: "\""))
            line.append(contentsOf: Self.safeKey(key))
            line.append(contentsOf: "\":".utf8)
        }
        switch value {
        case .text(let text): appendText(text, to: &line)
        case .bytes(let bytes):
            appendText(Escaping.text(of: bytes, bytesMax: Self.valueBytesMax), to: &line)
        case .integer(let number): line.append(contentsOf: String(number).utf8)
        case .decimal(let number) where number.isFinite:
            line.append(contentsOf: String(number).utf8)
        case .decimal(let number): appendText(String(number), to: &line)
        case .flag(let flag): line.append(contentsOf: (flag ? "true" : "false").utf8)
        }
    }

    private func appendText(_ text: String, to line: inout [UInt8]) {
        let isPlain =
            self == .logfmt && !text.isEmpty && text.utf8.count <= Self.valueBytesMax
            && text.utf8.allSatisfy(Self.isPlain)
        if isPlain {
            line.append(contentsOf: text.utf8)
        } else {
            Escaping.appendQuoted(text, bytesMax: Self.valueBytesMax, to: &line)
        }
    }

    /// Whether a byte may stand in logfmt without quotes.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "=") && byte != UInt8(ascii: "\"")
            && byte != UInt8(ascii: "\\")
    }

    private static func safeKey(_ key: String) -> [UInt8] {
        key.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
                byte
            default: UInt8(ascii: "_")
            }
        }
    }
}
