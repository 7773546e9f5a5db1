// SPDX-License-Identifier: Apache-2.0
// Media types with their parameters (RFC 9110 §8.3.1).

/// What kind of content something is.
public struct MediaType: Sendable, Hashable, CustomStringConvertible {
    /// A parameter such as `charset=UTF-8`.
    public struct Parameter: Sendable, Hashable {
        /// The name in lower case.
        public var name: String
        /// The value as sent, without quotes.
        public var value: String
    }

    /// Type and subtype in lower case: `application/json`.
    public let name: String
    /// The parameters in order.
    public let parameters: [Parameter]

    /// JSON.
    public static let json = MediaType(known: "application/json")
    /// Plain text.
    public static let text = MediaType(known: "text/plain")
    /// Separated values.
    public static let csv = MediaType(known: "text/csv")
    /// A form with files (RFC 7578).
    public static let multipartForm = MediaType(known: "multipart/form-data")
    /// A form without files.
    public static let plainForm = MediaType(known: "application/x-www-form-urlencoded")
    /// Bytes of any kind.
    public static let bytes = MediaType(known: "application/octet-stream")

    /// The longest text that is read as a media type.
    public static let textBytesMax = 512

    /// Makes a media type without parameters of a name in lower case.
    public init(known name: String) {
        self.name = name
        parameters = []
    }

    /// Reads a media type; nil when it is malformed.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.textBytesMax else { return nil }
        var scanner = ParameterScanner(text)
        guard let type = scanner.token(), scanner.take(UInt8(ascii: "/")),
            let subtype = scanner.token(), let rest = scanner.parameters()
        else { return nil }
        name = "\(type)/\(subtype)".asciiLowercased
        parameters = rest.map { Parameter(name: $0.name.asciiLowercased, value: $0.value) }
        guard Set(parameters.map(\.name)).count == parameters.count else { return nil }
    }

    /// The value of a parameter.
    public subscript(parameter: String) -> String? {
        parameters.first { $0.name == parameter }?.value
    }

    /// Whether it is JSON or built on it, as `application/problem+json`.
    public var isJSON: Bool { name == Self.json.name || name.ends(with: "+json") }

    /// Whether both are the same kind of content, whatever their parameters are.
    public func isSameKind(as other: MediaType) -> Bool { name == other.name }

    /// Whether text of this type is UTF-8: said, or not said to be something else.
    public var isUTF8: Bool {
        guard let charset = self["charset"] else { return true }
        return ["utf-8", "utf8", "us-ascii"].contains(charset.asciiLowercased)
    }

    /// The type with its parameters.
    public var description: String {
        parameters.reduce(name) { text, parameter in
            let isToken =
                !parameter.value.isEmpty && parameter.value.utf8.allSatisfy(Grammar.isToken)
            let value =
                isToken
                ? parameter.value
                : "\"" + parameter.value.replacingQuotes + "\""
            return "\(text);\(parameter.name)=\(value)"
        }
    }
}

extension RequestHead {
    /// The media type of the body; nil when the request names none.
    public func contentType() throws(ContentError) -> MediaType? {
        let values = fields.values(of: "Content-Type")
        guard let text = values.first else { return nil }
        guard values.count == 1, let type = MediaType(text) else {
            throw ContentError(.malformedMediaType, "Content-Type is not a media type.")
        }
        return type
    }
}

extension String {
    /// The text with A to Z in lower case; no locale is asked.
    var asciiLowercased: String {
        String(decoding: utf8.map(Grammar.lowercased), as: UTF8.self)
    }

    /// The text as it stands between quotes.
    var replacingQuotes: String {
        var bytes: [UInt8] = []
        for byte in utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                bytes.append(UInt8(ascii: "\\"))
            }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
