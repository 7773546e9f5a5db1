// SPDX-License-Identifier: Apache-2.0
// An answer as data, and its bytes.

internal import SealBytes

/// One response with its whole body.
public struct Response: Sendable {
    /// The status.
    public var status: Status
    /// The fields besides those the writer adds: Content-Length, Connection, and the two that
    /// keep a browser from guessing and storing.
    public var fields: Fields
    /// The body.
    public var body: [UInt8]
    /// The pattern of the route that answered, as `/devices/{id}`, for logs; never sent.
    public var route: String?
    /// Whether the request came from somebody with good credentials; never sent.
    public var knowsCaller = false

    /// Makes a response.
    public init(_ status: Status, fields: Fields = [:], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// Makes a response with a body of this media type.
    public init(_ status: Status, type: String, body: [UInt8]) {
        self.init(status, fields: ["Content-Type": type], body: body)
    }

    /// A refusal as a problem document (RFC 9457) with a stable code and a sentence.
    public static func problem(_ status: Status, code: String, reason: String) -> Response {
        let problem: JSONValue = [
            "title": .string(status.phrase), "status": .integer(Int64(status.code)),
            "reason": .string(code), "code": .string(code), "detail": .string(reason),
        ]
        let body = problem.bytes + [UInt8(ascii: "\n")]
        return Response(status, type: "application/problem+json", body: body)
    }

    /// The bytes to send.
    ///
    /// The answer to HEAD has the same head and no body (RFC 9110 §9.3.2). A control character
    /// in a field becomes a space, so that no value can add a field or end the head.
    public func bytes(to method: Method, minorVersion: Int, keepsAlive: Bool) -> [UInt8] {
        var bytes = Array("HTTP/1.1 \(status.code) \(status.phrase)\r\n".utf8)
        for field in fields.all {
            Self.appendField(field.name, field.value, to: &bytes)
        }
        // RFC 9110 §8.6: a status that has no body has no length either.
        if !status.hasNoBody {
            Self.appendField("Content-Length", String(body.count), to: &bytes)
        }
        if fields["Cache-Control"] == nil {
            Self.appendField("Cache-Control", "no-store", to: &bytes)
        }
        Self.appendField("X-Content-Type-Options", "nosniff", to: &bytes)
        if !keepsAlive {
            Self.appendField("Connection", "close", to: &bytes)
        } else if minorVersion == 0 {
            Self.appendField("Connection", "keep-alive", to: &bytes)
        }
        bytes.append(contentsOf: "\r\n".utf8)
        if method != .head, !status.hasNoBody { bytes.append(contentsOf: body) }
        return bytes
    }

    private static func appendField(_ name: String, _ value: String, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: name.utf8.map { Grammar.isToken($0) ? $0 : UInt8(ascii: "-") })
        bytes.append(contentsOf: ": ".utf8)
        bytes.append(contentsOf: value.utf8.map { Grammar.isFieldValue($0) ? $0 : Grammar.space })
        bytes.append(contentsOf: "\r\n".utf8)
    }
}
