// SPDX-License-Identifier: Apache-2.0
// A mosquitto.conf as a sealwire.conf, with a note for everything that changed on the way.
// Not here: files; they are read by the closures the caller gives.

/// What became of one thing that could not be carried over as it was.
public struct ImportNote: Sendable, Equatable {
    /// The file it stood in.
    public var file: String
    /// The line, counted from 1; 0 for the file as a whole.
    public var line: Int
    /// What changed, as a sentence.
    public var message: String
    /// What was lost decides who may connect: the result must be looked at before it is used.
    public var decidesAccess: Bool

    /// `file:line: message`.
    public var text: String {
        (line > 0 ? "\(file):\(line): " : "\(file): ") + message
            + (decidesAccess ? " [decides who may connect]" : "")
    }
}

/// The result of an import.
public struct ImportResult: Sendable {
    /// The configuration, in Sealwire's format.
    public var sealwireConf: String
    /// Everything that could not be carried over as it was, in the order of the file.
    public var notes: [ImportNote]
    /// Something was lost that decides who may connect.
    public var decidesAccess: Bool { notes.contains { $0.decidesAccess } }
}

/// Imports of other brokers' configurations.
public enum MosquittoImport {
    /// Turns a mosquitto.conf into a sealwire.conf.
    ///
    /// `readFile` gives a file as text, `listFolder` the names in a folder; both give nil when
    /// that cannot be done. Relative paths are handed to them as written.
    public static func run(
        text: String,
        path: String,
        readFile: @escaping (String) -> String?,
        listFolder: (String) -> [String]? = { _ in nil }
    ) -> ImportResult {
        var reader = MosquittoReader()
        reader.read(
            text,
            path: path,
            isIncluded: false,
            readFile: readFile,
            listFolder: listFolder
        )
        var writer = MosquittoWriter(draft: reader.draft, path: path, readFile: readFile)
        let conf = writer.write()
        return ImportResult(sealwireConf: conf, notes: writer.notes + faults(of: conf, path))
    }

    /// What our own check says: a result that is refused must not look like a success.
    private static func faults(of conf: String, _ path: String) -> [ImportNote] {
        do throws(ConfigurationErrors) {
            _ = try Configuration.load(Array(conf.utf8), file: "sealwire.conf")
            return []
        } catch {
            return error.errors.map { fault in
                ImportNote(
                    file: path,
                    line: 0,
                    message: "the result is refused: \(fault.message)",
                    decidesAccess: true
                )
            }
        }
    }
}

/// A value with the place it was read at.
struct ImportedValue: Sendable {
    var text: String
    var file: String
    var line: Int
}

/// A listener of the other broker, option by option.
struct ImportedListener: Sendable {
    var options: [String: ImportedValue] = [:]
    /// Written as `listener`; the default listener is not.
    var isExplicit = false
    var file: String
    var line: Int

    func isOn(_ name: String) -> Bool { options[name]?.text == "true" }
}

/// What was read, before anything is written.
struct ImportDraft: Sendable {
    var standard = ImportedListener(file: "", line: 0)
    var listeners: [ImportedListener] = []
    var general: [String: ImportedValue] = [:]
    var logTypes: Set<String> = []
    var isPerListener = false
    var notes: [ImportNote] = []
}
