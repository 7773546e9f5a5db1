// SPDX-License-Identifier: Apache-2.0
// A request's head as read: what is asked for, and what the framing of its body is.

/// The head of one request, checked.
public struct RequestHead: Sendable {
    /// How the body that follows is delimited.
    public enum BodyFraming: Sendable, Equatable {
        /// No body follows.
        case none
        /// This many bytes follow.
        case length(Int)
        /// Chunks follow, the last of them empty (RFC 9112 §7.1).
        case chunked
    }

    /// The method.
    public var method: Method
    /// The path as sent, percent escapes included; begins with `/`, or is `*`.
    public var path: String
    /// What follows the first `?`, as sent; nil without one.
    public var query: String?
    /// `http` or `https`, when the target named it (RFC 9112 §3.2.2).
    public var scheme: String?
    /// Host and port, when the target named them; they count more than the field Host.
    public var authority: String?
    /// The y of HTTP/1.y.
    public var minorVersion: Int
    /// All fields.
    public var fields: Fields
    /// The body that follows.
    public var body: BodyFraming = .none
    /// Whether the peer waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1).
    public var expectsContinue = false

    /// Makes the head of a request without a body.
    public init(
        method: Method,
        path: String,
        query: String? = nil,
        minorVersion: Int = 1,
        fields: Fields = [:]
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.minorVersion = minorVersion
        self.fields = fields
    }

    /// Host and port as the client names this server: those of the target, else of the field.
    public var host: String { authority ?? fields["Host"] ?? "" }

    /// Whether the peer wants the connection to stay open (RFC 9112 §9.3).
    public var wantsKeepAlive: Bool {
        if fields.listContains("Connection", token: "close") { return false }
        return minorVersion >= 1 || fields.listContains("Connection", token: "keep-alive")
    }

    /// The path's segments with percent escapes decoded.
    ///
    /// Nil when one is not UTF-8, holds a control character or a slash, or is `.` or `..`.
    public var segments: [String]? {
        guard path.begins(with: "/") else { return nil }
        var segments: [String] = []
        for part in path.utf8.dropFirst().split(
            separator: UInt8(ascii: "/"),
            omittingEmptySubsequences: false
        ) {
            guard let segment = Self.decoded(part), segment != ".", segment != "..",
                segment.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") })
            else { return nil }
            segments.append(segment)
        }
        return segments
    }

    private static func decoded(_ part: Substring.UTF8View) -> String? {
        PercentCoding.decoded(part, plusIsSpace: false)
    }
}
