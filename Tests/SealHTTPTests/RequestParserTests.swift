// SPDX-License-Identifier: Apache-2.0
// Requests read from bytes: what is taken, what is refused with which code, and that the size of
// the pieces never matters.

import Testing

@testable import SealHTTP

/// What a parser made of some bytes, as comparable text.
func transcript(
    _ bytes: [UInt8],
    limits: HTTPLimits = HTTPLimits(),
    pieceBytes: Int = .max
) -> [String] {
    var parser = RequestParser(limits: limits)
    var lines: [String] = []
    var body: [UInt8] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        parser.append(rest.prefix(pieceBytes))
        rest = rest.dropFirst(pieceBytes)
        do {
            while let event = try parser.next() {
                switch event {
                case .head(let head):
                    let fields = head.fields.all.map { "\($0.name)=\($0.value)" }
                    lines.append(
                        "\(head.method) \(head.path) \(head.query ?? "-") 1.\(head.minorVersion) "
                            + fields.joined(separator: "|")
                    )
                case .body(let piece): body += piece
                case .end:
                    lines.append("end \(String(decoding: body, as: UTF8.self))")
                    body = []
                }
            }
        } catch {
            return lines + ["error \(error.code.rawValue)"]
        }
    }
    return lines
}

func transcript(_ text: String, limits: HTTPLimits = HTTPLimits()) -> [String] {
    transcript(Array(text.utf8), limits: limits)
}

@Suite("Request parser")
struct RequestParserTests {
    static let plain = "GET /metrics?a=%20b HTTP/1.1\r\nHost: [::1]:9\r\nAccept:\t*/* \r\n\r\n"

    @Test("a request is read with its target split and its values trimmed")
    func plainRequest() {
        #expect(
            transcript(Self.plain) == [
                "GET /metrics a=%20b 1.1 Host=[::1]:9|Accept=*/*", "end ",
            ]
        )
    }

    @Test("requests sent ahead are read in order")
    func pipelining() {
        let second = "HEAD / HTTP/1.0\r\n\r\n"
        #expect(
            transcript(Self.plain + second + Self.plain) == [
                "GET /metrics a=%20b 1.1 Host=[::1]:9|Accept=*/*", "end ", "HEAD / - 1.0 ", "end ",
                "GET /metrics a=%20b 1.1 Host=[::1]:9|Accept=*/*", "end ",
            ]
        )
    }

    @Test("the size of the pieces does not matter", arguments: 1...7)
    func pieces(pieceBytes: Int) {
        var limits = HTTPLimits()
        limits.bodyBytesMax = 10
        let text = Self.plain + "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
        let bytes = Array((text + Self.plain + "BAD\r\n").utf8)
        let whole = transcript(bytes, limits: limits)
        #expect(whole.count == 7 && whole[3] == "end hello")
        #expect(transcript(bytes, limits: limits, pieceBytes: pieceBytes) == whole)
    }

    @Test("no truncation is taken for a whole request, and none is refused")
    func truncations() {
        let bytes = Array(Self.plain.utf8)
        for count in 0..<bytes.count {
            #expect(transcript(Array(bytes.prefix(count))).isEmpty, "\(count) bytes")
        }
    }

    @Test("with any one bit flipped the parser answers the same in one piece and byte by byte")
    func bitFlips() {
        let original = Array(Self.plain.utf8)
        var refusedCount = 0
        for index in original.indices {
            for bit in 0..<8 {
                var bytes = original
                bytes[index] ^= 1 << UInt8(bit)
                let whole = transcript(bytes)
                #expect(whole == transcript(bytes, pieceBytes: 1), "byte \(index) bit \(bit)")
                if whole.last?.hasPrefix("error") == true { refusedCount += 1 }
            }
        }
        #expect(refusedCount > 150)
    }

    @Test(
        "malformed heads are refused with their code",
        arguments: [
            ("GET  / HTTP/1.1\r\n", "http.malformed-request-line"),
            ("GET /\r\n", "http.malformed-request-line"),
            (" / HTTP/1.1\r\n", "http.malformed-request-line"),
            ("G\u{0}T / HTTP/1.1\r\n", "http.malformed-request-line"),
            ("GET / HTTP/1.1\n", "http.malformed-request-line"),
            ("GET / http/1.1\r\n", "http.malformed-request-line"),
            ("GET / HTTP/1.1 \r\n", "http.malformed-request-line"),
            ("\r\n\r\nGET / HTTP/1.1\r\n", "http.malformed-request-line"),
            ("GET / HTTP/2.0\r\n", "http.unsupported-version"),
            ("GET / HTTP/1.2\r\n", "http.unsupported-version"),
            ("GET metrics HTTP/1.1\r\n", "http.malformed-target"),
            ("GET * HTTP/1.1\r\n", "http.malformed-target"),
            ("GET /a%2 HTTP/1.1\r\n", "http.malformed-target"),
            ("GET /a%zz HTTP/1.1\r\n", "http.malformed-target"),
            ("GET /a#b HTTP/1.1\r\n", "http.malformed-target"),
            ("GET /\u{7F} HTTP/1.1\r\n", "http.malformed-target"),
            ("GET http:// HTTP/1.1\r\n", "http.malformed-target"),
            ("GET http://a\"b/ HTTP/1.1\r\n", "http.malformed-target"),
            ("GET / HTTP/1.1\r\nHost : a\r\n", "http.malformed-field"),
            ("GET / HTTP/1.1\r\n: a\r\n", "http.malformed-field"),
            ("GET / HTTP/1.1\r\nHost\r\n", "http.malformed-field"),
            ("GET / HTTP/1.1\r\nX: a\rb\r\n", "http.malformed-field"),
            ("GET / HTTP/1.1\r\nX: a\u{0}b\r\n", "http.malformed-field"),
            ("GET / HTTP/1.1\r\nX: a\n", "http.malformed-field"),
            ("GET / HTTP/1.1\r\nX: a\r\n b\r\n", "http.folded-field"),
            ("GET / HTTP/1.1\r\n\tX: a\r\n", "http.folded-field"),
            ("GET / HTTP/1.1\r\n\r\n", "http.bad-host"),
            ("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", "http.bad-host"),
            ("GET / HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n", "http.bad-host"),
            ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "http.bad-host"),
            ("GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", "http.unmet-expectation"),
        ]
    )
    func malformed(text: String, code: String) {
        #expect(transcript(text) == ["error \(code)"])
        #expect(transcript(Array(text.utf8), pieceBytes: 1) == ["error \(code)"])
    }

    @Test(
        "lengths that could be read in two ways are refused",
        arguments: [
            ("Content-Length: 1\r\nContent-Length: 1", "http.conflicting-length"),
            ("Content-Length: 1, 1", "http.conflicting-length"),
            ("Content-Length: +1", "http.conflicting-length"),
            ("Content-Length: -1", "http.conflicting-length"),
            ("Content-Length: 0x1", "http.conflicting-length"),
            ("Content-Length:", "http.conflicting-length"),
            ("Content-Length: 1\r\nTransfer-Encoding: chunked", "http.conflicting-length"),
            ("Transfer-Encoding: chunked", "http.body-too-large"),
            ("Transfer-Encoding: identity", "http.malformed-transfer-coding"),
            ("Transfer-Encoding: gzip, chunked", "http.unsupported-transfer-coding"),
            ("Content-Length: 99999999999999999999999", "http.body-too-large"),
        ]
    )
    func lengths(fields: String, code: String) {
        #expect(transcript("POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n") == ["error \(code)"])
    }

    @Test("a transfer coding in HTTP/1.0 is a conflict")
    func oldTransferCoding() {
        let text = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(transcript(text) == ["error http.conflicting-length"])
    }

    @Test("an absolute target gives its path, OPTIONS may ask for everything")
    func targetForms() {
        #expect(
            transcript("GET HTTP://h:1/p?q HTTP/1.1\r\nHost: h:1\r\n\r\n").first
                == "GET /p q 1.1 Host=h:1"
        )
        #expect(transcript("GET http://h HTTP/1.0\r\n\r\n").first == "GET / - 1.0 ")
        #expect(transcript("OPTIONS * HTTP/1.0\r\n\r\n").first == "OPTIONS * - 1.0 ")
    }

    @Test("one empty line before a request is forgiven")
    func emptyLine() {
        #expect(transcript("\r\n" + Self.plain).last == "end ")
    }

    @Test("after an error the same error comes again")
    func failureStays() {
        var parser = RequestParser()
        parser.append(Array("BAD\r\n".utf8))
        #expect(throws: HTTPError.self) { try parser.next() }
        parser.append(Array(Self.plain.utf8))
        #expect(throws: HTTPError(.malformedRequestLine, "")) { try parser.next() }
        #expect(parser.pendingBytes == 0)
    }

    @Test("keep-alive follows version and Connection")
    func keepAlive() throws {
        func wants(_ text: String) throws -> Bool {
            var parser = RequestParser()
            parser.append(Array(text.utf8))
            guard case .head(let head) = try parser.next() else { return false }
            return head.wantsKeepAlive
        }
        #expect(try wants("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(try !wants("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n"))
        #expect(try !wants("GET / HTTP/1.0\r\n\r\n"))
        #expect(try wants("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"))
    }
}
