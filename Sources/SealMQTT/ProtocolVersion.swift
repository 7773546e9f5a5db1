// SPDX-License-Identifier: Apache-2.0
// Which MQTT is spoken. What differs between the versions is decided where the packet is read.

/// A version of the protocol; its number is the protocol level in CONNECT.
public enum ProtocolVersion: UInt8, Sendable, CaseIterable {
    /// MQTT 3.1.
    case v31 = 3
    /// MQTT 3.1.1.
    case v311 = 4
    /// MQTT 5.0.
    case v5 = 5
}

/// Who sent the bytes that are read.
public enum Direction: UInt8, Sendable, CaseIterable {
    /// A client sent them to a server.
    case fromClient
    /// A server sent them to a client.
    case fromServer
}
