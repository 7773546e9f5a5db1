// SPDX-License-Identifier: Apache-2.0
// From bytes and environment to a whole configuration, or to the list of everything that is wrong.
// Not here: rules between settings, which are in `Configuration+rules.swift`.

struct ConfigurationLoader {
    private let file: String
    private var configuration = Configuration()
    private var origins: [String: SettingOrigin] = [:]
    private var errors: [ConfigurationError] = []
    /// Where each listener and each of its identities is opened, for faults about the whole.
    private var headings: [TOMLPosition] = []

    private init(file: String) { self.file = file }

    static func load(
        _ bytes: [UInt8],
        file: String,
        environment: [String: String]
    ) throws(ConfigurationErrors) -> LoadedConfiguration {
        let document = try TOMLDocument.parse(bytes, file: file)
        var loader = ConfigurationLoader(file: file)
        for section in document.sections { loader.take(section) }
        loader.take(environment: environment)
        // Rules are judged on values that were understood: half of them would only mislead.
        guard loader.errors.isEmpty else { throw ConfigurationErrors(loader.errors) }
        let rules = ConfigurationRules(
            configuration: loader.configuration,
            file: file,
            headings: loader.headings,
            origins: loader.origins
        )
        let (faults, warnings) = rules.judge()
        guard faults.isEmpty else { throw ConfigurationErrors(faults) }
        loader.resolvePaths()
        return LoadedConfiguration(
            configuration: loader.configuration,
            warnings: warnings,
            origins: loader.origins
        )
    }

    // MARK: The file

    private mutating func take(_ section: TOMLSection) {
        switch section.name {
        case "":
            for pair in section.pairs {
                report(
                    .unknownKey,
                    pair.position,
                    "\(pair.key.bounded) stands outside of any table",
                    hint: "put it under a heading such as [limits]"
                )
            }
        case "listener": takeListener(section)
        case "listener.identity": takeIdentity(section)
        default: takeSingle(section)
        }
    }

    private mutating func takeListener(_ section: TOMLSection) {
        guard section.isElement else {
            return report(
                .syntax,
                section.position,
                "there can be several listeners",
                hint: "write [[listener]]"
            )
        }
        configuration.listeners.append(ListenerSettings())
        headings.append(section.position)
        let index = configuration.listeners.count - 1
        take(section, ListenerSettings.settings, prefix: "listener.\(index)") {
            $0(&$1.listeners[index])
        }
    }

    private mutating func takeIdentity(_ section: TOMLSection) {
        guard section.isElement else {
            return report(
                .syntax,
                section.position,
                "there can be several identities",
                hint: "write [[listener.identity]]"
            )
        }
        guard let index = configuration.listeners.indices.last else {
            return report(
                .syntax,
                section.position,
                "this identity stands before any listener",
                hint: "put it below the [[listener]] it belongs to"
            )
        }
        configuration.listeners[index].identities.append(ListenerIdentity())
        let inner = configuration.listeners[index].identities.count - 1
        take(
            section,
            ListenerIdentity.settings,
            prefix: "listener.\(index).identity.\(inner)"
        ) { $0(&$1.listeners[index].identities[inner]) }
        origins["listener.\(index).identity.\(inner)"] = origin(section.position)
    }

    private mutating func takeSingle(_ section: TOMLSection) {
        guard let known = Configuration.sections.first(where: { $0.name == section.name }) else {
            let meant = Suggestion.nearest(
                to: section.name,
                among: Configuration.sectionNames
            )
            return report(
                .unknownSection,
                section.position,
                "there is no section \(section.name.bounded)",
                hint: meant.map { "did you mean [\($0)]?" } ?? ""
            )
        }
        guard !section.isElement else {
            return report(
                .syntax,
                section.position,
                "[\(known.name)] exists once",
                hint: "write [\(known.name)]"
            )
        }
        take(section, known.rows, prefix: known.name) { $0(&$1) }
    }

    /// Puts the pairs of a section where `reach` says.
    private mutating func take<Part>(
        _ section: TOMLSection,
        _ rows: [Setting<Part>],
        prefix: String,
        _ reach: ((inout Part) -> Void, inout Configuration) -> Void
    ) {
        for pair in section.pairs {
            guard let row = rows.first(where: { $0.name == pair.key }) else {
                let meant = Suggestion.nearest(to: pair.key, among: rows.map(\.name))
                report(
                    .unknownKey,
                    pair.position,
                    "[\(section.name)] has no setting \(pair.key.bounded)",
                    hint: meant.map { "did you mean \($0)?" } ?? elsewhere(pair.key)
                )
                continue
            }
            do throws(ValueFault) {
                let value = try row.kind.read(pair.value.kind)
                reach({ row.put(&$0, value) }, &configuration)
                origins["\(prefix).\(row.name)"] = origin(pair.value.position)
            } catch {
                report(
                    error.code,
                    pair.value.position,
                    "\(row.name) \(error.message)",
                    hint: error.hint
                )
            }
        }
    }

    /// A key that exists, but in another section.
    private func elsewhere(_ key: String) -> String {
        if ListenerSettings.settings.contains(where: { $0.name == key }) {
            return "\(key) belongs under [[listener]]"
        }
        for section in Configuration.sections where section.rows.contains(where: { $0.name == key })
        {
            return "\(key) belongs under [\(section.name)]"
        }
        return ""
    }

    private func origin(_ place: TOMLPosition) -> SettingOrigin {
        SettingOrigin(file: file, line: place.line, column: place.column)
    }

    private mutating func report(
        _ code: ConfigurationCode,
        _ place: TOMLPosition,
        _ message: String,
        hint: String = ""
    ) {
        errors.append(
            ConfigurationError(
                code,
                file: file,
                line: place.line,
                column: place.column,
                message: message,
                hint: hint
            )
        )
    }

    // MARK: The environment

    private mutating func take(environment: [String: String]) {
        for (variable, text) in environment.sorted(by: { $0.key < $1.key }) {
            guard variable.hasPrefix("SEALWIRE_") else { continue }
            let rest = String(variable.dropFirst("SEALWIRE_".count))
            if rest.hasPrefix("LISTENER_") {
                takeListener(variable, key: String(rest.dropFirst("LISTENER_".count)), text)
                continue
            }
            // Other variables of that prefix belong to others: the command line, orchestrators.
            guard
                let section = Configuration.sections.first(where: {
                    rest.hasPrefix(Self.variable($0.name) + "_")
                })
            else { continue }
            let key = String(rest.dropFirst(section.name.utf8.count + 1))
            take(variable, key, text, section.rows, prefix: section.name) { $0(&$1) }
        }
    }

    /// `SEALWIRE_LISTENER_<NAME>_<KEY>`, or without the name while there is at most one listener.
    private mutating func takeListener(_ variable: String, key: String, _ text: String) {
        func isSetting(_ key: String) -> Bool {
            ListenerSettings.settings.contains { Self.variable($0.name) == key }
        }
        if configuration.listeners.isEmpty {
            configuration.listeners.append(ListenerSettings())
            configuration.listeners[0].name = "default"
            headings.append(TOMLPosition(line: 0, column: 0))
        }
        let named = configuration.listeners.indices
            .map { (index: $0, prefix: Self.variable(configuration.listeners[$0].name) + "_") }
            .filter { named in
                guard named.prefix.utf8.count > 1, key.hasPrefix(named.prefix) else { return false }
                // A listener named "tls" does not own TLS_MINIMUM.
                let rest = key.dropFirst(named.prefix.count)
                return !isSetting(key) || isSetting(String(rest))
            }
            .max { $0.prefix.utf8.count < $1.prefix.utf8.count }
        let index: Int
        let name: String
        if let named {
            index = named.index
            name = String(key.dropFirst(named.prefix.count))
        } else if configuration.listeners.count == 1 {
            index = 0
            name = key
        } else {
            errors.append(
                ConfigurationError(
                    .environment,
                    file: "environment",
                    message: "\(variable) names none of the listeners",
                    hint: "write SEALWIRE_LISTENER_<NAME>_<KEY>"
                )
            )
            return
        }
        take(
            variable,
            name,
            text,
            ListenerSettings.settings,
            prefix: "listener.\(index)"
        ) { $0(&$1.listeners[index]) }
    }

    private mutating func take<Part>(
        _ variable: String,
        _ key: String,
        _ text: String,
        _ rows: [Setting<Part>],
        prefix: String,
        _ reach: ((inout Part) -> Void, inout Configuration) -> Void
    ) {
        guard let row = rows.first(where: { Self.variable($0.name) == key }) else {
            let meant = Suggestion.nearest(to: key, among: rows.map { Self.variable($0.name) })
            let stem = variable.dropLast(key.count)
            errors.append(
                ConfigurationError(
                    .environment,
                    file: "environment",
                    message: "\(variable) is no setting",
                    hint: meant.map { "did you mean \(stem)\($0)?" } ?? ""
                )
            )
            return
        }
        do throws(ValueFault) {
            let value = try row.kind.read(text: text)
            reach({ row.put(&$0, value) }, &configuration)
            origins["\(prefix).\(row.name)"] = SettingOrigin(
                file: "environment",
                line: 0,
                column: 0
            )
        } catch {
            errors.append(
                ConfigurationError(
                    error.code,
                    file: "environment",
                    message: "\(variable) \(error.message)",
                    hint: error.hint
                )
            )
        }
    }

    /// A name as it is spelt in a variable.
    static func variable(_ name: String) -> String {
        String(name.uppercased().map { $0 == "-" || $0 == "." ? "_" : $0 })
    }

    // MARK: Paths

    /// Relative paths start at the folder of the file.
    private mutating func resolvePaths() {
        guard let slash = file.lastIndex(of: "/") else { return }
        let folder = file[...slash]
        for index in configuration.listeners.indices {
            Self.resolve(&configuration.listeners[index], ListenerSettings.settings, folder)
            for inner in configuration.listeners[index].identities.indices {
                Self.resolve(
                    &configuration.listeners[index].identities[inner],
                    ListenerIdentity.settings,
                    folder
                )
            }
        }
        Self.resolve(&configuration.registry, RegistrySettings.settings, folder)
    }

    private static func resolve<Part>(
        _ part: inout Part,
        _ rows: [Setting<Part>],
        _ folder: Substring
    ) {
        func whole(_ path: String) -> String { path.hasPrefix("/") ? path : folder + path }
        for row in rows {
            switch (row.kind, row.get(part)) {
            case (.path, .text(let path)): row.put(&part, .text(whole(path)))
            case (.paths, .texts(let paths)): row.put(&part, .texts(paths.map(whole)))
            default: break
            }
        }
    }
}
