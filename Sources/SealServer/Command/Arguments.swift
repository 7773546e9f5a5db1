// SPDX-License-Identifier: Apache-2.0
// Words and flags of a command line. An unknown flag is an error, never ignored.

/// A command line that cannot be understood.
struct UsageError: Error {
    var text: String
    var hint: String

    init(_ text: String, hint: String) {
        self.text = text
        self.hint = hint
    }
}

/// A command line, taken apart.
struct Arguments {
    /// Flags with a value, as in `--config FILE`.
    private(set) var values: [String: String] = [:]
    /// Flags without one.
    private(set) var switches: Set<String> = []
    /// Everything else, in order.
    private(set) var words: [String] = []

    var wantsHelp: Bool { switches.contains("--help") }

    init(
        _ list: [String],
        command: String,
        values known: [String] = [],
        switches simple: [String] = []
    ) throws(UsageError) {
        var rest = list[...]
        var areWords = false
        while let argument = rest.popFirst() {
            if areWords || !argument.hasPrefix("-") || argument == "-" {
                words.append(argument)
                continue
            }
            if argument == "--" {
                areWords = true
                continue
            }
            let parts = argument.split(
                separator: "=",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            let name = parts[0] == "-h" ? "--help" : String(parts[0])
            if known.contains(name) {
                guard let value = parts.count > 1 ? String(parts[1]) : rest.popFirst() else {
                    throw UsageError("\(name) needs a value", hint: "\(command) --help")
                }
                guard values[name] == nil else {
                    throw UsageError("\(name) is given twice", hint: "\(command) --help")
                }
                values[name] = value
            } else if parts.count == 1, name == "--help" || simple.contains(name) {
                switches.insert(name)
            } else {
                let meant = Suggestion.nearest(to: name, among: known + simple + ["--help"])
                throw UsageError(
                    "\(command) has no flag \(name)",
                    hint: meant.map { "did you mean \($0)?" } ?? "\(command) --help"
                )
            }
        }
    }
}

extension Arguments {
    /// The port a flag names.
    func port(_ flag: String, _ standard: Int) throws(UsageError) -> Int {
        guard let text = values[flag] else { return standard }
        guard let port = Int(text), (0...65535).contains(port) else {
            throw UsageError("\(text) is no port", hint: "a port is a number from 0 to 65535")
        }
        return port
    }
}
