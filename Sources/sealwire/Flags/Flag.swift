// SPDX-License-Identifier: Apache-2.0
// One flag of a command: its names, what it takes, its line of help, and what it does to the
// options. The tables of the commands are made of these, and so is `--help`.

/// A command line that cannot be obeyed.
struct UsageError: Error, Sendable {
    /// What is wrong.
    var message: String
    /// What to do instead.
    var hint: String?
}

/// The words of a command line that are left to read.
struct Arguments {
    private var words: ArraySlice<String>

    init(_ words: [String]) { self.words = words[...] }

    var isEmpty: Bool { words.isEmpty }

    mutating func next() -> String? { words.popFirst() }

    /// The value of a flag.
    mutating func value(of flag: String) throws(UsageError) -> String {
        guard let word = words.popFirst() else {
            throw UsageError(message: "\(flag) needs a value")
        }
        return word
    }

    mutating func putBack(_ word: String) { words = ([word] + Array(words))[...] }
}

/// A flag of a command.
struct Flag<Options>: Sendable {
    /// Its names, the short one first.
    let names: [String]
    /// What stands for its value in the help; nil when it takes none.
    let value: String?
    /// Its line of help.
    let help: String
    /// What it does.
    let apply: @Sendable (inout Options, inout Arguments, String) throws(UsageError) -> Void

    /// A flag with a value.
    static func value(
        _ names: String...,
        is value: String,
        _ help: String,
        _ apply: @escaping @Sendable (inout Options, String, String) throws(UsageError) -> Void
    ) -> Flag {
        Flag(names: names, value: value, help: help) {
            (options, arguments, name) throws(UsageError) in
            try apply(&options, try arguments.value(of: name), name)
        }
    }

    /// A flag without a value.
    static func on(
        _ names: String...,
        help: String,
        _ apply: @escaping @Sendable (inout Options) throws(UsageError) -> Void
    ) -> Flag {
        Flag(names: names, value: nil, help: help) { (options, _, _) throws(UsageError) in
            try apply(&options)
        }
    }

    /// A flag that mosquitto's tools have and we have not.
    static func refused(_ names: String..., because reason: String) -> Flag {
        Flag(names: names, value: nil, help: "") { (_, _, name) throws(UsageError) in
            throw UsageError(message: "\(name) is not supported: \(reason)")
        }
    }
}

/// The flags of a command.
struct FlagTable<Options>: Sendable {
    let flags: [Flag<Options>]
    private let byName: [String: Int]

    init(_ flags: [Flag<Options>]) {
        self.flags = flags
        var byName: [String: Int] = [:]
        for (index, flag) in flags.enumerated() {
            for name in flag.names { byName[name] = index }
        }
        self.byName = byName
    }

    /// Applies the words to the options, in order; gives back those that are no flags.
    ///
    /// After `--` no word is a flag.
    @discardableResult
    func parse(
        _ words: [String],
        into options: inout Options,
        wordsMax: Int = 0
    ) throws(UsageError) -> [String] {
        var arguments = Arguments(words)
        var plain: [String] = []
        var takesFlags = true
        while let word = arguments.next() {
            if wordsMax > 0, takesFlags, word == "--" {
                takesFlags = false
                continue
            }
            if plain.count < wordsMax, !takesFlags || !word.hasPrefix("-") || word == "-" {
                plain.append(word)
                continue
            }
            var name = word
            if word.hasPrefix("--"), let sign = word.firstIndex(of: "=") {
                name = String(word[..<sign])
                if let index = byName[name], flags[index].value != nil {
                    arguments.putBack(String(word[word.index(after: sign)...]))
                } else {
                    name = word
                }
            }
            guard let index = byName[name] else { throw unknown(name) }
            try flags[index].apply(&options, &arguments, name)
        }
        return plain
    }

    private func unknown(_ word: String) -> UsageError {
        guard word.hasPrefix("-") else {
            return UsageError(message: "unexpected word '\(word)'")
        }
        let near = Suggestion.nearest(to: word, among: Array(byName.keys).sorted())
        return UsageError(
            message: "unknown option '\(word)'",
            hint: near.map { "did you mean \($0)?" }
        )
    }

    /// The lines of help, two columns.
    var help: String {
        var text = ""
        for flag in flags where !flag.help.isEmpty {
            var left = "  " + flag.names.joined(separator: ", ")
            if let value = flag.value { left += " " + value }
            if left.count > 30 {
                text += left + "\n" + String(repeating: " ", count: 32) + flag.help + "\n"
            } else {
                left += String(repeating: " ", count: 32 - left.count)
                text += left + flag.help + "\n"
            }
        }
        return text
    }
}
