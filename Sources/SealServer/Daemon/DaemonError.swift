// SPDX-License-Identifier: Apache-2.0
// Why the daemon does not start, or does not take a new configuration; and where it listens.

/// What keeps the daemon from starting or from taking a new configuration.
public struct DaemonError: Error, Sendable {
    /// The problems, all that were found.
    public let problems: [DaemonProblem]
    /// Whether the configuration is at fault, not the machine.
    public let isConfiguration: Bool
}

/// A listener that accepts connections.
public struct ListeningPort: Sendable, CustomStringConvertible {
    /// What is spoken there.
    public enum Kind: String, Sendable {
        /// MQTT over TLS.
        case tls
        /// MQTT without encryption.
        case plain
        /// HTTP without encryption: metrics and health, and an API on loopback.
        case http
        /// The REST API.
        case https
    }

    /// The listener's name.
    public var name: String
    /// Address and port.
    public var address: String
    /// The port alone.
    public var port: UInt16
    /// What is spoken there.
    public var kind: Kind
    /// Whether it is encrypted.
    public var isTLS: Bool { kind == .tls || kind == .https }

    /// The form of the `ready` line.
    public var description: String { "\(name)=\(kind.rawValue):\(address)" }
}
