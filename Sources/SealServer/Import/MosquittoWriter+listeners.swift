// SPDX-License-Identifier: Apache-2.0
// Writes one listener: address, TLS, client certificates, access. What cannot be said in our words
// closes a door rather than opens one, and is noted.

internal import SealNet

extension MosquittoWriter {
    mutating func write(_ listener: ImportedListener, isLocalOnly: Bool) -> String {
        let place = ImportedValue(text: "", file: listener.file, line: listener.line)
        guard isCarried(listener, place) else { return "" }
        guard let port = port(of: listener, place) else { return "" }
        let hasTLS = listener.options["certfile"] != nil || listener.options["keyfile"] != nil
        if hasTLS, listener.options["certfile"] == nil || listener.options["keyfile"] == nil {
            note(
                place,
                "listener \(port) lacks certfile or keyfile and is left out",
                decides: true
            )
            return ""
        }
        var lines = ["name = \"\(name(hasTLS ? "mqtts" : "mqtt", port))\""]
        lines += placeLines(listener, place, port, hasTLS: hasTLS)
        if hasTLS {
            guard let certificates = certificateLines(listener, place, port) else { return "" }
            lines += tlsLines(listener) + certificates
        } else {
            noteLostTLS(listener)
        }
        lines += accessLines(listener, hasTLS: hasTLS, isLocalOnly: isLocalOnly)
        lines += limitLines(of: listener)
        return "\n[[listener]]\n" + lines.map { $0 + "\n" }.joined()
    }

    /// False for listeners we have no counterpart of.
    private mutating func isCarried(
        _ listener: ImportedListener,
        _ place: ImportedValue
    ) -> Bool {
        if let value = listener.options["protocol"], value.text != "mqtt" {
            let isKnown = value.text == "websockets" || value.text == "http_api"
            note(
                value,
                "the listener for \(value.text.bounded) is left out",
                decides: !isKnown
            )
            return false
        }
        if let value = listener.options["bind_address"], value.text.hasPrefix("/") {
            note(value, "the listener on the unix socket \(value.text.bounded) is left out")
            return false
        }
        if let value = listener.options["enable_proxy_protocol"], value.text != "false",
            value.text != "0"
        {
            note(value, "a listener behind the PROXY protocol is left out", decides: true)
            return false
        }
        if let value = listener.options["tls_keyform"], value.text != "pem" {
            note(value, "a listener with a key in an engine is left out", decides: true)
            return false
        }
        let psk = listener.options["psk_hint"] ?? listener.options["psk_file"]
        if let psk {
            note(psk, "pre-shared keys are not carried over", decides: true)
            if listener.options["certfile"] == nil { return false }
        } else if let psk = draft.general["psk_file"], filesSeen.insert("psk_file").inserted {
            note(psk, "pre-shared keys are not carried over", decides: true)
        }
        return true
    }

    private mutating func port(
        of listener: ImportedListener,
        _ place: ImportedValue
    ) -> Int? {
        guard let value = listener.options["port"] else { return 1883 }
        guard let port = Int(value.text), (1...65_535).contains(port) else {
            note(
                value,
                "\(value.text.bounded) is not a port; the listener is left out",
                decides: true
            )
            return nil
        }
        return port
    }

    private mutating func name(_ stem: String, _ port: Int) -> String {
        var name = "\(stem)-\(port)"
        var number = 2
        while !names.insert(name).inserted {
            name = "\(stem)-\(port)-\(number)"
            number += 1
        }
        return name
    }

    // MARK: Place

    private mutating func placeLines(
        _ listener: ImportedListener,
        _ place: ImportedValue,
        _ port: Int,
        hasTLS: Bool
    ) -> [String] {
        var bind = bindAddress(listener)
        if let value = listener.options["bind_interface"] {
            note(
                value,
                "an interface cannot be named; the listener is bound to localhost until "
                    + "you write its addresses",
                decides: true
            )
            bind = "localhost"
        }
        var lines = ["bind = [\(TOMLText.quoted(bind))]", "port = \(port)"]
        guard !hasTLS else { return lines }
        lines.append("tls = false")
        if !NetworkAddress.isLoopback(bind) {
            lines.append("plaintext = \"on-the-network\"")
            note(place, "listener \(port) has no TLS: everybody on the way can read and change all")
        }
        return lines
    }

    private mutating func bindAddress(_ listener: ImportedListener) -> String {
        guard let value = listener.options["bind_address"] else {
            switch listener.options["socket_domain"]?.text {
            case "ipv4": return "0.0.0.0"
            case "ipv6": return "::"
            case nil: return "*"
            default:
                if let value = listener.options["socket_domain"] {
                    note(value, "socket_domain must be ipv4 or ipv6; both are listened on")
                }
                return "*"
            }
        }
        if NetworkAddress.isValid(value.text), value.text != "*" { return value.text }
        note(
            value,
            "\(value.text.bounded) is not an address in digits; the listener is bound to "
                + "localhost until you write one",
            decides: true
        )
        return "localhost"
    }

    // MARK: TLS

    private mutating func tlsLines(_ listener: ImportedListener) -> [String] {
        var lines: [String] = []
        for (option, key) in [("certfile", "certificate"), ("keyfile", "key")] {
            if let value = listener.options[option] { lines.append(pathLine(key, value)) }
        }
        if let value = listener.options["tls_version"] {
            switch value.text {
            case "tlsv1.3": lines.append("tls-minimum = \"1.3\"")
            case "tlsv1.2": break
            default: note(value, "TLS below 1.2 is not spoken")
            }
        }
        lines += cipherLines(listener)
        if let value = listener.options["tls_engine"] {
            note(value, "tls_engine: engines are not used")
        }
        return lines
    }

    /// What can never be chosen here, and was passed over there, is left out.
    private mutating func cipherLines(_ listener: ImportedListener) -> [String] {
        let lists: [(option: String, key: String, useful: (String) -> String)] = [
            ("ciphers", "ciphers", { TLSSuiteCheck.useful(ofCiphers: $0) }),
            ("ciphers_tls1.3", "ciphersuites", { TLSSuiteCheck.useful(ofSuites: $0) }),
        ]
        var lines: [String] = []
        for (option, key, useful) in lists {
            guard let value = listener.options[option] else { continue }
            let faults =
                key == "ciphers"
                ? TLSSuiteCheck.faults(inCiphers: value.text)
                : TLSSuiteCheck.faults(inSuites: value.text)
            guard !faults.isEmpty else {
                lines.append("\(key) = \(TOMLText.quoted(value.text))")
                continue
            }
            let kept = useful(value.text)
            let isKept =
                key == "ciphers"
                ? TLSSuiteCheck.faults(inCiphers: kept).isEmpty
                : TLSSuiteCheck.faults(inSuites: kept).isEmpty
            let names = faults.compactMap(\.word).joined(separator: ", ")
            let lost = names.isEmpty ? "it leaves no suite" : "\(names.bounded) can never be chosen"
            note(value, "\(option): \(lost); " + (isKept ? "left out" : "the defaults are used"))
            if isKept { lines.append("\(key) = \(TOMLText.quoted(kept))") }
        }
        return lines
    }

    /// Certificates that complete the server's own chain, as the other broker does it with them;
    /// clients are not asked for any.
    private mutating func chainLines(_ listener: ImportedListener) -> [String] {
        var lines: [String] = []
        if let value = listener.options["cafile"] { lines.append(pathsLine("trust-files", value)) }
        if let value = listener.options["capath"] {
            lines.append(pathsLine("trust-folders", value))
        }
        for option in ["crlfile", "disable_client_cert_date_checks"] {
            guard let value = listener.options[option], value.text != "false" else { continue }
            note(value, "\(option) has no effect without require_certificate")
        }
        return lines
    }

    /// Nil when the listener cannot be carried over.
    private mutating func certificateLines(
        _ listener: ImportedListener,
        _ place: ImportedValue,
        _ port: Int
    ) -> [String]? {
        let takesName =
            listener.isOn("use_identity_as_username") || listener.isOn("use_subject_as_username")
        guard listener.isOn("require_certificate") || takesName else {
            return chainLines(listener)
        }
        let files = listener.options["cafile"]
        let folders = listener.options["capath"]
        guard files != nil || folders != nil else {
            note(
                place,
                "listener \(port) needs client certificates but trusts no authority; "
                    + "it is left out",
                decides: true
            )
            return nil
        }
        if !listener.isOn("require_certificate") {
            note(
                place,
                "users come from certificates that mosquitto does not ask for: it refuses "
                    + "everybody; here a certificate is required",
                decides: true
            )
        }
        var lines = ["client-certificates = \"require\""]
        if let files { lines.append(pathsLine("trust-files", files)) }
        if let folders { lines.append(pathsLine("trust-folders", folders)) }
        if let value = listener.options["crlfile"] { lines.append(pathsLine("crl-files", value)) }
        if listener.isOn("disable_client_cert_date_checks") {
            lines.append("check-client-dates = false")
        }
        if listener.isOn("use_identity_as_username") {
            lines.append("identity = \"cn\"")
        } else if listener.isOn("use_subject_as_username") {
            lines.append("identity = \"dn\"")
        }
        return lines
    }

    /// A listener without a certificate of its own speaks no TLS, whatever else is set.
    private mutating func noteLostTLS(_ listener: ImportedListener) {
        let lost = [
            "require_certificate", "use_identity_as_username", "use_subject_as_username", "cafile",
            "capath", "crlfile", "ciphers", "ciphers_tls1.3", "tls_version", "tls_engine",
            "disable_client_cert_date_checks",
        ]
        for option in lost {
            guard let value = listener.options[option], value.text != "false" else { continue }
            note(
                value,
                "\(option) has no effect on a listener without certfile and keyfile",
                decides: value.text == "true"
            )
        }
    }

    private mutating func pathLine(_ key: String, _ value: ImportedValue) -> String {
        noteRelative(value)
        return "\(key) = \(TOMLText.quoted(value.text))"
    }

    private mutating func pathsLine(_ key: String, _ value: ImportedValue) -> String {
        noteRelative(value)
        return "\(key) = [\(TOMLText.quoted(value.text))]"
    }

    private mutating func noteRelative(_ value: ImportedValue) {
        guard !value.text.hasPrefix("/") else { return }
        note(
            value,
            "\(value.text.bounded) is relative: it now starts at the folder of "
                + "sealwire.conf, not where the daemon was started"
        )
    }

    // MARK: Limits of the listener

    private mutating func limitLines(of listener: ImportedListener) -> [String] {
        var lines: [String] = []
        if let value = listener.options["max_connections"], value.text != "-1",
            let number = number(value, 0...10_000_000)
        {
            lines.append("max-connections = \(number)")
        }
        if let value = listener.options["max_qos"] ?? listener.options["maximum_qos"],
            let number = number(value, 0...2)
        {
            lines.append("max-qos = \(number)")
        }
        if let value = listener.options["max_topic_alias"], let number = number(value, 0...65_535) {
            lines.append("topic-alias-maximum = \(number)")
        }
        if let value = listener.options["mount_point"] {
            lines.append("mount-point = \(TOMLText.quoted(value.text))")
        }
        if let value = listener.options["accept_protocol_versions"] {
            let words = ["3": "3.1", "4": "3.1.1", "5": "5"]
            let parts = value.text.split { $0 == "," || $0 == " " }.map { String($0) }
            let known = parts.compactMap { words[$0] }
            if known.count == parts.count, !known.isEmpty {
                let list = known.map { "\"\($0)\"" }.joined(separator: ", ")
                lines.append("protocols = [\(list)]")
            } else {
                note(value, "accept_protocol_versions must list 3, 4 and 5", decides: true)
            }
        }
        return lines
    }
}
