// SPDX-License-Identifier: Apache-2.0
// What a client is told before it connects. Defaults are safe; what is not checked has to be said.

public import SealMQTT
public import SealNet

/// How a client comes back after its connection broke.
public struct ReconnectPolicy: Equatable, Sendable {
    /// The first pause, doubled with every attempt.
    public var firstDelayMilliseconds: Int
    /// The longest pause.
    public var delayMillisecondsMax: Int

    /// Makes a policy.
    public init(firstDelayMilliseconds: Int = 500, delayMillisecondsMax: Int = 30_000) {
        self.firstDelayMilliseconds = firstDelayMilliseconds
        self.delayMillisecondsMax = delayMillisecondsMax
    }

    /// The pause before an attempt, the first being 1; `dice` is from 0 up to 1.
    ///
    /// Half of the pause is certain and half is diced, so that clients that broke off together do
    /// not come back together.
    public func delayMilliseconds(attempt: Int, dice: Double) -> Int {
        let doublings = min(max(attempt - 1, 0), 20)
        let longest = max(delayMillisecondsMax, 0)
        let whole = min(max(firstDelayMilliseconds, 0) << doublings, longest)
        return whole / 2 + Int(Double(whole - whole / 2) * dice)
    }
}

/// What happened to a client's connection.
public enum ConnectionChange: Sendable {
    /// The server accepted it.
    case connected(Connack)
    /// It broke; with a pause when it will be tried again.
    case lost(MQTTClientError, retryMilliseconds: Int?)
}

/// What a client is told before it connects.
public struct MQTTClientSettings: Sendable {
    /// The server's name or address.
    public var host: String
    /// The server's port.
    public var port: UInt16
    /// TLS; without it the connection is not encrypted.
    public var tls: TLSClientSettings?
    /// The version of the protocol.
    public var version: ProtocolVersion = .v5
    /// The client identifier; empty when the server shall choose one.
    public var clientID = ""
    /// Whether a session from before is to be forgotten.
    public var cleanStart = true
    /// After how many seconds of silence a ping is sent; 0 is never.
    public var keepAliveSeconds: UInt16 = 60
    /// The user name.
    public var username: String?
    /// The password.
    public var password: [UInt8]?
    /// The message to publish when the connection breaks.
    public var will: Will?
    /// The properties of CONNECT; where they say nothing about it, servers are asked for sentences
    /// with refusals.
    public var connectProperties = ConnectProperties()
    /// The local address to connect from.
    public var localAddress: String?
    /// How long connecting may take.
    public var connectSecondsMax = 30
    /// How the client comes back; `nil` is not at all.
    public var reconnect: ReconnectPolicy? = ReconnectPolicy()
    /// What may be under way and what may wait.
    public var limits = ClientLimits()
    /// How many messages a reader may be behind before the connection is not read any more.
    public var bufferedMessagesMax = 1_000
    /// Whether messages that no subscription claims are kept for `MQTTClient.messages`.
    public var keepsUnclaimed = false
    /// Told what happens to the connection, on the client's own thread.
    public var onChange: (@Sendable (ConnectionChange) -> Void)?
    /// Told of every packet, in a line, on the client's own thread.
    public var onPacket: (@Sendable (String) -> Void)?

    /// Names the server; encrypted, with the system's authorities, unless `tls` says otherwise.
    public init(host: String, port: UInt16 = 8883, tls: TLSClientSettings? = .systemRoots) {
        self.host = host
        self.port = port
        self.tls = tls
    }

    var connect: Connect {
        var properties = connectProperties
        properties.requestProblemInformation = properties.requestProblemInformation ?? true
        return Connect(
            version: version,
            clientID: Array(clientID.utf8),
            cleanStart: cleanStart,
            keepAliveSeconds: keepAliveSeconds,
            username: username.map { Array($0.utf8) },
            password: password,
            will: will,
            properties: properties
        )
    }
}

extension TLSClientSettings {
    /// Trust in what the system trusts.
    public static var systemRoots: TLSClientSettings {
        var settings = TLSClientSettings()
        settings.usesSystemRoots = true
        return settings
    }
}
