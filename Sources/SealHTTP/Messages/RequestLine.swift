// SPDX-License-Identifier: Apache-2.0
// The first line of a request (RFC 9112 §3).

enum RequestLine {
    /// Reads method, target and version from a line without its line end.
    static func parse(
        _ line: ArraySlice<UInt8>,
        limits: HTTPLimits
    ) throws(HTTPError) -> RequestHead {
        let parts = line.split(separator: Grammar.space, omittingEmptySubsequences: false)
        guard parts.count == 3 else {
            throw HTTPError(
                .malformedRequestLine,
                "The first line is not method, target and version."
            )
        }
        guard !parts[0].isEmpty, parts[0].count <= Method.nameBytesMax,
            parts[0].allSatisfy(Grammar.isToken)
        else {
            throw HTTPError(.malformedRequestLine, "The method is not a token.")
        }
        let minorVersion = try version(parts[2])
        guard parts[1].count <= limits.targetBytesMax else {
            throw HTTPError(
                .targetTooLong,
                "The request target exceeds \(limits.targetBytesMax) bytes."
            )
        }
        let method = Method(String(decoding: parts[0], as: UTF8.self))
        let form = try form(parts[1], method: method)
        let target = form.path
        try check(target)
        let mark = target.firstIndex(of: UInt8(ascii: "?"))
        var head = RequestHead(
            method: method,
            path: String(decoding: target[..<(mark ?? target.endIndex)], as: UTF8.self),
            query: mark.map { String(decoding: target[($0 + 1)...], as: UTF8.self) },
            minorVersion: minorVersion,
            fields: [:]
        )
        head.scheme = form.scheme
        head.authority = form.authority
        return head
    }

    private static func version(_ text: ArraySlice<UInt8>) throws(HTTPError) -> Int {
        if text.elementsEqual("HTTP/1.1".utf8) { return 1 }
        if text.elementsEqual("HTTP/1.0".utf8) { return 0 }
        let bytes = Array(text)
        if bytes.count == 8, bytes.starts(with: "HTTP/".utf8), Grammar.isDigit(bytes[5]),
            bytes[6] == UInt8(ascii: "."), Grammar.isDigit(bytes[7])
        {
            throw HTTPError(.unsupportedVersion, "Only HTTP/1.0 and HTTP/1.1 are spoken here.")
        }
        throw HTTPError(.malformedRequestLine, "The first line does not end in an HTTP version.")
    }

    /// A target taken apart.
    private struct Form {
        /// Path and query.
        var path: ArraySlice<UInt8>
        var scheme: String?
        var authority: String?
    }

    /// A target in any of the forms a server must take (RFC 9112 §3.2).
    private static func form(
        _ target: ArraySlice<UInt8>,
        method: Method
    ) throws(HTTPError) -> Form {
        if target.first == UInt8(ascii: "/") { return Form(path: target) }
        if target.elementsEqual("*".utf8), method == "OPTIONS" { return Form(path: target) }
        for scheme in ["http", "https"] where begins(target, scheme + "://") {
            let rest = target.dropFirst(scheme.utf8.count + 3)
            let end = rest.firstIndex { "/?".utf8.contains($0) } ?? rest.endIndex
            // Grammar.isHost has no at-sign: a user in the authority is refused (RFC 9110 §4.2.4).
            guard end > rest.startIndex, rest[..<end].allSatisfy(Grammar.isHost) else { break }
            let hasPath = end < rest.endIndex && rest[end] == UInt8(ascii: "/")
            return Form(
                path: hasPath ? rest[end...] : [UInt8(ascii: "/")] + rest[end...],
                scheme: scheme,
                authority: String(decoding: rest[..<end], as: UTF8.self)
            )
        }
        throw HTTPError(.malformedTarget, "The request target does not begin with a slash.")
    }

    private static func begins(_ target: ArraySlice<UInt8>, _ scheme: String) -> Bool {
        target.count >= scheme.utf8.count
            && zip(target, scheme.utf8).allSatisfy { Grammar.lowercased($0) == $1 }
    }

    private static func check(_ target: ArraySlice<UInt8>) throws(HTTPError) {
        var rest = target
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                if rest.popFirst().flatMap(Grammar.hexValue) != nil,
                    rest.popFirst().flatMap(Grammar.hexValue) != nil
                {
                    continue
                }
                throw HTTPError(.malformedTarget, "A % is not followed by two hex digits.")
            }
            guard Grammar.isTarget(byte) else {
                throw HTTPError(
                    .malformedTarget,
                    "The request target holds a byte that must be escaped."
                )
            }
        }
    }
}
