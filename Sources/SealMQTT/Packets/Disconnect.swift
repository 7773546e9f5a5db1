// SPDX-License-Identifier: Apache-2.0
// DISCONNECT: MQTT 5.0 §3.14, MQTT 3.1.1 §3.14.

internal import SealBytes

/// A DISCONNECT packet.
public struct Disconnect: Equatable, Sendable {
    /// Why the connection ends.
    public var reason: ReasonCode
    /// A new expiry of the session (only from a client).
    public var sessionExpirySeconds: UInt32?
    /// A sentence for people.
    public var reasonString: String?
    /// Another server to use (only from a server).
    public var serverReference: String?
    /// The user properties as they came, one after another.
    public var userProperties: [UInt8] = []

    /// Makes a packet.
    public init(
        reason: ReasonCode = .success,
        sessionExpirySeconds: UInt32? = nil,
        reasonString: String? = nil,
        serverReference: String? = nil
    ) {
        self.reason = reason
        self.sessionExpirySeconds = sessionExpirySeconds
        self.reasonString = reasonString
        self.serverReference = serverReference
    }

    /// Reads the bytes after the fixed header.
    public static func decode(
        _ body: RawSpan,
        version: ProtocolVersion,
        direction: Direction = .fromClient
    ) throws(MQTTError) -> Disconnect {
        var reader = PacketReader(body)
        var packet = Disconnect()
        // MQTT 5.0 §3.14.2.1, §3.14.2.2.1: both parts may be left out.
        if reader.isAtEnd { return packet }
        guard version == .v5 else { throw .trailing() }
        do { packet.reason = try reader.readReason(in: .disconnect, direction) } catch {
            throw direction == .fromClient && error == .reasonNotAllowed() ? notAllowed() : error
        }
        if reader.isAtEnd { return packet }
        // [MQTT-3.14.2-2]: a server sends no session expiry.
        var walk = PropertyWalk(
            try reader.readProperties(),
            direction == .fromClient ? .disconnectFromClient : .disconnectFromServer
        )
        while try walk.next() {
            switch walk.id {
            case .sessionExpiryInterval: packet.sessionExpirySeconds = walk.number
            case .reasonString: packet.reasonString = walk.value.text
            case .serverReference: packet.serverReference = walk.value.text
            default: packet.userProperties += walk.encoded.copied()
            }
        }
        try reader.requireEnd()
        if direction == .fromClient, packet.serverReference != nil { throw notAllowed() }
        return packet
    }

    private static func notAllowed() -> MQTTError {
        MQTTError(
            .disconnectNotAllowed,
            .protocolError,
            "DISCONNECT has a reason code or a server reference that a client may not send.",
            clause: "MQTT 5.0 §3.14.2"
        )
    }
}
