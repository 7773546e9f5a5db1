// SPDX-License-Identifier: Apache-2.0
// Bodies in chunks: what is read, what is refused with which code, each limit at the limit and one
// above it, and that the size of the pieces never matters.

import Testing

@testable import SealHTTP

@Suite("Bodies in chunks")
struct ChunkedBodyTests {
    private static let head = "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    private static func limits(_ bodyBytesMax: Int = 64) -> HTTPLimits {
        var limits = HTTPLimits()
        limits.bodyBytesMax = bodyBytesMax
        return limits
    }

    /// What becomes of a body, in one piece and byte by byte.
    private func outcome(_ body: String, _ limits: HTTPLimits = limits()) -> String {
        let bytes = Array((Self.head + body).utf8)
        let whole = transcript(bytes, limits: limits)
        let bytewise = transcript(bytes, limits: limits, pieceBytes: 1)
        #expect(whole == bytewise)
        return whole.count == 1 ? "" : whole.last ?? ""
    }

    @Test(
        "chunks become one body",
        arguments: [
            ("0\r\n\r\n", ""), ("5\r\nhello\r\n0\r\n\r\n", "hello"),
            ("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "hello"),
            ("0005\r\nhello\r\n000\r\n\r\n", "hello"),
            ("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"),
            ("5;a\r\nhello\r\n0;b=\"c;d\"\r\n\r\n", "hello"),
            ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
            ("5\r\nhello\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n", "hello"),
        ]
    )
    func good(body: String, content: String) {
        #expect(outcome(body) == "end \(content)")
    }

    @Test("a request behind the chunks is read")
    func pipelining() {
        let next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
        #expect(outcome("2\r\nhe\r\n0\r\n\r\n" + next + next) == "end ")
        let lines = transcript(
            Array((Self.head + "2\r\nhe\r\n0\r\n\r\n" + next).utf8),
            limits: Self.limits()
        )
        #expect(lines.count == 4 && lines[1] == "end he" && lines[2].hasPrefix("GET /next"))
    }

    @Test(
        "what two readers could read differently is refused",
        arguments: [
            ("\r\n", "http.malformed-chunk"), ("g\r\n", "http.malformed-chunk"),
            ("-1\r\n", "http.malformed-chunk"),
            ("+5\r\nhello\r\n", "http.malformed-chunk"),
            ("0x5\r\nhello\r\n", "http.malformed-chunk"),
            ("5 \r\nhello\r\n", "http.malformed-chunk"),
            (" 5\r\nhello\r\n", "http.malformed-chunk"),
            ("5\nhello\r\n", "http.malformed-chunk"),
            ("5\r\nhello\n0\r\n\r\n", "http.malformed-chunk"),
            ("5\r\nhello0\r\n\r\n", "http.malformed-chunk"),
            ("5\r\nhelloXX0\r\n", "http.malformed-chunk"),
            ("5;a\u{0}b\r\nhello\r\n", "http.malformed-chunk"),
            ("5;\rb\r\nhello\r\n", "http.malformed-chunk"),
            ("000000005\r\nhello\r\n", "http.malformed-chunk"),
            ("FFFFFFFFF\r\n", "http.malformed-chunk"),
            ("FFFFFFFF\r\n", "http.body-too-large"), ("41\r\n", "http.body-too-large"),
            ("0\r\n X: y\r\n\r\n", "http.folded-field"),
            ("0\r\nX : y\r\n\r\n", "http.malformed-field"),
            ("0\r\nX: y\n\r\n", "http.malformed-field"), ("0\r\n\n", "http.malformed-field"),
            ("0\r\nContent-Length: 5\r\n\r\n", "http.malformed-field"),
            ("0\r\ntransfer-encoding: chunked\r\n\r\n", "http.malformed-field"),
            ("0\r\nHost: b\r\n\r\n", "http.malformed-field"),
        ]
    )
    func bad(body: String, code: String) {
        #expect(outcome(body) == "error \(code)")
    }

    @Test(
        "a coding that is not exactly chunked is refused",
        arguments: [
            ("chunked, chunked", 400), ("chunked, gzip", 400), ("identity", 400), ("", 400),
            ("xchunked", 400), ("chunked;q=1", 400), ("\u{b}chunked", 400), ("gzip, chunked", 501),
            (",chunked", 400), ("chunked,", 400),
        ]
    )
    func codings(coding: String, status: Int) throws {
        var parser = RequestParser(limits: Self.limits())
        parser.append(
            Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \(coding)\r\n\r\n".utf8)
        )
        do {
            _ = try parser.next()
            Issue.record("\(coding) was taken")
        } catch {
            #expect(error.status.code == status)
        }
    }

    @Test("two fields that each say chunked are refused")
    func twoCodings() {
        let text =
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n"
        #expect(
            transcript(Array(text.utf8), limits: Self.limits()) == [
                "error http.malformed-transfer-coding"
            ]
        )
    }

    @Test("a body at its limit is read, one byte more is refused before it comes")
    func bodyLimit() {
        #expect(outcome("5\r\nhello\r\n0\r\n\r\n", Self.limits(5)) == "end hello")
        #expect(outcome("5\r\nhello\r\n1\r\n", Self.limits(5)) == "error http.body-too-large")
        #expect(outcome("6\r\n", Self.limits(5)) == "error http.body-too-large")
    }

    @Test("a chunk's line at its limit is read, one byte more is refused")
    func lineLimit() {
        var limits = Self.limits()
        limits.chunkLineBytesMax = 8
        #expect(outcome("1;abcd\r\nx\r\n0\r\n\r\n", limits) == "end x")
        #expect(outcome("1;abcde\r\nx\r\n0\r\n\r\n", limits) == "error http.malformed-chunk")
        #expect(outcome("1;abcdefghijk", limits) == "error http.malformed-chunk")
    }

    @Test("extensions at their limit are read over, one byte more is refused")
    func extensionLimit() {
        var limits = Self.limits()
        limits.chunkExtensionBytesMax = 6
        #expect(outcome("1;ab\r\nx\r\n1;ab\r\ny\r\n0\r\n\r\n", limits) == "end xy")
        #expect(outcome("1;ab\r\nx\r\n1;abc\r\ny\r\n", limits) == "error http.malformed-chunk")
    }

    @Test("trailers at their limit are read over, one byte or one field more is refused")
    func trailerLimit() {
        var limits = Self.limits()
        limits.trailerBytesMax = 12
        #expect(outcome("0\r\nX: y\r\nZ:\r\n\r\n", limits) == "end ")
        limits.trailerBytesMax = 11
        #expect(outcome("0\r\nX: y\r\nZ:\r\n\r\n", limits) == "error http.trailers-too-large")
        limits.trailerBytesMax = 4_096
        limits.fieldCountMax = 2
        #expect(outcome("0\r\nX: y\r\nZ: 1\r\n\r\n", limits) == "end ")
        #expect(
            outcome("0\r\nX: y\r\nZ: 1\r\nW: 1\r\n\r\n", limits) == "error http.trailers-too-large"
        )
    }

    @Test("no truncation is taken for a whole body, and no flipped bit traps")
    func damage() {
        let bytes = Array((Self.head + "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n").utf8)
        for count in 0..<bytes.count {
            let lines = transcript(Array(bytes.prefix(count)), limits: Self.limits())
            #expect(!lines.contains { $0.hasPrefix("end") }, "\(count) bytes")
        }
        for index in bytes.indices {
            for bit in 0..<8 {
                var flipped = bytes
                flipped[index] ^= 1 << UInt8(bit)
                let whole = transcript(flipped, limits: Self.limits())
                let bytewise = transcript(flipped, limits: Self.limits(), pieceBytes: 1)
                #expect(whole == bytewise, "byte \(index) bit \(bit)")
            }
        }
    }
}
