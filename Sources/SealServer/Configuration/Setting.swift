// SPDX-License-Identifier: Apache-2.0
// One row of the settings table: name, type, default, limits, sentence, and when a change applies.
// Everything else about settings (file, environment, documentation, difference) is made of rows.
// The default is the one written at the property the row points to.

/// When a changed setting takes effect.
public enum Applies: String, Sendable {
    /// At the reload.
    case now = "now"
    /// At the reload, for connections made after it.
    case newConnections = "new connections"
    /// When the daemon is started again.
    case restart = "restart"
}

/// The type of a setting, with its limits.
public enum SettingKind: Sendable, Equatable {
    case integer(ClosedRange<Int>)
    case seconds(ClosedRange<Int>)
    case bytes(ClosedRange<Int>)
    case boolean
    case text
    case path
    case choice([String])
    case texts
    case paths
    case addresses
    case choices([String])
}

/// The value of a setting without its type.
public enum SettingValue: Sendable, Equatable {
    case integer(Int)
    case boolean(Bool)
    case text(String)
    case texts([String])
    /// An optional setting that is not set.
    case absent
}

/// A setting that takes one of a few words.
public protocol SettingChoice: RawRepresentable<String>, CaseIterable, Sendable, Equatable {}

/// A part of the configuration with rows of its own.
public protocol SettingsSection: Sendable, Equatable {
    /// All settings at their defaults.
    init()
    /// The rows, in the order they are documented.
    static var settings: [Setting<Self>] { get }
}

/// One row of the settings table.
public struct Setting<Section: Sendable>: Sendable {
    /// The key in the file.
    public let name: String
    /// The type and the limits.
    public let kind: SettingKind
    /// When a change takes effect.
    public let applies: Applies
    /// What it does, in a sentence or two.
    public let summary: String
    /// What a commented line shows where there is no default.
    public let example: String
    let get: @Sendable (Section) -> SettingValue
    let put: @Sendable (inout Section, SettingValue) -> Void
}

extension Setting {
    typealias Path<Value> = any WritableKeyPath<Section, Value> & Sendable

    static func integer(
        _ name: String,
        _ path: Path<Int>,
        _ range: ClosedRange<Int>,
        _ applies: Applies,
        _ summary: String
    ) -> Self { number(name, path, .integer(range), applies, summary) }

    static func seconds(
        _ name: String,
        _ path: Path<Int>,
        _ range: ClosedRange<Int>,
        _ applies: Applies,
        _ summary: String
    ) -> Self { number(name, path, .seconds(range), applies, summary) }

    static func bytes(
        _ name: String,
        _ path: Path<Int>,
        _ range: ClosedRange<Int>,
        _ applies: Applies,
        _ summary: String
    ) -> Self { number(name, path, .bytes(range), applies, summary) }

    private static func number(
        _ name: String,
        _ path: Path<Int>,
        _ kind: SettingKind,
        _ applies: Applies,
        _ summary: String
    ) -> Self {
        Setting(
            name: name,
            kind: kind,
            applies: applies,
            summary: summary,
            example: "",
            get: { .integer($0[keyPath: path]) },
            put: { if case .integer(let number) = $1 { $0[keyPath: path] = number } }
        )
    }

    static func boolean(
        _ name: String,
        _ path: Path<Bool>,
        _ applies: Applies,
        _ summary: String
    ) -> Self {
        Setting(
            name: name,
            kind: .boolean,
            applies: applies,
            summary: summary,
            example: "",
            get: { .boolean($0[keyPath: path]) },
            put: { if case .boolean(let flag) = $1 { $0[keyPath: path] = flag } }
        )
    }

    static func text(
        _ name: String,
        _ path: Path<String>,
        _ applies: Applies,
        _ summary: String
    ) -> Self {
        Setting(
            name: name,
            kind: .text,
            applies: applies,
            summary: summary,
            example: "",
            get: { .text($0[keyPath: path]) },
            put: { if case .text(let text) = $1 { $0[keyPath: path] = text } }
        )
    }

    static func optional(
        _ name: String,
        _ path: Path<String?>,
        _ kind: SettingKind,
        _ applies: Applies,
        _ summary: String,
        example: String
    ) -> Self {
        Setting(
            name: name,
            kind: kind,
            applies: applies,
            summary: summary,
            example: example,
            get: { section in section[keyPath: path].map { .text($0) } ?? .absent },
            put: { if case .text(let text) = $1 { $0[keyPath: path] = text } }
        )
    }

    static func list(
        _ name: String,
        _ path: Path<[String]>,
        _ kind: SettingKind,
        _ applies: Applies,
        _ summary: String,
        example: String = ""
    ) -> Self {
        Setting(
            name: name,
            kind: kind,
            applies: applies,
            summary: summary,
            example: example,
            get: { .texts($0[keyPath: path]) },
            put: { if case .texts(let texts) = $1 { $0[keyPath: path] = texts } }
        )
    }

    static func choice<Choice: SettingChoice>(
        _ name: String,
        _ path: Path<Choice>,
        _ applies: Applies,
        _ summary: String
    ) -> Self {
        Setting(
            name: name,
            kind: .choice(Choice.allCases.map(\.rawValue)),
            applies: applies,
            summary: summary,
            example: "",
            get: { .text($0[keyPath: path].rawValue) },
            put: {
                if case .text(let word) = $1, let choice = Choice(rawValue: word) {
                    $0[keyPath: path] = choice
                }
            }
        )
    }

    static func choices<Choice: SettingChoice>(
        _ name: String,
        _ path: Path<[Choice]>,
        _ applies: Applies,
        _ summary: String
    ) -> Self {
        Setting(
            name: name,
            kind: .choices(Choice.allCases.map(\.rawValue)),
            applies: applies,
            summary: summary,
            example: "",
            get: { .texts($0[keyPath: path].map(\.rawValue)) },
            put: {
                if case .texts(let words) = $1 {
                    $0[keyPath: path] = words.compactMap { Choice(rawValue: $0) }
                }
            }
        )
    }

    /// The same row, seen from the value that holds the section.
    func lifted<Outer: Sendable>(
        _ path: any WritableKeyPath<Outer, Section> & Sendable
    ) -> Setting<Outer> {
        let get = get
        let put = put
        return Setting<Outer>(
            name: name,
            kind: kind,
            applies: applies,
            summary: summary,
            example: example,
            get: { get($0[keyPath: path]) },
            put: { put(&$0[keyPath: path], $1) }
        )
    }
}
