// SPDX-License-Identifier: Apache-2.0
// Who a request says it is from: the Authorization field. Nothing is checked here, and nothing of
// it is ever printed.

internal import SealBytes

/// Credentials of a request.
public enum HTTPAuthorization: Sendable, Equatable, CustomStringConvertible {
    /// A user with a password (RFC 7617).
    case basic(user: String, password: String)
    /// A token (RFC 6750).
    case bearer(String)
    /// A scheme that is not known here.
    case other(scheme: String)

    /// Reads the field of a request; nil without one.
    ///
    /// ThingsBoard's clients put theirs into `X-Authorization`.
    public static func read(
        _ fields: Fields,
        field name: String = "Authorization"
    ) throws(ContentError) -> HTTPAuthorization? {
        let values = fields.values(of: name)
        guard let text = values.first else { return nil }
        guard values.count == 1, let credentials = parse(text) else {
            throw ContentError(.malformedAuthorization, "\(name) cannot be read.")
        }
        return credentials
    }

    /// Reads a value; nil when it is malformed.
    public static func parse(_ text: String) -> HTTPAuthorization? {
        var rest = Substring(text).utf8
        let scheme = rest.prefix(while: Grammar.isToken)
        guard !scheme.isEmpty, let name = String(scheme) else { return nil }
        rest = rest.dropFirst(scheme.count)
        guard rest.isEmpty || rest.first == Grammar.space else { return nil }
        rest = rest.drop { $0 == Grammar.space }
        if Fields.isSame(name, "Basic") { return basic(rest) }
        if Fields.isSame(name, "Bearer") {
            // RFC 6750 §2.1: b64token.
            guard !rest.isEmpty, let token = String(rest),
                rest.allSatisfy({
                    Grammar.isDigit($0) || Grammar.isLetter($0) || "-._~+/=".utf8.contains($0)
                })
            else { return nil }
            return .bearer(token)
        }
        return .other(scheme: name)
    }

    /// RFC 7617 §2: no colon in the user, no control character in either; UTF-8 as §2.1 wants it.
    private static func basic(_ text: Substring.UTF8View) -> HTTPAuthorization? {
        guard let characters = String(text), let bytes = Base64.decode(padded(characters)),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }),
            let user = String(validating: bytes[..<colon], as: UTF8.self),
            let password = String(validating: bytes[(colon + 1)...], as: UTF8.self)
        else { return nil }
        return .basic(user: user, password: password)
    }

    /// Some devices leave the padding out.
    private static func padded(_ text: String) -> String {
        text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
    }

    /// The value of the field, for clients.
    public var field: String {
        switch self {
        case .basic(let user, let password):
            "Basic " + Base64.encode(Array("\(user):\(password)".utf8))
        case .bearer(let token): "Bearer \(token)"
        case .other(let scheme): scheme
        }
    }

    /// The scheme alone.
    public var description: String {
        switch self {
        case .basic: "Basic"
        case .bearer: "Bearer"
        case .other(let scheme): scheme
        }
    }
}
