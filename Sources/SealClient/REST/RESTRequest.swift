// SPDX-License-Identifier: Apache-2.0
// One call of a REST API, and its answer.

public import SealBytes
public import SealHTTP

/// A call.
public struct RESTRequest: Sendable {
    /// The method.
    public var method: Method
    /// The path, percent escapes included; begins with `/`.
    public var path: String
    /// Names and values of the query, not yet escaped.
    public var query: [(name: String, value: String)]
    /// Further fields.
    public var fields: Fields
    /// The body.
    public var body: [UInt8]

    /// Makes a call without a body.
    public init(
        _ method: Method,
        _ path: String,
        query: [(name: String, value: String)] = [],
        fields: Fields = [:]
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.fields = fields
        body = []
    }

    /// Makes a call with a JSON body.
    public init(
        _ method: Method,
        _ path: String,
        query: [(name: String, value: String)] = [],
        json: JSONValue
    ) {
        self.init(method, path, query: query, fields: ["Content-Type": "application/json"])
        body = json.bytes
    }

    /// A path of segments, each escaped.
    public static func path(_ segments: String...) -> String {
        segments.map { "/" + PercentCoding.encoded($0) }.joined()
    }

    /// A form with one file as the body.
    ///
    /// The boundary must not occur in the file; random text does not.
    public mutating func setFile(
        _ bytes: [UInt8],
        name: String,
        fileName: String,
        type: String,
        boundary: String
    ) {
        fields.append("Content-Type", "multipart/form-data; boundary=\(boundary)")
        let shown = fileName.filter { $0.isASCII && $0 != "\"" && $0 != "\\" && !$0.isNewline }
        var head = "--\(boundary)\r\n"
        head += "Content-Disposition: form-data; name=\"\(name)\"; filename=\"\(shown)\"\r\n"
        head += "Content-Type: \(type)\r\n\r\n"
        body = Array(head.utf8)
        body.reserveCapacity(body.count + bytes.count + 128)
        body.append(contentsOf: bytes)
        body.append(contentsOf: "\r\n--\(boundary)--\r\n".utf8)
    }

    /// The bytes to send.
    func bytes(to target: RESTTarget, authorization: HTTPAuthorization?) -> [UInt8] {
        var line = "\(method.name) \(target.prefix)\(path)"
        if !query.isEmpty {
            line += "?"
            line += query.map {
                PercentCoding.encoded($0.name) + "=" + PercentCoding.encoded($0.value)
            }.joined(separator: "&")
        }
        var head = "\(line) HTTP/1.1\r\nHost: \(target.authority)\r\n"
        if fields["Accept"] == nil { head += "Accept: application/json, */*;q=0.5\r\n" }
        if let authorization { head += "Authorization: \(authorization.field)\r\n" }
        for field in fields.all { head += "\(field.name): \(field.value)\r\n" }
        if !body.isEmpty || [.post, .put, .patch].contains(method) {
            head += "Content-Length: \(body.count)\r\n"
        }
        return Array((head + "\r\n").utf8) + body
    }
}

/// An answer, whatever it says.
public struct RESTResponse: Sendable {
    /// The status.
    public var status: Status
    /// The fields.
    public var fields: Fields
    /// The whole body.
    public var body: [UInt8]

    /// The body as JSON.
    public func json(bytesMax: Int = 64 << 20) throws(RESTError) -> JSONValue {
        do {
            return try JSONValue(
                parsing: body,
                limits: JSONLimits(bytesMax: bytesMax, valuesMax: 4_000_000)
            )
        } catch {
            throw RESTError(.content, "the server's answer is not the JSON it should be: \(error)")
        }
    }
}
