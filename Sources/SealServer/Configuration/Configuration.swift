// SPDX-License-Identifier: Apache-2.0
// The whole configuration as a typed value, complete or not there at all. Not here: how it is read
// (`ConfigurationLoader`) and what it may not say (`Configuration+rules.swift`).

/// Everything the daemon is told.
public struct Configuration: Sendable, Equatable {
    /// The listeners in the order of the file.
    public var listeners: [ListenerSettings] = []
    /// [limits].
    public var limits = Limits()
    /// [registry].
    public var registry = RegistrySettings()
    /// [api].
    public var api = APISettings()
    /// [shards].
    public var shards = ShardSettings()
    /// [log].
    public var log = LogSettings()
    /// [metrics].
    public var metrics = MetricsSettings()
    /// [drain].
    public var drain = DrainSettings()
    /// [reload].
    public var reload = ReloadSettings()
    /// [sys].
    public var sys = SysSettings()

    /// All settings at their defaults, without a listener.
    public init() {}

    /// The environment, as far as it is about settings, is read after the file and wins.
    public static func load(
        _ bytes: [UInt8],
        file: String,
        environment: [String: String] = [:]
    ) throws(ConfigurationErrors) -> LoadedConfiguration {
        try ConfigurationLoader.load(bytes, file: file, environment: environment)
    }
}

/// Where a configuration comes from, for whoever reads another one beside it.
public struct ConfigurationSource: Sendable {
    /// The file.
    public var file: String
    /// The environment, whose settings win over the file's.
    public var environment: [String: String]

    /// Makes the value.
    public init(file: String = "sealwire.conf", environment: [String: String] = [:]) {
        self.file = file
        self.environment = environment
    }
}

/// A configuration with what is needed to talk about it.
public struct LoadedConfiguration: Sendable {
    /// The configuration.
    public var configuration: Configuration
    /// What is allowed but should be known.
    public var warnings: [ConfigurationError]
    /// Where each value that was set comes from, by its path such as `limits.packet-bytes`.
    public var origins: [String: SettingOrigin]
}

/// The place a value was set.
public struct SettingOrigin: Sendable, Equatable {
    /// The file, or `environment`.
    public var file: String
    /// The line; 0 in the environment.
    public var line: Int
    /// The column; 0 in the environment.
    public var column: Int
}

/// A section that exists once, with its rows seen from the configuration.
public struct SectionRows: Sendable {
    /// The name in brackets.
    public let name: String
    /// What it is about.
    public let summary: String
    /// Its rows.
    public let rows: [Setting<Configuration>]
}

extension Configuration {
    /// All sections that exist once, in the order they are documented.
    public static let sections: [SectionRows] = [
        section("limits", "Everything that is bounded.", \.limits),
        section("registry", "Tenants, trusted certificates, devices.", \.registry),
        section("api", "The REST API of listeners with service = \"api\".", \.api),
        section("shards", "Threads.", \.shards),
        section("log", "The log on standard error.", \.log),
        section("metrics", "Prometheus metrics and health checks.", \.metrics),
        section("drain", "The end of the daemon.", \.drain),
        section("reload", "Reading files again.", \.reload),
        section("sys", "The broker's own topics.", \.sys),
    ]

    private static func section<Section: SettingsSection>(
        _ name: String,
        _ summary: String,
        _ path: any WritableKeyPath<Configuration, Section> & Sendable
    ) -> SectionRows {
        SectionRows(name: name, summary: summary, rows: Section.settings.map { $0.lifted(path) })
    }

    /// Every name a section can have.
    static let sectionNames: [String] =
        ["listener", "listener.identity"] + sections.map(\.name)
}
