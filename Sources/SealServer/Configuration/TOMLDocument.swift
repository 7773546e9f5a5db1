// SPDX-License-Identifier: Apache-2.0
// The values of a configuration file as written, each with its place. The tree is kept flat, as
// sections in the order of the file: ours is never deeper than [[listener.identity]].
// Not here: what the keys mean.

/// A place in a file, both numbers counted from 1.
public struct TOMLPosition: Sendable, Equatable {
    /// The line.
    public var line: Int
    /// The column in characters.
    public var column: Int

    /// Names a place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// A value as written.
public enum TOMLKind: Sendable, Equatable {
    case string(String)
    case integer(Int)
    case float(Double)
    case boolean(Bool)
    case array([TOMLValue])

    /// How a sentence calls this kind.
    public var word: String {
        switch self {
        case .string: "a string"
        case .integer: "an integer"
        case .float: "a number with a fraction"
        case .boolean: "true or false"
        case .array: "an array"
        }
    }
}

/// A value and its place.
public struct TOMLValue: Sendable, Equatable {
    /// The value.
    public var kind: TOMLKind
    /// Where it begins.
    public var position: TOMLPosition
}

/// A key with its value.
public struct TOMLPair: Sendable, Equatable {
    /// The key.
    public var key: String
    /// Where the key begins.
    public var position: TOMLPosition
    /// The value.
    public var value: TOMLValue
}

/// A table and the pairs under it; the first section of a document is the one without a name.
public struct TOMLSection: Sendable, Equatable {
    /// The parts of the name: `["listener", "identity"]`.
    public var path: [String]
    /// Written as `[[name]]`.
    public var isElement: Bool
    /// Where the heading begins.
    public var position: TOMLPosition
    /// The pairs in the order of the file.
    public var pairs: [TOMLPair] = []

    /// The name as written, without brackets.
    public var name: String { path.joined(separator: ".") }
}

/// A file as written: its sections in order.
public struct TOMLDocument: Sendable, Equatable {
    /// The sections; an element of a nested array belongs to the last outer element before it.
    public var sections: [TOMLSection]

    /// The longest file that is read.
    public static let bytesMax = 1_048_576

    /// Reads a whole file; any bytes are allowed and none of them can do harm.
    public static func parse(
        _ bytes: [UInt8],
        file: String = "sealwire.conf"
    ) throws(ConfigurationErrors) -> TOMLDocument {
        var reader = TOMLReader(bytes: bytes, file: file)
        let document = reader.read()
        guard reader.errors.isEmpty else { throw ConfigurationErrors(reader.errors) }
        return document
    }
}
