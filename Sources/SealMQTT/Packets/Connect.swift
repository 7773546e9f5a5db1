// SPDX-License-Identifier: Apache-2.0
// CONNECT: MQTT 5.0 §3.1, MQTT 3.1.1 §3.1, MQTT 3.1 §3.1. The will has a file of its own.

internal import SealBytes

/// A CONNECT packet.
public struct Connect: Equatable, Sendable {
    /// The version that the client speaks.
    public var version: ProtocolVersion
    /// Whether the highest bit of the level says that another broker connects.
    public var isBridge = false
    /// Whether a session from before is to be forgotten (Clean Session before MQTT 5.0).
    public var cleanStart: Bool
    /// After how many seconds of silence, and half of that again, the client counts as gone;
    /// 0 is never.
    public var keepAliveSeconds: UInt16
    /// The client identifier; empty when the server shall choose one.
    public var clientID: [UInt8]
    /// The user name.
    public var username: [UInt8]?
    /// The password.
    public var password: [UInt8]?
    /// The message to publish when the connection breaks.
    public var will: Will?
    /// The properties of MQTT 5.0.
    public var properties = ConnectProperties()

    /// Makes a packet.
    public init(
        version: ProtocolVersion,
        clientID: [UInt8],
        cleanStart: Bool = true,
        keepAliveSeconds: UInt16 = 60,
        username: [UInt8]? = nil,
        password: [UInt8]? = nil,
        will: Will? = nil,
        properties: ConnectProperties = ConnectProperties()
    ) {
        self.version = version
        self.clientID = clientID
        self.cleanStart = cleanStart
        self.keepAliveSeconds = keepAliveSeconds
        self.username = username
        self.password = password
        self.will = will
        self.properties = properties
    }

    /// The version that a CONNECT's first bytes name, if they name one.
    ///
    /// Says in which form a refusal is to be written when `decode` throws; `nil` when even that is
    /// not known.
    public static func version(of body: RawSpan) -> ProtocolVersion? {
        var reader = PacketReader(body)
        return (try? readVersion(&reader))?.version
    }

    /// Whether a CONNECT's first bytes name a version that came after MQTT 5.0.
    public static func isNewer(_ body: RawSpan) -> Bool {
        var reader = PacketReader(body)
        guard (try? reader.readBinary()) != nil, let level = try? reader.readUInt8() else {
            return false
        }
        return level & 0x7F > ProtocolVersion.v5.rawValue
    }

    /// Reads the bytes after the fixed header; the header itself lets a length that is too long
    /// for MQTT 5.0 be refused.
    public static func decode(
        _ body: RawSpan,
        frame: Frame? = nil
    ) throws(MQTTError) -> Connect {
        var reader = PacketReader(body)
        let (version, isBridge) = try readVersion(&reader)
        // [MQTT-1.5.5-1].
        if version == .v5, let frame, !frame.hasShortestLength { throw .lengthNotShortest() }
        // MQTT 3.1 §3.1: DUP, QoS and RETAIN are not used in CONNECT, so they are not looked at.
        if version != .v31, let frame, frame.flags != 0 { throw Framing.wrongFlags() }
        let flags = try reader.readUInt8()
        try checkFlags(flags, version)

        var connect = Connect(version: version, clientID: [], cleanStart: flags & 0x02 != 0)
        connect.isBridge = isBridge
        connect.keepAliveSeconds = try reader.readUInt16()
        if version == .v5 {
            connect.properties = try ConnectProperties.decode(try reader.readProperties())
        }
        connect.clientID = try readClientID(&reader, version)
        if flags & 0x04 != 0 { connect.will = try Will.decode(&reader, flags, version) }
        // MQTT 3.1 §3.1: a name or password may be missing although its flag is set.
        let mayMiss = version == .v31
        if flags & 0x80 != 0, !(mayMiss && reader.isAtEnd) {
            connect.username = try reader.readText().copied()
        }
        if flags & 0x40 != 0, !(mayMiss && reader.isAtEnd) {
            connect.password = try reader.readBinary().copied()
        }
        try reader.requireEnd()
        try connect.checkClientID()
        return connect
    }

    @_lifetime(reader: copy reader)
    private static func readClientID(
        _ reader: inout PacketReader,
        _ version: ProtocolVersion
    ) throws(MQTTError) -> [UInt8] {
        guard version == .v5 else { return try reader.readText().copied() }
        let text = try reader.readProse()
        guard text.isPlainUTF8 else {
            // §3.2.2.2: 0x85 is for an identifier that is text but not allowed.
            throw MQTTError(
                .clientIdentifierInvalid,
                .clientIdentifierNotValid,
                "The client identifier has a control character or a non-character.",
                clause: "MQTT 5.0 §1.5.4"
            )
        }
        return text.copied()
    }

    @_lifetime(reader: copy reader)
    private static func readVersion(
        _ reader: inout PacketReader
    ) throws(MQTTError) -> (version: ProtocolVersion, isBridge: Bool) {
        let name = try reader.readBinary()
        let isFirst = name.equals(Array("MQIsdp".utf8))
        // [MQTT-3.1.2-1].
        guard isFirst || name.equals(Array("MQTT".utf8)) else {
            throw MQTTError(
                .protocolNameInvalid,
                .unsupportedProtocolVersion,
                "The protocol name in CONNECT is not MQTT.",
                clause: "MQTT 5.0 §3.1.2.1, MQTT 3.1.1 §3.1.2.1"
            )
        }
        let level = try reader.readUInt8()
        // Bridges of mosquitto set the highest bit of the levels 3 and 4.
        switch (level, isFirst) {
        case (3, true): return (.v31, false)
        case (0x83, true): return (.v31, true)
        case (4, false): return (.v311, false)
        case (0x84, false): return (.v311, true)
        case (5, false): return (.v5, false)
        default:
            // [MQTT-3.1.2-2].
            throw MQTTError(
                .unsupportedProtocolVersion,
                .unsupportedProtocolVersion,
                "The protocol level in CONNECT is none of 3 (MQIsdp), 4 and 5 (MQTT).",
                clause: "MQTT 5.0 §3.1.2.2, MQTT 3.1.1 §3.1.2.2"
            )
        }
    }

    private static func checkFlags(
        _ flags: UInt8,
        _ version: ProtocolVersion
    ) throws(MQTTError) {
        let willQoS = (flags &>> 3) & 3
        if flags & 0x04 != 0, willQoS == 3 {
            // [MQTT-3.1.2-14], in both standards.
            throw .malformed("The will's QoS is 3.", "MQTT 5.0 §3.1.2.6, MQTT 3.1.1 §3.1.2.6")
        }
        // MQTT 3.1 §3.1 has no word on unused flags, so they are not looked at there.
        if version != .v31 {
            // [MQTT-3.1.2-3].
            guard flags & 0x01 == 0 else {
                throw .malformed(
                    "The reserved flag of CONNECT is set.",
                    "MQTT 5.0 §3.1.2.3, MQTT 3.1.1 §3.1.2.3"
                )
            }
            // [MQTT-3.1.2-11], [MQTT-3.1.2-13], [MQTT-3.1.2-15], in both standards.
            guard flags & 0x04 != 0 || flags & 0x38 == 0 else {
                throw .malformed(
                    "CONNECT has a QoS or a retain flag for a will, but no will.",
                    "MQTT 5.0 §3.1.2.6, §3.1.2.7, MQTT 3.1.1 §3.1.2.6, §3.1.2.7"
                )
            }
        }
        // MQTT 3.1.1 [MQTT-3.1.2-22], MQTT 3.1 §3.1; MQTT 5.0 §3.1.2.9 allows it.
        guard version == .v5 || flags & 0xC0 != 0x40 else {
            throw .malformed(
                "CONNECT has a password but no user name.",
                "MQTT 3.1.1 §3.1.2.9"
            )
        }
    }

    private func checkClientID() throws(MQTTError) {
        guard clientID.isEmpty else { return }
        // MQTT 3.1.1 [MQTT-3.1.3-8]; MQTT 3.1 §3.1 has no empty identifiers.
        if version == .v31 || (version == .v311 && !cleanStart) {
            throw MQTTError(
                .clientIdentifierInvalid,
                .clientIdentifierNotValid,
                version == .v31
                    ? "The client identifier is empty; MQTT 3.1 requires one."
                    : "The client identifier is empty, but the session is to be kept.",
                clause: "MQTT 3.1.1 §3.1.3.1"
            )
        }
    }
}

/// The properties of a CONNECT (MQTT 5.0 §3.1.2.11).
public struct ConnectProperties: Equatable, Sendable {
    /// How long the session outlives the connection; the largest value is for ever.
    public var sessionExpirySeconds: UInt32 = 0
    /// How many messages with QoS 1 and 2 the client takes at once.
    public var receiveMaximum: UInt16 = 65_535
    /// The largest packet the client takes; `nil` is any.
    public var maximumPacketSize: UInt32?
    /// The highest topic alias the client takes.
    public var topicAliasMaximum: UInt16 = 0
    /// Whether the client wants response information.
    public var requestResponseInformation = false
    /// Whether the client wants reason strings and user properties with failures; `nil` when it
    /// says nothing about it, which stands for true (MQTT 5.0 §3.1.2.11.7).
    public var requestProblemInformation: Bool?
    /// The user properties as they came, one after another.
    public var userProperties: [UInt8] = []
    /// The name of the extended authentication.
    public var authenticationMethod: [UInt8]?
    /// The bytes of the extended authentication.
    public var authenticationData: [UInt8]?

    /// What an empty block says.
    public init() {}

    static func decode(_ block: RawSpan) throws(MQTTError) -> ConnectProperties {
        var properties = ConnectProperties()
        var walk = PropertyWalk(block, .connect)
        while try walk.next() {
            switch walk.id {
            case .sessionExpiryInterval: properties.sessionExpirySeconds = walk.number
            case .receiveMaximum:
                properties.receiveMaximum = UInt16(truncatingIfNeeded: walk.number)
            case .maximumPacketSize: properties.maximumPacketSize = walk.number
            case .topicAliasMaximum:
                properties.topicAliasMaximum = UInt16(truncatingIfNeeded: walk.number)
            case .requestResponseInformation:
                properties.requestResponseInformation = walk.number == 1
            case .requestProblemInformation:
                properties.requestProblemInformation = walk.number == 1
            case .userProperty: properties.userProperties += walk.encoded.copied()
            case .authenticationMethod: properties.authenticationMethod = walk.value.copied()
            case .authenticationData: properties.authenticationData = walk.value.copied()
            default: break
            }
        }
        // MQTT 5.0 §3.1.2.11.10.
        if properties.authenticationData != nil, properties.authenticationMethod == nil {
            throw .breach(
                "CONNECT has authentication data but no authentication method.",
                "MQTT 5.0 §3.1.2.11.10"
            )
        }
        return properties
    }
}
