// SPDX-License-Identifier: Apache-2.0
// Going through a block of properties, checking each against MQTT 5.0 §2.2.2 and its own clause.

internal import SealBytes

/// A walk over the properties of one packet; after `next` the fields say what was read.
struct PropertyWalk: ~Escapable {
    private var reader: PacketReader
    private let allowed: PropertySet
    private let repeatsSubscriptionIdentifier: Bool
    private var seen: UInt64 = 0

    /// Which property was read.
    private(set) var id: PropertyID = .userProperty
    /// Its value, if that is a number.
    private(set) var number: UInt32 = 0
    /// Its value, if that is text or bytes.
    private(set) var value: RawSpan
    /// The property as it stands in the packet.
    private(set) var encoded: RawSpan

    @_lifetime(copy block)
    init(_ block: RawSpan, _ allowed: PropertySet, repeatsSubscriptionIdentifier: Bool = false) {
        reader = PacketReader(block)
        self.allowed = allowed
        self.repeatsSubscriptionIdentifier = repeatsSubscriptionIdentifier
        value = block.extracting(0..<0)
        encoded = block.extracting(0..<0)
    }

    /// Reads the next property; false at the end of the block.
    @_lifetime(self: copy self)
    mutating func next() throws(MQTTError) -> Bool {
        if reader.isAtEnd { return false }
        let start = reader.cursor.offset
        try readIdentifier()
        switch id.kind {
        case .boolean: number = UInt32(try reader.readUInt8())
        case .twoBytes: number = UInt32(try reader.readUInt16())
        case .fourBytes: number = try reader.readUInt32()
        case .variable: number = UInt32(try reader.readVariableByteInteger())
        case .text:
            value = id == .reasonString ? try reader.readProse() : try reader.readText()
        case .binary: value = try reader.readBinary()
        case .pair:
            // Name and value are both texts (MQTT 5.0 §1.5.7).
            value = try reader.readText()
            value = try reader.readProse()
        }
        try checkPlace()
        try checkValue()
        encoded = reader.cursor.bytes.extracting(start..<reader.cursor.offset)
        return true
    }

    @_lifetime(self: copy self)
    private mutating func readIdentifier() throws(MQTTError) {
        // All identifiers are below 64, so a second byte of the integer is always wrong.
        let byte = try reader.readUInt8()
        guard let id = PropertyID(rawValue: byte) else {
            throw .malformed("The packet has an unknown property.", "MQTT 5.0 §2.2.2.2")
        }
        let bit = UInt64(1) &<< UInt64(byte)
        let repeats =
            id == .userProperty || (id == .subscriptionIdentifier && repeatsSubscriptionIdentifier)
        guard seen & bit == 0 || repeats || allowed.bits & bit == 0 else {
            throw .breach("A property is given twice.", "MQTT 5.0 §2.2.2.2")
        }
        seen |= bit
        self.id = id
    }

    /// A property that is known, but not in this packet: what mosquitto says of it.
    ///
    /// §2.2.2.2 calls it a malformed packet; of some properties §3.3.4 and §3.14.2.2 say protocol
    /// error.
    private func checkPlace() throws(MQTTError) {
        guard allowed.bits & 1 &<< UInt64(id.rawValue) == 0 else { return }
        throw MQTTError(
            allowed.strayCode,
            allowed.strayReason,
            "The packet has a property that this packet may not carry.",
            clause: "MQTT 5.0 §2.2.2.2"
        )
    }

    private func checkValue() throws(MQTTError) {
        if id.kind == .boolean, number > 1 {
            throw .breach("A property's value is neither 0 nor 1.", "MQTT 5.0 §2.2.2.2")
        }
        switch id {
        case .subscriptionIdentifier where number == 0:
            throw .breach("The subscription identifier is 0.", "MQTT 5.0 §3.8.2.1.2")
        case .receiveMaximum where number == 0:
            throw .breach("The receive maximum is 0.", "MQTT 5.0 §3.1.2.11.3")
        case .maximumPacketSize where number == 0:
            throw .breach("The maximum packet size is 0.", "MQTT 5.0 §3.1.2.11.4")
        case .topicAlias where number == 0:
            throw MQTTError(
                .topicAliasInvalid,
                .topicAliasInvalid,
                "The topic alias is 0.",
                clause: "MQTT 5.0 §3.3.2.3.4"
            )
        case .responseTopic:
            // [MQTT-3.3.2-14].
            do { try TopicName.checkCharacters(value) } catch {
                throw .breach(
                    "The response topic is empty or has a wildcard.",
                    "MQTT 5.0 §3.3.2.3.5"
                )
            }
        default: break
        }
    }
}
