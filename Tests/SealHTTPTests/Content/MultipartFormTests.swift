// SPDX-License-Identifier: Apache-2.0
// Forms with files: where the parts lie, what is refused with which code, and each limit at the
// limit and one above it.

import SealHTTP
import Testing

@Suite("Forms with files")
struct MultipartFormTests {
    private static let type =
        MediaType("multipart/form-data; boundary=XyZ")
        ?? MediaType(known: "none")

    private func outcome(
        _ body: [UInt8],
        type: MediaType = type,
        limits: MultipartLimits = MultipartLimits()
    ) -> [String] {
        do {
            return try MultipartForm(body, type: type, limits: limits).parts.map { part in
                let content = String(decoding: body[part.range], as: UTF8.self)
                return "\(part.name) \(part.fileName ?? "-") \(part.type?.name ?? "-") \(content)"
            }
        } catch {
            return ["error \(error.code.rawValue)"]
        }
    }

    private func outcome(_ body: String, limits: MultipartLimits = MultipartLimits()) -> [String] {
        outcome(Array(body.utf8), limits: limits)
    }

    private static func part(
        _ content: String,
        name: String = "a",
        more: String = "",
        fields: String = ""
    ) -> String {
        "--XyZ\r\nContent-Disposition: form-data; name=\"\(name)\"\(more)\r\n"
            + "\(fields)\r\n\(content)\r\n"
    }

    private static let end = "--XyZ--\r\n"

    @Test("parts are found with their names, types and contents")
    func parts() {
        let file = Self.part(
            "ID;PATH\r\n1;x",
            name: "file",
            more: "; filename=\"devices \\\"1\\\".csv\"",
            fields: "Content-Type: text/csv\r\n"
        )
        #expect(
            outcome(Self.part("t1", name: "tenantId") + file + Self.end) == [
                "tenantId - - t1", "file devices \"1\".csv text/csv ID;PATH\r\n1;x",
            ]
        )
        #expect(outcome(Self.end).isEmpty)
        #expect(outcome("\r\n" + Self.part("x") + "--XyZ--") == ["a - - x"])
        #expect(outcome(Self.part("")) == ["error malformed_multipart"])
        #expect(outcome(Self.part("") + Self.end) == ["a - - "])
    }

    @Test("what looks like a boundary and is none stays content")
    func lookalikes() {
        for content in ["--XyZ", "\r\n--XyY", "\r\n-", "\r\r\n--Xy", "\n--XyZ", "\r\n\r\n"] {
            #expect(outcome(Self.part(content) + Self.end) == ["a - - \(content)"])
        }
    }

    @Test(
        "what is no form is refused",
        arguments: [
            ("", "malformed_multipart"), ("x", "malformed_multipart"),
            ("--XyZ", "malformed_multipart"), ("--XyZ\r\n", "malformed_multipart"),
            ("--XyZ\n", "malformed_multipart"), ("preamble\r\n--XyZ--", "malformed_multipart"),
            ("--XyZ--\r\nepilogue", "malformed_multipart"), ("--XyZ-\r\n", "malformed_multipart"),
            ("--XyZ\r\n\r\nx\r\n--XyZ--", "malformed_multipart"),
            ("--XyZ\r\nContent-Disposition: attachment\r\n\r\n\r\n--XyZ--", "malformed_multipart"),
            (
                "--XyZ\r\nContent-Disposition: form-data\r\n\r\n\r\n--XyZ--",
                "malformed_multipart"
            ),
            (
                "--XyZ\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n\r\n--XyZ--",
                "malformed_multipart"
            ),
            (
                "--XyZ\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n\r\n--XyZ--",
                "malformed_multipart"
            ),
            (
                "--XyZ\r\nContent-Disposition: form-data; name=a\n\r\n\r\n--XyZ--",
                "malformed_multipart"
            ),
            (
                "--XyZ\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\n\r\n--XyZ--",
                "malformed_multipart"
            ),
            (
                Self.part("x", fields: "Content-Transfer-Encoding: base64\r\n") + Self.end,
                "unsupported_part_encoding"
            ),
        ]
    )
    func bad(body: String, code: String) {
        #expect(outcome(body) == ["error \(code)"])
    }

    @Test("a type without a proper boundary is refused; one of 70 bytes is taken, of 71 is not")
    func boundaries() throws {
        for text in [
            "multipart/form-data", "multipart/mixed; boundary=a",
            "multipart/form-data; boundary=\"a \"", "multipart/form-data; boundary=\"a\\\\b\"",
        ] {
            let type = try #require(MediaType(text))
            #expect(outcome([], type: type) == ["error malformed_media_type"], "\(text)")
        }
        for (count, expected) in [(70, []), (71, ["error malformed_media_type"])] {
            let boundary = String(repeating: "b", count: count)
            let type = try #require(MediaType("multipart/form-data; boundary=\(boundary)"))
            #expect(outcome(Array("--\(boundary)--".utf8), type: type) == expected)
        }
    }

    @Test("each limit is taken at the limit and refused one above it")
    func limits() {
        var limits = MultipartLimits()
        limits.partsMax = 2
        let two = Self.part("1") + Self.part("2")
        #expect(outcome(two + Self.end, limits: limits).count == 2)
        #expect(
            outcome(two + Self.part("3") + Self.end, limits: limits) == ["error too_many_parts"]
        )
        limits = MultipartLimits()
        limits.nameBytesMax = 5
        #expect(outcome(Self.part("", name: "12345") + Self.end, limits: limits).count == 1)
        #expect(
            outcome(Self.part("", name: "123456") + Self.end, limits: limits)
                == ["error malformed_multipart"]
        )
        limits = MultipartLimits()
        limits.fieldCountMax = 2
        let one = Self.part("", fields: "X: y\r\n") + Self.end
        #expect(outcome(one, limits: limits).count == 1)
        #expect(
            outcome(Self.part("", fields: "X: y\r\nX: y\r\n") + Self.end, limits: limits)
                == ["error part_head_too_large"]
        )
        limits = MultipartLimits()
        limits.headBytesMax = "Content-Disposition: form-data; name=\"a\"\r\n\r\n".utf8.count
        #expect(outcome(Self.part("") + Self.end, limits: limits).count == 1)
        limits.headBytesMax -= 1
        #expect(outcome(Self.part("") + Self.end, limits: limits) == ["error part_head_too_large"])
    }

    @Test("no truncation but the last line end is taken, and no flipped bit traps")
    func damage() {
        let whole = Array(
            (Self.part("hello", more: "; filename=x") + Self.part("y") + Self.end).utf8
        )
        for count in 0..<(whole.count - 2) {
            #expect(outcome(Array(whole[..<count])).first?.hasPrefix("error") == true, "\(count)")
        }
        for index in whole.indices {
            for bit in 0..<8 {
                var flipped = whole
                flipped[index] ^= 1 << UInt8(bit)
                #expect(outcome(flipped).count <= 2)
            }
        }
    }
}
