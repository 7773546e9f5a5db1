// SPDX-License-Identifier: Apache-2.0
// Where the programs of this house are, so that lines to copy name one that the shell finds.

internal import Glibc

enum CommandPlace {
    /// What to type for the program that belongs to ours: its name where the shell finds this very
    /// file by it, otherwise its path.
    ///
    /// `own` is how we were called. A program that is not beside us is left to the shell.
    static func name(
        of program: String,
        beside own: String,
        _ environment: [String: String]
    ) -> String {
        let folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        guard let ours = own.contains("/") ? own : found(own, folders) else { return program }
        let whole = absolute(ours, environment)
        let sibling = whole.prefix(through: whole.lastIndex(of: "/") ?? whole.startIndex) + program
        guard isProgram(String(sibling)) else { return program }
        if let first = found(program, folders), isSame(first, String(sibling)) { return program }
        return String(sibling)
    }

    /// A path from the root, without `.` and `..`.
    static func absolute(_ path: String, _ environment: [String: String]) -> String {
        var parts: [Substring] = []
        let whole = path.hasPrefix("/") ? path : "\(environment["PWD"] ?? "")/\(path)"
        for part in whole.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    private static func found(_ program: String, _ folders: [String]) -> String? {
        folders.map { "\($0)/\(program)" }.first(where: isProgram)
    }

    private static func isProgram(_ path: String) -> Bool {
        var about = stat()
        return stat(path, &about) == 0 && about.st_mode & S_IFMT == S_IFREG
            && access(path, X_OK) == 0
    }

    private static func isSame(_ one: String, _ other: String) -> Bool {
        var left = stat()
        var right = stat()
        return stat(one, &left) == 0 && stat(other, &right) == 0 && left.st_dev == right.st_dev
            && left.st_ino == right.st_ino
    }
}
