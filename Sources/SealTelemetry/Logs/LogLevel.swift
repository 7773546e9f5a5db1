// SPDX-License-Identifier: Apache-2.0
// How loud an event is. What an event says is in LogEvent.swift.

/// The weight of a log event, from the quietest to the loudest.
public enum LogLevel: UInt8, Sendable, CaseIterable, Comparable {
    /// Details for whoever develops Sealwire.
    case debug = 0
    /// Ordinary life: a listener opened, a configuration was read.
    case info = 1
    /// Something was refused or degraded; the service goes on.
    case warning = 2
    /// Something an operator must look at.
    case error = 3

    /// The word used in configuration and in log lines.
    public var name: StaticString {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }

    /// The level with this name, as written in a configuration; nil for any other word.
    public init?(name: String) {
        guard let level = Self.allCases.first(where: { $0.name.description == name }) else {
            return nil
        }
        self = level
    }

    /// Orders levels by weight.
    @inlinable
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
