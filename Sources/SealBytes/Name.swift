// SPDX-License-Identifier: Apache-2.0
// A name that somebody chose, compared by its bytes. Not here: texts that are only shown.

/// An identifier: the text that stands for a tenant, a user, a device, a certificate or a key.
///
/// Two names are the same when their UTF-8 bytes are. `String` calls texts equal that Unicode calls
/// canonically equivalent, such as `K` and U+212A, or `é` in its two forms. The registry, the wire
/// and every standard that is obeyed here compare bytes (MQTT 5.0 §1.5.4, RFC 5280 §7.1), so a name
/// is not a `String`, and has none of its comparisons.
public struct Name: Sendable {
    /// The text, to be shown or written.
    public let text: String

    /// The name that a text is.
    public init(_ text: String) { self.text = text }

    /// The name that a part of a text is.
    public init(_ text: Substring) { self.text = String(text) }

    /// The name with these bytes; nil when they are not UTF-8.
    public init?(bytes: some Sequence<UInt8>) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        self.text = text
    }

    /// The name with these bytes; what is not UTF-8 is replaced.
    public init(decoding bytes: some Collection<UInt8>) {
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// Nothing.
    public static let empty = Name("")

    /// There is nothing in it.
    public var isEmpty: Bool { text.utf8.isEmpty }

    /// The bytes.
    public var utf8: String.UTF8View { text.utf8 }

    /// The bytes, copied.
    public var bytes: [UInt8] { Array(text.utf8) }

    /// It begins with these bytes.
    public func starts(with other: Name) -> Bool { text.utf8.starts(with: other.text.utf8) }

    /// What stands behind these bytes; nil when it does not begin with them.
    public func removing(prefix: Name) -> Name? {
        guard starts(with: prefix) else { return nil }
        return Name(decoding: text.utf8.dropFirst(prefix.text.utf8.count))
    }

    /// As much of the beginning as has at most so many bytes; no code point is cut.
    public func cut(toBytes max: Int) -> Name { Name(text.cut(toBytes: max)) }

    /// The name with the letters A to Z in lower case, and nothing else changed.
    ///
    /// For what is written in either case and means the same: host names (RFC 4343 §3), mail
    /// domains, hexadecimal digits.
    public var lowerASCII: Name { Name(text.lowerASCII) }
}

extension Name: Hashable, Comparable {
    /// Both have the same bytes.
    public static func == (left: Name, right: Name) -> Bool {
        let (left, right) = (left.text.utf8, right.text.utf8)
        guard left.count == right.count else { return false }
        let isSame = left.withContiguousStorageIfAvailable { left in
            right.withContiguousStorageIfAvailable { right in
                // SAFETY: the buffers are read while they are lent.
                unsafe sameBytes(UnsafeRawBufferPointer(left), UnsafeRawBufferPointer(right))
            }
        }
        return (isSame ?? nil) ?? left.elementsEqual(right)
    }

    /// The order of the bytes, which is that of the registry.
    public static func < (left: Name, right: Name) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        let isHashed: Void? = text.utf8.withContiguousStorageIfAvailable { bytes in
            // SAFETY: the buffer is read while it is lent.
            unsafe hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
        }
        if isHashed == nil {
            for byte in text.utf8 { hasher.combine(byte) }
        }
        // So that two names one after the other are not taken for another two.
        hasher.combine(0xFF as UInt8)
    }
}

extension Name: ExpressibleByStringInterpolation {
    /// A name of our own.
    public init(stringLiteral text: String) { self.text = text }
}

extension Name: CustomStringConvertible {
    /// The text.
    public var description: String { text }
}

extension RawRepresentable where Self: CaseIterable, RawValue == String {
    /// The case whose word has these bytes.
    ///
    /// `init(rawValue:)` would take a word that is only canonically equivalent, too.
    public init?(word: Name) {
        guard let found = Self.allCases.first(where: { Name($0.rawValue) == word }) else {
            return nil
        }
        self = found
    }
}
