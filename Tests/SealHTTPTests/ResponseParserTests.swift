// SPDX-License-Identifier: Apache-2.0
// Responses read from bytes, as a client reads them.

import SealHTTP
import Testing

@Suite("Response parser")
struct ResponseParserTests {
    /// What a parser made of some bytes, as comparable text.
    private func transcript(
        _ text: String,
        to method: Method = .get,
        pieceBytes: Int = .max,
        ends: Bool = true
    ) -> [String] {
        var limits = HTTPLimits()
        limits.bodyBytesMax = 64
        var parser = ResponseParser(to: method, limits: limits)
        var lines: [String] = []
        var body: [UInt8] = []
        func take(_ event: ResponseParser.Event) {
            switch event {
            case .head(let head):
                let fields = head.fields.all.map { "\($0.name)=\($0.value)" }
                lines.append(
                    "\(head.status.code) \(head.keepsAlive ? "keeps" : "closes") "
                        + fields.joined(separator: "|")
                )
            case .body(let piece): body += piece
            case .end:
                lines.append("end \(String(decoding: body, as: UTF8.self))")
                body = []
            }
        }
        var rest = Array(text.utf8)[...]
        do {
            while !rest.isEmpty {
                parser.append(rest.prefix(pieceBytes))
                rest = rest.dropFirst(pieceBytes)
                while let event = try parser.next() { take(event) }
            }
            if ends, let event = try parser.connectionEnded() { take(event) }
        } catch {
            lines.append("error \(error.code.rawValue)")
        }
        return lines
    }

    @Test(
        "each way a body can be delimited is read",
        arguments: [
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
                ["200 keeps Content-Length=2", "end hi"]
            ),
            ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", ["200 keeps Content-Length=0", "end "]),
            (
                "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
                ["200 keeps Transfer-Encoding=chunked", "end hi"]
            ),
            ("HTTP/1.1 200 OK\r\n\r\nhi", ["200 closes ", "end hi"]),
            ("HTTP/1.0 200 OK\r\n\r\n", ["200 closes ", "end "]),
            ("HTTP/1.1 204 No Content\r\n\r\n", ["204 keeps ", "end "]),
            (
                "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
                ["304 keeps Content-Length=5", "end "]
            ),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\n"
                    + "Content-Length: 1\r\n\r\nx",
                ["200 closes Connection=close|Content-Length=1", "end x"]
            ),
        ]
    )
    func good(text: String, lines: [String]) {
        #expect(transcript(text) == lines)
        #expect(transcript(text, pieceBytes: 1) == lines)
    }

    @Test("an answer to HEAD has no body, whatever its length says")
    func head() {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
        #expect(transcript(text, to: .head) == ["200 keeps Content-Length=5", "end "])
    }

    @Test(
        "what is no answer is refused with its code",
        arguments: [
            ("HTTP/2 200 OK\r\n", "http.malformed-status-line"),
            ("200 OK\r\n", "http.malformed-status-line"),
            ("HTTP/1.1 20 OK\r\n", "http.malformed-status-line"),
            ("HTTP/1.1 099 OK\r\n", "http.malformed-status-line"),
            ("HTTP/1.1 2000 OK\r\n", "http.malformed-status-line"),
            ("HTTP/1.1 200 OK\n", "http.malformed-status-line"),
            ("HTTP/1.1 200 O\u{0}K\r\n", "http.malformed-status-line"),
            ("\u{16}\u{3}\u{1}", "http.malformed-status-line"),
            ("HTTP/1.1 101 Switching\r\n\r\n", "http.malformed-status-line"),
            (
                String(repeating: "HTTP/1.1 102 Processing\r\n\r\n", count: 9),
                "http.malformed-status-line"
            ),
            ("HTTP/1.1 200 OK\r\nX: y\r\n z\r\n", "http.folded-field"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n", "http.body-too-large"),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
                "http.conflicting-length"
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                "http.conflicting-length"
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                "http.malformed-transfer-coding"
            ),
            ("HTTP/1.1 200 OK\r\n\r\n\(String(repeating: "x", count: 65))", "http.body-too-large"),
        ]
    )
    func bad(text: String, code: String) {
        #expect(transcript(text).last == "error \(code)")
        #expect(transcript(text, pieceBytes: 1).last == "error \(code)")
    }

    @Test("an end in the middle is told from an end in between")
    func endings() {
        let whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
        for count in 1..<whole.utf8.count {
            let lines = transcript(String(decoding: whole.utf8.prefix(count), as: UTF8.self))
            #expect(lines.last == "error http.malformed-status-line", "\(count) bytes")
        }
        #expect(transcript("").isEmpty)
        #expect(transcript(whole).last == "end hi")
    }
}
