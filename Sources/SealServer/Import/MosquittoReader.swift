// SPDX-License-Identifier: Apache-2.0
// Reads a mosquitto.conf line by line into a draft: which option belongs to which listener.
// Not here: what becomes of the options (`MosquittoWriter`).

struct MosquittoReader {
    private(set) var draft = ImportDraft()
    private var file = ""
    private var line = 0

    mutating func read(
        _ text: String,
        path: String,
        isIncluded: Bool,
        readFile: (String) -> String?,
        listFolder: (String) -> [String]?
    ) {
        let outer = (file, line)
        file = path
        defer { (file, line) = outer }
        for (index, part) in text.unicodeScalars.split(
            separator: "\n",
            omittingEmptySubsequences: false
        ).enumerated() {
            line = index + 1
            let whole = Self.trimmed(Substring(part))
            guard let first = whole.unicodeScalars.first, first != "#" else { continue }
            let (name, value) = Self.cut(whole)
            if name == "include_dir" {
                include(
                    value,
                    isIncluded: isIncluded,
                    readFile: readFile,
                    listFolder: listFolder
                )
            } else {
                take(name, value)
            }
        }
    }

    private mutating func note(_ message: String, decides: Bool = false) {
        draft.notes.append(
            ImportNote(file: file, line: line, message: message, decidesAccess: decides)
        )
    }

    // MARK: Lines

    private static func trimmed(_ text: Substring) -> Substring {
        let scalars = text.unicodeScalars
        func isBlank(_ scalar: Unicode.Scalar) -> Bool {
            scalar == " " || scalar == "\t" || scalar == "\r" || scalar == "\u{FEFF}"
        }
        guard let first = scalars.firstIndex(where: { !isBlank($0) }),
            let last = scalars.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return text[first..<scalars.index(after: last)]
    }

    private static func cut(_ text: Substring) -> (String, String) {
        guard let blank = text.unicodeScalars.firstIndex(where: { $0 == " " || $0 == "\t" }) else {
            return (String(text), "")
        }
        return (String(text[..<blank]), String(trimmed(text[blank...])))
    }

    /// All *.conf of a folder in the order of their bytes.
    private mutating func include(
        _ folder: String,
        isIncluded: Bool,
        readFile: (String) -> String?,
        listFolder: (String) -> [String]?
    ) {
        guard !isIncluded else {
            return note("include_dir inside an included file is not read", decides: true)
        }
        guard let names = listFolder(folder) else {
            return note("the folder \(folder.bounded) cannot be listed", decides: true)
        }
        let chosen = names.filter { $0.hasSuffix(".conf") && !$0.hasPrefix(".") }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        for name in chosen {
            let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
            guard let text = readFile(path) else {
                note("\(path.bounded) cannot be read", decides: true)
                continue
            }
            read(
                text,
                path: path,
                isIncluded: true,
                readFile: readFile,
                listFolder: listFolder
            )
        }
    }

    // MARK: Options

    private mutating func take(_ name: String, _ value: String) {
        guard !value.isEmpty || name == "auto_id_prefix" else {
            return note("\(name.bounded) has no value", decides: true)
        }
        if MosquittoOptions.flags.contains(name), value != "true", value != "false" {
            return note("\(name) must be true or false", decides: true)
        }
        switch name {
        case "listener": takeListener(value)
        case "connection":
            note("the bridge \(value.bounded) is not carried over")
        case "per_listener_settings": draft.isPerListener = value == "true"
        case "log_dest":
            if value != "stderr" { note("the log goes to standard error, not to \(value.bounded)") }
        case "log_type":
            if value == "none" { note("log_type none: errors are always logged") }
            draft.logTypes.insert(value)
        case _ where MosquittoOptions.listener.contains(name): put(name, value)
        case _ where MosquittoOptions.security.contains(name):
            if draft.isPerListener { put(name, value) } else { putGeneral(name, value) }
        case _ where MosquittoOptions.general.contains(name): putGeneral(name, value)
        case _ where MosquittoOptions.dropped[name] != nil:
            note("\(name): \(MosquittoOptions.dropped[name] ?? "")")
        // Some names of plugins and bridges begin alike; plugins first, as they decide more.
        case _ where MosquittoOptions.isPlugin(name):
            note("\(name): plugins are not carried over", decides: true)
        // The connection line has said that the whole bridge is lost.
        case _ where MosquittoOptions.isBridge(name): break
        default: note("\(name.bounded) is not known", decides: true)
        }
    }

    private mutating func put(_ name: String, _ value: String) {
        let value = ImportedValue(text: value, file: file, line: line)
        if draft.listeners.isEmpty || name == "port" || name == "bind_address" {
            draft.standard.options[name] = value
        } else {
            draft.listeners[draft.listeners.count - 1].options[name] = value
        }
    }

    private mutating func putGeneral(_ name: String, _ value: String) {
        draft.general[name] = ImportedValue(text: value, file: file, line: line)
    }

    /// Opens a listener: port, and perhaps a host or the path of a unix socket.
    private mutating func takeListener(_ value: String) {
        let (port, host) = Self.cut(value[...])
        var listener = ImportedListener(isExplicit: true, file: file, line: line)
        listener.options["port"] = ImportedValue(text: port, file: file, line: line)
        if !host.isEmpty {
            listener.options["bind_address"] = ImportedValue(text: host, file: file, line: line)
        }
        draft.listeners.append(listener)
    }
}
