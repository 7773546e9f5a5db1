// SPDX-License-Identifier: Apache-2.0
// The settings table as text: the commented default file and the reference page.
// Not here: the sentences, which stand in the rows.

extension Configuration {
    /// Values in force in the default file: without them a listener cannot work.
    private static let shown: [String: String] = [
        "name": "\"mqtts\"",
        "certificate": "\"/etc/sealwire/server.crt\"",
        "key": "\"/etc/sealwire/server.key\"",
        "password-file": "\"/etc/sealwire/passwords\"",
    ]

    /// The file `sealwired config default` prints: every setting with its default, commented.
    public static func defaultText() -> String {
        var text = """
            # sealwire.conf: every setting with its default. Lines without # are in force.
            # Times are "30s", "5m", "1h", "7d"; sizes are "64KiB", "2MiB". Relative paths start at
            # the folder of this file. SEALWIRE_<SECTION>_<KEY> in the environment wins over it.

            # A listener. Write the heading again for each further one.
            [[listener]]

            """
        for row in ListenerSettings.settings {
            text += row.fileLines(ListenerSettings(), shown: shown[row.name])
        }
        text += "\n# A further certificate of the listener above, chosen by name (SNI).\n"
        text += "# [[listener.identity]]\n"
        for row in ListenerIdentity.settings {
            text += row.fileLines(ListenerIdentity(), shown: nil)
        }
        let defaults = Configuration()
        for section in sections {
            text += "\n# \(section.summary)\n[\(section.name)]\n"
            for row in section.rows { text += row.fileLines(defaults, shown: nil) }
        }
        return text
    }

    /// The reference page, in Markdown.
    public static func referencePage() -> String {
        var text = """
            # Configuration

            Sealwire reads one file, `sealwire.conf`, in a subset of TOML: tables, arrays of
            tables, strings, integers, booleans, arrays and comments. `sealwired config default`
            prints it with every default, `sealwired config check` says what is wrong with one,
            with file, line and column. An unknown or repeated key is an error. A file is taken
            whole or not at all.

            Times are written `"30s"`, `"5m"`, `"1h"`, `"7d"`, `"2w"` or as a number of seconds;
            sizes `"64KiB"`, `"2MiB"`, `"1GB"` or as a number of bytes. Relative paths start at
            the folder of the file. Passwords and passphrases are never in the file, only in files
            it names.

            `SEALWIRE_<SECTION>_<KEY>` in the environment wins over the file:
            `SEALWIRE_LIMITS_PACKET_BYTES=2MiB`, `SEALWIRE_LISTENER_MQTTS_PORT=8884` for the
            listener named `mqtts`, or `SEALWIRE_LISTENER_PORT=8884` while there is one listener
            at most. Lists are separated by commas.

            "Applies" says when a changed value takes effect after a reload: at once, for new
            connections, or after a restart. Adding or removing a listener needs a restart.

            """
        text += Self.table(
            "[[listener]]",
            "A place where clients connect. There can be several.",
            ListenerSettings.settings,
            ListenerSettings()
        )
        text += Self.table(
            "[[listener.identity]]",
            "A further certificate of the listener above it, chosen by name (SNI).",
            ListenerIdentity.settings,
            ListenerIdentity()
        )
        for section in sections {
            text += Self.table(
                "[\(section.name)]",
                section.summary,
                section.rows,
                Configuration()
            )
        }
        return text
    }

    private static func table<Part>(
        _ heading: String,
        _ summary: String,
        _ rows: [Setting<Part>],
        _ defaults: Part
    ) -> String {
        var text = "\n## \(heading)\n\n\(summary)\n\n"
        text += "| setting | type | default | applies | meaning |\n|---|---|---|---|---|\n"
        for row in rows {
            let value = row.kind.write(row.get(defaults))
            let shown = value.isEmpty ? "none" : "`\(value)`"
            text += "| `\(row.name)` | \(row.kind.description) | \(shown) "
            text += "| \(row.applies.rawValue) | \(row.summary) |\n"
        }
        return text
    }
}

extension Setting {
    /// The sentence as a comment, then the line with the default.
    fileprivate func fileLines(_ defaults: Section, shown: String?) -> String {
        var text = ""
        for line in Self.wrapped("\(summary) (\(kind.description); applies: \(applies.rawValue))") {
            text += "# \(line)\n"
        }
        if let shown { return text + "\(name) = \(shown)\n" }
        var value = kind.write(get(defaults))
        if value.isEmpty || (value == "[]" && !example.isEmpty) {
            value = kind == .path ? TOMLText.quoted(example) : example
        }
        return text + "# \(name) = \(value)\n"
    }

    private static func wrapped(_ text: String) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + word.count + 1 > 96 {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? word : " " + word
        }
        return lines + [line]
    }
}
