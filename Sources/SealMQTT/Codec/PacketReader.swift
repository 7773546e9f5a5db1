// SPDX-License-Identifier: Apache-2.0
// Reading the data types of MQTT 5.0 §1.5 from the body of a packet.

public import SealBytes

/// A cursor whose failures are breaches of the protocol.
@usableFromInline
struct PacketReader: ~Escapable {
    @usableFromInline var cursor: ByteCursor

    @inlinable
    @_lifetime(copy bytes)
    init(_ bytes: RawSpan) { cursor = ByteCursor(bytes) }

    @inlinable var isAtEnd: Bool { cursor.isAtEnd }

    @inlinable
    @_lifetime(self: copy self)
    mutating func readUInt8() throws(MQTTError) -> UInt8 {
        do { return try cursor.readUInt8() } catch { throw .truncated() }
    }

    @inlinable
    @_lifetime(self: copy self)
    mutating func readUInt16() throws(MQTTError) -> UInt16 {
        do { return try cursor.readUInt16() } catch { throw .truncated() }
    }

    @inlinable
    @_lifetime(self: copy self)
    mutating func readUInt32() throws(MQTTError) -> UInt32 {
        do { return try cursor.readUInt32() } catch { throw .truncated() }
    }

    /// MQTT 5.0 §1.5.5.
    @inlinable
    @_lifetime(self: copy self)
    mutating func readVariableByteInteger() throws(MQTTError) -> Int {
        var value = 0
        var shift = 0
        while true {
            let byte = try readUInt8()
            value |= Int(byte & 0x7F) &<< shift
            if byte & 0x80 == 0 {
                // [MQTT-1.5.5-1].
                if byte == 0, shift > 0 { throw .lengthNotShortest() }
                return value
            }
            shift &+= 7
            if shift > 21 { throw .lengthTooLong() }
        }
    }

    @inlinable
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    mutating func readSpan(_ count: Int) throws(MQTTError) -> RawSpan {
        do { return try cursor.readSpan(count) } catch { throw .truncated() }
    }

    @inlinable
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    mutating func readRest() -> RawSpan { cursor.readRest() }

    /// Bytes after a length of two bytes (MQTT 5.0 §1.5.6).
    @inlinable
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    mutating func readBinary() throws(MQTTError) -> RawSpan {
        let count = try readUInt16()
        return try readSpan(Int(count))
    }

    /// A text after a length of two bytes, which names something: without the control characters
    /// and non-characters that MQTT 5.0 §1.5.4 lets a receiver refuse.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    mutating func readText() throws(MQTTError) -> RawSpan {
        let text = try readBinary()
        // [MQTT-1.5.4-1], [MQTT-1.5.4-2].
        guard text.isPlainUTF8 else { throw .notUTF8() }
        return text
    }

    /// A text after a length of two bytes, which is for people or for the application.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    mutating func readProse() throws(MQTTError) -> RawSpan {
        let text = try readBinary()
        // [MQTT-1.5.4-1], [MQTT-1.5.4-2].
        guard text.isUTF8WithoutNull else { throw .notUTF8() }
        return text
    }

    @_lifetime(self: copy self)
    mutating func readPacketID() throws(MQTTError) -> UInt16 {
        let value = try readUInt16()
        // [MQTT-2.2.1-3], MQTT 3.1.1 [MQTT-2.3.1-1].
        guard value != 0 else { throw .zeroPacketID() }
        return value
    }

    /// The packet id of SUBSCRIBE or UNSUBSCRIBE: there mosquitto, too, takes 0 for malformed.
    @_lifetime(self: copy self)
    mutating func readRequestID() throws(MQTTError) -> UInt16 {
        let value = try readUInt16()
        // [MQTT-2.2.1-3], MQTT 3.1.1 [MQTT-2.3.1-1].
        guard value != 0 else {
            throw .malformed(
                "The packet identifier is 0.",
                "MQTT 5.0 §2.2.1, MQTT 3.1.1 §2.3.1"
            )
        }
        return value
    }

    /// A block of properties with its length (MQTT 5.0 §2.2.2).
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    mutating func readProperties() throws(MQTTError) -> RawSpan {
        let count = try readVariableByteInteger()
        return try readSpan(count)
    }

    func requireEnd() throws(MQTTError) {
        guard isAtEnd else { throw .trailing() }
    }
}
