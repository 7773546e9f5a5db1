// SPDX-License-Identifier: Apache-2.0
// The files a configuration names: for the check that they can be read, and for watching them.
// Not here: reading them.

/// A file or folder named by a setting.
public struct ConfigurationFile: Sendable, Equatable {
    /// The setting, such as `listener.0.certificate`.
    public var setting: String
    /// The path, absolute when the file of the configuration was given with its folder.
    public var path: String
}

extension LoadedConfiguration {
    /// Every file and folder the configuration names, in the order of the table.
    public var files: [ConfigurationFile] {
        var files: [ConfigurationFile] = []
        for (index, listener) in configuration.listeners.enumerated() {
            let prefix = "listener.\(index)"
            files += Self.files(ListenerSettings.settings, listener, prefix)
            for (inner, identity) in listener.identities.enumerated() {
                files += Self.files(
                    ListenerIdentity.settings,
                    identity,
                    "\(prefix).identity.\(inner)"
                )
            }
        }
        return files
    }

    /// The files that cannot be read, as faults at the line that names them.
    public func unreadableFiles(_ isReadable: (String) -> Bool) -> [ConfigurationError] {
        files.filter { !isReadable($0.path) }.map { file in
            let origin = origins[file.setting]
            return ConfigurationError(
                .fileUnreadable,
                file: origin?.file ?? "",
                line: origin?.line ?? 0,
                column: origin?.column ?? 0,
                message: "\(file.path) cannot be read"
            )
        }
    }

    private static func files<Part>(
        _ rows: [Setting<Part>],
        _ part: Part,
        _ prefix: String
    ) -> [ConfigurationFile] {
        rows.flatMap { row -> [ConfigurationFile] in
            let setting = "\(prefix).\(row.name)"
            switch (row.kind, row.get(part)) {
            case (.path, .text(let path)): return [ConfigurationFile(setting: setting, path: path)]
            case (.paths, .texts(let paths)):
                return paths.map { ConfigurationFile(setting: setting, path: $0) }
            default: return []
            }
        }
    }
}
