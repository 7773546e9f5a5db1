// SPDX-License-Identifier: Apache-2.0
// What one measurement does, as a value.

public import SealMQTT
internal import SealNet

/// The kinds of measurements.
public enum BenchRow: String, Sendable, CaseIterable {
    /// Each publisher has a subscriber of its own.
    case pairs
    /// Many publishers, few subscribers that get everything.
    case fanin
    /// Few publishers, many subscribers that each get everything.
    case fanout
    /// Connections made and ended, one after another.
    case connect
    /// Connections that do nothing.
    case idle
}

/// What one measurement does.
public struct BenchSettings: Sendable {
    /// The kind.
    public var row: BenchRow
    /// The server.
    public var host = "127.0.0.1"
    /// The server's port.
    public var port: UInt16 = 8883
    /// The version of MQTT.
    public var version: ProtocolVersion = .v311
    /// Pairs, publishers (fan-in), subscribers (fan-out) or connections.
    public var clientCount = 50
    /// The other side of fan-in and fan-out.
    public var otherCount = 1
    /// The quality of service, of publishing and of subscribing.
    public var qos: UInt8 = 0
    /// Bytes of each payload.
    public var payloadBytes = 64
    /// How many messages a publisher has under way that some subscriber has not got.
    public var window = 64
    /// How many messages a publisher has unacknowledged, with QoS 1 and 2.
    public var inFlightCount = 64
    /// How long is measured.
    public var seconds = 5.0
    /// How long messages flow before it is measured.
    public var warmupSeconds = 1.0
    /// Messages published in a second by all publishers together; nil is as fast as the windows
    /// let them.
    public var messagesPerSecond: Double?
    /// Instead of a time: each publisher sends so many windows full, in step with the server.
    public var burstCount: Int?
    /// Connections that are being made at once.
    public var parallelCount = 16
    /// Connections of the loopback network come from so many addresses; 0 leaves it to the kernel.
    public var sourceCount = 0
    /// Whether a refused connection is tried again.
    public var retries = false
    /// Whether idle connections subscribe.
    public var subscribes = false
    /// Whether every delivery's time is kept, not only how the times are distributed.
    public var keepsSamples = false
    /// The first level of all topics.
    public var topicPrefix = "bench"
    /// The user name.
    public var username: String?
    /// The password.
    public var password: String?
    /// The server's process, to read its processor time and memory.
    public var serverProcess: Int32?
    /// Encryption; nil is none.
    public var tls: BenchTLS?

    /// The smallest payload that holds the stamp.
    public static let payloadBytesMin = 28
    /// The largest window, and the most messages in flight.
    public static let windowMax = 32_768

    /// Makes settings with the defaults.
    public init(row: BenchRow) { self.row = row }

    /// Says what cannot be measured; nil when all is well.
    public var objection: String? {
        if clientCount < 1 || otherCount < 1 { return "there must be at least one client" }
        if payloadBytes < Self.payloadBytesMin {
            return "a payload has at least \(Self.payloadBytesMin) bytes, for its stamp"
        }
        if payloadBytes > 16 << 20 { return "a payload has at most 16 MiB here" }
        if window < 1 || window > Self.windowMax {
            return "the window is between 1 and \(Self.windowMax)"
        }
        if inFlightCount < 1 || inFlightCount > Self.windowMax {
            return "messages in flight are between 1 and \(Self.windowMax)"
        }
        if qos > 2 { return "the quality of service is 0, 1 or 2" }
        if let rate = messagesPerSecond, rate <= 0 { return "the rate is above 0" }
        if burstCount != nil, serverProcess == nil {
            return "bursts need the server's process (--server-pid), which they halt and resume"
        }
        if version == .v31 { return "MQTT 3.1 is not measured" }
        return nil
    }

    /// How many publishers and subscribers there are.
    var sides: (publishers: Int, subscribers: Int) {
        switch row {
        case .pairs: (clientCount, clientCount)
        case .fanin: (clientCount, otherCount)
        case .fanout: (otherCount, clientCount)
        case .connect, .idle: (0, 0)
        }
    }
}

/// How a measurement encrypts.
public struct BenchTLS: Sendable {
    /// Files with trusted authorities.
    public var trustFiles: [String] = []
    /// Folders with trusted authorities.
    public var trustFolders: [String] = []
    /// Whether the system's authorities are trusted.
    public var usesSystemRoots = false
    /// Whether the server's certificate is not checked at all.
    public var isUnchecked = false
    /// Whether only the name in the server's certificate is not checked.
    public var ignoresName = false
    /// The newest version spoken; nil is 1.3.
    public var only: String?
    /// Certificates and keys of the clients, taken in turn.
    public var identities: [IdentitySource] = []
    /// The client ids that go with the identities; empty: clients choose their own.
    public var identityNames: [String] = []
    /// Keystores with trusted authorities.
    public var truststores: [TruststoreSource] = []

    /// Makes settings with the defaults.
    public init() {}

    /// One context for each identity, or one without.
    func contexts() throws(TLSError) -> [TLSClientContext] {
        var settings = TLSClientSettings()
        settings.trustFiles = trustFiles
        settings.trustFolders = trustFolders
        settings.truststores = truststores
        settings.usesSystemRoots = usesSystemRoots
        settings.checksChain = !isUnchecked
        settings.checksName = !isUnchecked && !ignoresName
        if let only, let version = TLSVersion(rawValue: only) {
            settings.minimumVersion = version
            settings.maximumVersion = version
        }
        if identities.isEmpty { return [try TLSClientContext.load(settings)] }
        var all: [TLSClientContext] = []
        for identity in identities {
            settings.identity = identity
            all.append(try TLSClientContext.load(settings))
        }
        return all
    }
}
