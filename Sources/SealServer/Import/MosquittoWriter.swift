// SPDX-License-Identifier: Apache-2.0
// Writes a draft as sealwire.conf: the broker's own options. Listeners are in
// `MosquittoWriter+listeners.swift`.

struct MosquittoWriter {
    let draft: ImportDraft
    let path: String
    let readFile: (String) -> String?
    var notes: [ImportNote]
    var names: Set<String> = []
    /// Files looked at already, so that each is reported once.
    var filesSeen: Set<String> = []

    init(draft: ImportDraft, path: String, readFile: @escaping (String) -> String?) {
        self.draft = draft
        self.path = path
        self.readFile = readFile
        notes = draft.notes
    }

    mutating func note(_ value: ImportedValue, _ message: String, decides: Bool = false) {
        notes.append(
            ImportNote(
                file: value.file,
                line: value.line,
                message: message,
                decidesAccess: decides
            )
        )
    }

    mutating func write() -> String {
        var text = "# Made from \(path.filter { $0 != "\n" && $0 != "\r" })\n"
        let chosen = listenersInForce()
        for listener in chosen { text += write(listener, isLocalOnly: isLocalOnly) }
        if !text.contains("[[listener]]") {
            notes.append(
                ImportNote(
                    file: path,
                    line: 0,
                    message: "no listener could be carried over",
                    decidesAccess: true
                )
            )
        }
        let limits = limitLines()
        if !limits.isEmpty {
            text += "\n[limits]\n" + limits.map { $0 + "\n" }.joined()
        }
        if let value = draft.general["sys_interval"] {
            if let seconds = number(value, 0...86_400) {
                text += "\n[sys]\ninterval = \(seconds)\n"
            }
        }
        if let level = logLevel() { text += "\n[log]\nlevel = \"\(level)\"\n" }
        return text
    }

    // MARK: Listeners in force

    /// Without listener, port and bind_address mosquitto serves this machine only, and everybody
    /// on it.
    var isLocalOnly: Bool {
        draft.listeners.isEmpty && draft.standard.options["port"] == nil
            && draft.standard.options["bind_address"] == nil
    }

    private mutating func listenersInForce() -> [ImportedListener] {
        // Security options do not open the default listener, its other options do.
        let opens = draft.standard.options.keys.contains {
            !MosquittoOptions.security.contains($0)
        }
        guard draft.listeners.isEmpty || opens else { return draft.listeners }
        var standard = draft.standard
        if standard.file.isEmpty { standard.file = path }
        if isLocalOnly {
            if let first = standard.options.values.min(by: { $0.line < $1.line }) {
                note(
                    first,
                    "without listener, port and bind_address the broker is reached from "
                        + "this machine only"
                )
            }
            standard.options["bind_address"] = ImportedValue(
                text: "localhost",
                file: path,
                line: 0
            )
        }
        return [standard] + draft.listeners
    }

    // MARK: The broker

    /// A whole number within limits; a note and nil for anything else.
    mutating func number(_ value: ImportedValue, _ range: ClosedRange<Int>) -> Int? {
        guard let number = Int(value.text) else {
            note(value, "\(value.text.bounded) is not a number; the default is kept")
            return nil
        }
        if range.contains(number) { return number }
        let taken = min(max(number, range.lowerBound), range.upperBound)
        note(value, "\(number) is outside of our limits; \(taken) is taken")
        return taken
    }

    /// A limit where the other broker's 0 means none.
    private mutating func limit(_ value: ImportedValue, of name: String) -> Int? {
        guard let row = Limits.settings.first(where: { $0.name == name }) else { return nil }
        let range: ClosedRange<Int>
        switch row.kind {
        case .integer(let limits), .seconds(let limits), .bytes(let limits): range = limits
        default: return nil
        }
        guard Int(value.text) == 0 else { return number(value, range) }
        note(
            value,
            "no limit becomes our highest: \(name) = \(row.kind.write(.integer(range.upperBound)))"
        )
        return range.upperBound
    }

    private mutating func limitLines() -> [String] {
        var lines: [String] = []
        let pairs = [
            ("max_inflight_messages", "receive-maximum"),
            ("max_inflight_messages", "in-flight-maximum"),
            ("max_keepalive", "keep-alive-seconds-max"),
            ("max_queued_messages", "queued-messages"),
            ("max_queued_bytes", "queued-bytes"),
        ]
        for (option, name) in pairs {
            if let value = draft.general[option], let number = limit(value, of: name) {
                lines.append("\(name) = \(number)")
            } else if option == "max_inflight_messages" {
                // mosquitto's own default.
                lines.append("\(name) = 20")
            }
        }
        if let value = draft.general["global_max_connections"], value.text != "-1",
            let number = limit(value, of: "connections")
        {
            lines.append("connections = \(number)")
        }
        noteQueueBounds()
        lines.append(packetLine())
        lines.append(expiryLine())
        if let value = draft.general["retain_available"], value.text == "false" {
            lines.append("retained-messages = 0")
        }
        lines += [
            "# mosquitto takes topics of 200 levels and 65535 bytes, client ids and user names of",
            "# 65535 bytes, and a CONNECT of any size. Raise these where clients need more.",
            "topic-levels = 32",
            "topic-bytes = 4096",
            "client-id-bytes = 1024",
            "user-name-bytes = 1024",
            "connect-packet-bytes = 16384",
        ]
        return lines
    }

    /// Where the other broker has no limits there are some here, and what is above them is lost.
    private mutating func noteQueueBounds() {
        guard let value = draft.general["max_queued_messages"], Int(value.text) == 0 else { return }
        let standard = Limits()
        let isBounded = draft.general["max_queued_bytes"].map { Int($0.text) != 0 } ?? true
        let own = draft.general["max_queued_bytes"] == nil
        let bytes = own ? "queued-bytes = \(standard.queuedBytes >> 20)MiB" : "queued-bytes"
        note(
            value,
            "messages above "
                + (isBounded ? bytes : "queued-messages")
                + " of one session are dropped and counted, those retained on topics that it "
                + "subscribes to included; at most retained-messages = \(standard.retainedMessages)"
                + " with retained-bytes = \(standard.retainedBytes >> 20)MiB are kept: raise these "
                + "in [limits] where more is needed"
        )
    }

    private mutating func packetLine() -> String {
        if let value = draft.general["max_packet_size"],
            let number = limit(value, of: "packet-bytes")
        {
            if let other = draft.general["message_size_limit"] {
                note(other, "message_size_limit is not carried over: max_packet_size counts")
            }
            return "packet-bytes = \(number)"
        }
        if let value = draft.general["message_size_limit"] {
            // That limit is about the payload: topic and properties come on top.
            let room = ImportedValue(
                text: Int(value.text).map { $0 > 0 && $0 < Int.max / 2 ? $0 + 131_072 : $0 }
                    .map { String($0) } ?? value.text,
                file: value.file,
                line: value.line
            )
            if let number = limit(room, of: "packet-bytes") {
                note(value, "message_size_limit becomes a limit of the whole packet")
                return "packet-bytes = \(number)"
            }
        }
        // mosquitto's own default.
        return "packet-bytes = 2000000"
    }

    private mutating func expiryLine() -> String {
        let name = "session-expiry-seconds-max"
        guard let value = draft.general["persistent_client_expiration"] else {
            // Sessions without end are mosquitto's default.
            return "\(name) = 4294967295"
        }
        let units: [Character: Int] = [
            "h": 3600, "d": 86_400, "w": 604_800, "m": 2_592_000, "y": 31_536_000,
        ]
        guard let last = value.text.last, let unit = units[last],
            let count = Int(value.text.dropLast()), count > 0
        else {
            note(value, "\(value.text.bounded) is not a time; sessions do not expire")
            return "\(name) = 4294967295"
        }
        let (seconds, isTooLong) = count.multipliedReportingOverflow(by: unit)
        return "\(name) = \(isTooLong ? 4_294_967_295 : min(seconds, 4_294_967_295))"
    }

    private func logLevel() -> String? {
        let types = draft.logTypes
        guard !types.isEmpty else { return nil }
        if !types.isDisjoint(with: ["all", "debug"]) { return "debug" }
        let ordinary: Set<String> = [
            "notice", "information", "subscribe", "unsubscribe", "websockets",
        ]
        if !types.isDisjoint(with: ordinary) { return "info" }
        return types.contains("warning") ? "warning" : "error"
    }
}
