// SPDX-License-Identifier: Apache-2.0
// Writes who may connect to a listener and what they may do. Password and ACL files are used as
// they are; here they are only looked at, so that a line we cannot use is known before the start.

internal import SealBroker

extension MosquittoWriter {
    mutating func accessLines(
        _ listener: ImportedListener,
        hasTLS: Bool,
        isLocalOnly: Bool
    ) -> [String] {
        func option(_ name: String) -> ImportedValue? {
            draft.isPerListener ? listener.options[name] : draft.general[name]
        }
        let own = listener.options["listener_allow_anonymous"] ?? option("allow_anonymous")
        let isAnonymous = own.map { $0.text == "true" } ?? isLocalOnly
        var lines = ["anonymous = \(isAnonymous)"]
        let passwords = option("password_file")
        if let passwords {
            lines.append("password-file = \(TOMLText.quoted(passwords.text))")
            look(atPasswords: passwords)
        }
        let rules = option("acl_file")
        if let rules {
            lines.append("acl-file = \(TOMLText.quoted(rules.text))")
            look(atRules: rules)
        }
        if let value = option("allow_zero_length_clientid"), value.text == "false" {
            note(value, "clients without a client id are not refused", decides: true)
        }
        let hasNames =
            hasTLS
            && (listener.isOn("use_identity_as_username")
                || listener.isOn("use_subject_as_username"))
        if let rules, isAnonymous, passwords == nil, !hasNames {
            note(
                rules,
                "without password_file user names are not believed: user lines of the ACL "
                    + "file apply to nobody here"
            )
        }
        if listener.isOn("use_username_as_clientid"),
            let value = listener.options["use_username_as_clientid"]
        {
            if hasNames || passwords != nil {
                lines.append("client-id-rule = \"from-identity\"")
            } else {
                note(value, "client ids cannot come from user names nobody checks", decides: true)
            }
        }
        return lines
    }

    private mutating func look(atPasswords value: ImportedValue) {
        guard let text = readOnce(value) else { return }
        let table = PasswordTable(parsing: Array(text.utf8), file: value.text)
        for fault in table.faults {
            notes.append(
                ImportNote(
                    file: fault.file,
                    line: fault.line,
                    message: fault.message,
                    decidesAccess: true
                )
            )
        }
    }

    private mutating func look(atRules value: ImportedValue) {
        guard let text = readOnce(value) else { return }
        for fault in Policy.parse(Array(text.utf8), file: value.text).faults {
            notes.append(
                ImportNote(
                    file: fault.file,
                    line: fault.line,
                    message: fault.message,
                    decidesAccess: true
                )
            )
        }
    }

    /// The text of a file that was not looked at before.
    private mutating func readOnce(_ value: ImportedValue) -> String? {
        guard filesSeen.insert(value.text).inserted else { return nil }
        if !value.text.hasPrefix("/") {
            note(
                value,
                "\(value.text.bounded) is relative: it now starts at the folder of "
                    + "sealwire.conf, not where the daemon was started"
            )
        }
        guard let text = readFile(value.text) else {
            note(value, "\(value.text.bounded) cannot be read now and was not looked at")
            return nil
        }
        return text
    }
}
