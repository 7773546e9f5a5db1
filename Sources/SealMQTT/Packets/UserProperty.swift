// SPDX-License-Identifier: Apache-2.0
// User properties: pairs of texts that MQTT 5.0 carries without knowing what they mean.

public import SealBytes

/// A name and a value of the application (MQTT 5.0 §1.5.7).
public struct UserProperty: Equatable, Sendable {
    /// The name, which may occur more than once.
    public var name: String
    /// The value.
    public var value: String

    /// Makes a pair.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    /// The pairs in a block that holds user properties only; the rest of a wrong one is left out.
    public static func all(in block: RawSpan) -> [UserProperty] {
        var pairs: [UserProperty] = []
        var reader = PacketReader(block)
        while let id = try? reader.readUInt8(), id == PropertyID.userProperty.rawValue {
            do {
                let name = try reader.readText().text
                pairs.append(UserProperty(name: name, value: try reader.readProse().text))
            } catch { break }
        }
        return pairs
    }

    /// Writes the pair as a property.
    public func write(into writer: inout ByteWriter) {
        writer.put(PropertyID.userProperty.rawValue)
        writer.put(shortText: name)
        writer.put(shortText: value)
    }

    /// The pairs as a block of properties.
    public static func block(_ pairs: [UserProperty]) -> [UInt8] {
        var writer = ByteWriter()
        for pair in pairs { pair.write(into: &writer) }
        return writer.copied()
    }
}

extension RawSpan {
    /// The text of bytes that are known to be UTF-8.
    var text: String { String(decoding: copied(), as: UTF8.self) }
}
