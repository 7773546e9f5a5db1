// SPDX-License-Identifier: Apache-2.0
// Options that somebody always wants, from the files that mosquitto's tools read: one
// `-option value` a line, `#` before a remark.

import Glibc
import SealPKI

enum OptionFile {
    /// Where the options of a command are, if anywhere: `mosquitto_pub` and the like.
    static func usualPath(of command: String, environment: (String) -> String?) -> String? {
        if let folder = environment("XDG_CONFIG_HOME"), !folder.isEmpty {
            return "\(folder)/mosquitto_\(command)"
        }
        guard let home = environment("HOME"), !home.isEmpty else { return nil }
        return "\(home)/.config/mosquitto_\(command)"
    }

    /// The words of a file, as they would stand on the command line.
    static func words(_ text: String) -> [String] {
        var words: [String] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.drop { $0 == " " || $0 == "\t" }
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let blank = line.firstIndex(of: " ") else {
                words.append(String(line))
                continue
            }
            let flag = String(line[..<blank])
            let value = line[blank...].drop { $0 == " " }
            words.append(flag)
            if flag == "-D" || flag == "--property" {
                // Three words, and the last may hold blanks; a fourth follows user-property.
                let isPair =
                    value.split(separator: " ", maxSplits: 2).dropFirst().first
                    == "user-property"
                words += value.split(separator: " ", maxSplits: isPair ? 3 : 2).map(String.init)
            } else if !value.isEmpty {
                words.append(String(value))
            }
        }
        return words
    }

    /// Reads the named file, or the usual one when it is there.
    static func read(_ named: String?, command: String) throws(UsageError) -> [String] {
        guard
            let path = named
                ?? usualPath(of: command, environment: { getenv($0).map { String(cString: $0) } })
        else { return [] }
        if named == nil, access(path, F_OK) != 0 { return [] }
        do throws(PKIError) {
            return words(String(decoding: try Files.read(path), as: UTF8.self))
        } catch {
            throw UsageError(message: "the options cannot be read: \(error.reason)")
        }
    }
}
