// SPDX-License-Identifier: Apache-2.0
// What commands that talk to a server print: objects with the version of their shape for programs,
// tables and sentences for people.

import Glibc
import SealBytes

enum Output {
    /// The version of the shape of every object that is printed; members are only ever added.
    static let version: Int64 = 1

    /// One object on a line.
    static func object(_ members: JSONObject) {
        var all: JSONObject = ["v": .integer(version)]
        for member in members.all { all[member.name] = member.value }
        Terminal.write(JSONValue.object(all).bytes + [UInt8(ascii: "\n")])
    }

    /// An object that a server answered with.
    static func answer(_ value: JSONValue) {
        object(value.members ?? ["value": value])
    }

    /// Values as people read them in a table.
    static func cell(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null: "-"
        case .bool(let flag): flag ? "yes" : "no"
        case .string(let text): text.isEmpty ? "-" : text
        case .some(let value): value.line
        }
    }

    /// Names and values under each other.
    static func lines(_ value: JSONValue) {
        let members = value.members?.all ?? []
        let width = members.map(\.name.count).max() ?? 0
        for member in members {
            let gap = String(repeating: " ", count: width - member.name.count + 2)
            Terminal.write("\(member.name)\(gap)\(TextTable.printable(cell(member.value)))\n")
        }
    }

    /// A number with what is counted: `1 row`, `2 rows`.
    static func count(_ number: Int64, _ one: String) -> String {
        number == 1 ? "1 \(one)" : "\(number) \(one)s"
    }

    /// A sentence, unless programs read.
    static func say(_ sentence: String, _ options: RemoteOptions) {
        if !options.isJSON { Terminal.write(TextTable.printable(sentence) + "\n") }
    }
}

/// Rows of a list: printed at once for programs, as a table at the end for people.
struct Listing {
    private let columns: [(title: String, name: String)]
    private let isJSON: Bool
    private var table: TextTable

    init(_ options: RemoteOptions, _ columns: [(title: String, name: String)]) {
        self.columns = columns
        isJSON = options.isJSON
        table = TextTable(head: columns.map(\.title))
    }

    mutating func add(_ row: JSONValue) {
        if isJSON { return Output.answer(row) }
        table.rows.append(columns.map { Output.cell(row[$0.name]) })
    }

    /// Prints the table, or that there is nothing.
    func finish(_ nothing: String) {
        guard !isJSON else { return }
        if table.rows.isEmpty { return Terminal.note(nothing) }
        Terminal.write(table.rendered)
    }
}

/// Asking before something is taken away.
enum Confirmation {
    /// Whether somebody at the terminal says yes.
    static func ask(_ question: String) throws(UsageError) -> Bool {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else {
            throw UsageError(
                message: "this takes something away, and there is no terminal to ask on",
                hint: "--yes does it without asking, --dry-run shows what it would do"
            )
        }
        defer { close(terminal) }
        let text = TextTable.printable(question)
        _ = write(terminal, text, text.utf8.count)
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        // SAFETY: one byte is read into a local variable.
        while unsafe read(terminal, &byte, 1) == 1, byte != 0x0A, bytes.count < 16 {
            bytes.append(byte)
        }
        return ["yes", "y"].contains(String(decoding: bytes, as: UTF8.self))
    }
}
