// SPDX-License-Identifier: Apache-2.0
// Where a passphrase comes from: a file, the environment or the terminal. Never the command line,
// which every user of the machine can read.

import Glibc
import SealPKI

/// Where a passphrase is to be had.
struct Secret: Sendable {
    /// What it opens, for the prompt: `the key of the authority`.
    let subject: String
    /// The file whose first line it is.
    var file: String?
    /// The variable of the environment that holds it.
    var variable: String?

    /// The longest passphrase that is taken.
    static let bytesMax = 1024

    /// Whether no characters at all are a passphrase, too: somebody else's file may have such.
    let mayBeEmpty: Bool

    /// What it is called in prompts and messages.
    let noun: String

    init(_ subject: String, mayBeEmpty: Bool = false, noun: String = "passphrase") {
        self.subject = subject
        self.mayBeEmpty = mayBeEmpty
        self.noun = noun
    }

    /// Whether the command line says where it is.
    var isGiven: Bool { file != nil || variable != nil }

    /// The two flags that say where it is: `--NAME-file` and `--NAME-env`.
    static func flags<Options>(
        _ name: String,
        _ what: String,
        _ path: any WritableKeyPath<Options, Secret> & Sendable
    ) -> [Flag<Options>] {
        [
            .value("--\(name)-file", is: "FILE", "the first line of FILE is \(what)") {
                (options, value, _) throws(UsageError) in
                options[keyPath: path].file = value
            },
            .value("--\(name)-env", is: "NAME", "the variable NAME holds \(what)") {
                (options, value, _) throws(UsageError) in
                options[keyPath: path].variable = value
            },
        ]
    }

    /// The passphrase if the command line says where it is, else nil.
    func given() throws -> [UInt8]? {
        if let file {
            let bytes = try Files.read(file, bytesMax: 65_536)
            let line = Array(bytes.prefix { $0 != 0x0A && $0 != 0x0D })
            return try checked(line, "\(file) holds")
        }
        guard let variable else { return nil }
        // SAFETY: the text is copied at once.
        guard let text = unsafe getenv(variable) else {
            throw UsageError(message: "the variable \(variable) is not set")
        }
        return try checked(Array(unsafe String(cString: text).utf8), "\(variable) holds")
    }

    /// The passphrase, asked for on the terminal when nothing else says it.
    func read() throws -> [UInt8] {
        if let known = try given() { return known }
        let title = noun.prefix(1).uppercased() + noun.dropFirst()
        return try checked(try Self.ask("\(title) of \(subject): ", noun), "you typed")
    }

    /// A new passphrase, asked for twice on the terminal when nothing else says it.
    func readNew() throws -> [UInt8] {
        if let known = try given() { return known }
        let first = try checked(try Self.ask("New \(noun) for \(subject): ", noun), "you typed")
        guard try Self.ask("The same again: ", noun) == first else {
            throw UsageError(message: "the two \(noun)s differ", hint: "try again")
        }
        return first
    }

    private func checked(_ bytes: [UInt8], _ where: String) throws(UsageError) -> [UInt8] {
        guard mayBeEmpty || !bytes.isEmpty else {
            throw UsageError(message: "the \(noun) of \(subject) is empty")
        }
        guard bytes.count <= Self.bytesMax else {
            throw UsageError(
                message: "\(`where`) a \(noun) of more than \(Self.bytesMax) bytes"
            )
        }
        return bytes
    }

    /// Asks on the terminal, whatever standard input is, and shows nothing that is typed.
    private static func ask(_ prompt: String, _ noun: String) throws(UsageError) -> [UInt8] {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else {
            throw UsageError(
                message: "a \(noun) is needed and there is no terminal to ask on",
                hint: "give it with the option whose name ends in -file or -env"
            )
        }
        defer { close(terminal) }
        var before = termios()
        // SAFETY: the out-parameter is a local variable.
        let isTerminal = unsafe tcgetattr(terminal, &before) == 0
        if isTerminal {
            var silent = before
            silent.c_lflag &= ~tcflag_t(ECHO)
            // SAFETY: only read during the call.
            _ = unsafe tcsetattr(terminal, TCSAFLUSH, &silent)
        }
        defer {
            if isTerminal { _ = unsafe tcsetattr(terminal, TCSAFLUSH, &before) }
            _ = write(terminal, "\n", 1)
        }
        _ = write(terminal, prompt, prompt.utf8.count)
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        // SAFETY: one byte is read into a local variable.
        while unsafe Glibc.read(terminal, &byte, 1) == 1, byte != 0x0A, byte != 0x0D {
            bytes.append(byte)
            if bytes.count > bytesMax { break }
        }
        return bytes
    }
}
