// SPDX-License-Identifier: Apache-2.0
// The small sections: [shards], [log], [metrics], [drain], [reload], [sys].

/// How much is logged.
public enum LogThreshold: String, SettingChoice {
    case error, warning, info, debug
}

/// How a log line looks.
public enum LogLook: String, SettingChoice {
    /// Text on a terminal, JSON elsewhere.
    case auto
    case text
    case json
}

/// [shards].
public struct ShardSettings: SettingsSection {
    /// The number of shards; 0: by the machine.
    public var count = 0

    /// All settings at their defaults.
    public init() {}

    /// The number of shards on a machine with so many cores.
    public func count(cores: Int) -> Int { count > 0 ? count : (cores > 2 ? cores : 1) }

    /// The rows of [shards].
    public static let settings: [Setting<ShardSettings>] = [
        .integer(
            "count",
            \.count,
            0...256,
            .restart,
            "Threads that carry messages; 0: one per core above two cores, else one."
        )
    ]
}

/// [log].
public struct LogSettings: SettingsSection {
    /// What is logged.
    public var level = LogThreshold.info
    /// How a line looks.
    public var format = LogLook.auto

    /// All settings at their defaults.
    public init() {}

    /// The rows of [log].
    public static let settings: [Setting<LogSettings>] = [
        .choice("level", \.level, .now, "Least important event that is logged."),
        .choice(
            "format",
            \.format,
            .restart,
            "Look of a line: \"auto\" is text on a terminal and JSON elsewhere."
        ),
    ]
}

/// [metrics].
public struct MetricsSettings: SettingsSection {
    /// The listener for metrics and health is open.
    public var isEnabled = true
    /// The addresses as written.
    public var bind: [String] = ["127.0.0.1"]
    /// The port; 0 lets the system choose.
    public var port = 9883

    /// All settings at their defaults.
    public init() {}

    /// The numeric addresses to bind.
    public var addresses: [String] { bind.flatMap(NetworkAddress.expanded) }

    /// The rows of [metrics].
    public static let settings: [Setting<MetricsSettings>] = [
        .boolean(
            "enabled",
            \.isEnabled,
            .restart,
            "Serve /metrics and /health over plain HTTP."
        ),
        .list("bind", \.bind, .addresses, .restart, "Addresses to serve them on."),
        .integer("port", \.port, 0...65535, .restart, "TCP port; 0 lets the system choose."),
    ]
}

/// [drain].
public struct DrainSettings: SettingsSection {
    /// Time between the request to stop and the end.
    public var seconds = 10

    /// All settings at their defaults.
    public init() {}

    /// The rows of [drain].
    public static let settings: [Setting<DrainSettings>] = [
        .seconds(
            "seconds",
            \.seconds,
            0...3600,
            .now,
            "Time clients have to leave between the request to stop and the end."
        )
    ]
}

/// [reload].
public struct ReloadSettings: SettingsSection {
    /// Certificates, lists and access files are read again when they change.
    public var watchesFiles = true

    /// All settings at their defaults.
    public init() {}

    /// The rows of [reload].
    public static let settings: [Setting<ReloadSettings>] = [
        .boolean(
            "watch-files",
            \.watchesFiles,
            .now,
            "Read certificates, keys, revocation lists, password and ACL files again when they "
                + "change. SIGHUP does so always."
        )
    ]
}

/// [sys].
public struct SysSettings: SettingsSection {
    /// Time between two publications of `$SYS`; 0: none.
    public var intervalSeconds = 10

    /// All settings at their defaults.
    public init() {}

    /// The rows of [sys].
    public static let settings: [Setting<SysSettings>] = [
        .seconds(
            "interval",
            \.intervalSeconds,
            0...86_400,
            .now,
            "Time between two publications of the $SYS topics; 0 switches them off."
        )
    ]
}
