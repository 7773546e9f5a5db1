// SPDX-License-Identifier: Apache-2.0
// UTF-8, hexadecimal digits and base64.

import SealBytes
import Testing

@Suite("Texts")
struct TextTests {
    /// Well-formed sequences at the borders of RFC 3629 §4.
    static let good: [[UInt8]] = [
        [], [0x00], [0x7F], [0xC2, 0x80], [0xDF, 0xBF], [0xE0, 0xA0, 0x80], [0xEC, 0xBF, 0xBF],
        [0xED, 0x9F, 0xBF], [0xEE, 0x80, 0x80], [0xEF, 0xBB, 0xBF], [0xEF, 0xBF, 0xBF],
        [0xF0, 0x90, 0x80, 0x80], [0xF3, 0xBF, 0xBF, 0xBF], [0xF4, 0x8F, 0xBF, 0xBF],
    ]

    /// Ill-formed ones: lone and missing continuations, overlong, surrogates, too large, cut short.
    static let bad: [[UInt8]] = [
        [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x7F], [0xC2, 0xC0],
        [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xE0, 0xA0], [0xE1, 0x80], [0xE1, 0x80, 0x7F],
        [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80],
        [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x90, 0x80], [0xF4, 0x90, 0x80, 0x80],
        [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFE], [0xFF],
    ]

    @Test("UTF-8 is judged the same wherever it stands in the text")
    func positions() {
        for lead in 0..<20 {
            for trail in [0, 1, 7, 8, 9] {
                let before = [UInt8](repeating: 0x61, count: lead)
                let after = [UInt8](repeating: 0x62, count: trail)
                for sequence in Self.good {
                    let isText = (before + sequence + after).span.bytes.isUTF8
                    #expect(isText, "\(sequence) after \(lead)")
                }
                for sequence in Self.bad {
                    let isText = (before + sequence + after).span.bytes.isUTF8
                    #expect(!isText, "\(sequence) after \(lead)")
                }
            }
        }
    }

    @Test("all sequences of three bytes are judged as the standard library does")
    func exhaustive() {
        let edges: [UInt8] = [0, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xFF]
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                for third in edges {
                    let bytes = [first, second, third]
                    let isText = bytes.span.bytes.isUTF8
                    if isText != (String(validating: bytes, as: UTF8.self) != nil) {
                        Issue.record("\(bytes)")
                    }
                }
            }
        }
    }

    @Test("U+0000 is found at every place, and nothing else is taken for it")
    func null() {
        for count in 1..<40 {
            let text = [UInt8](repeating: 0x01, count: count)
            let isPlain = text.span.bytes.isUTF8WithoutNull
            #expect(isPlain)
            for index in 0..<count {
                var broken = text
                broken[index] = 0
                let isWithout = broken.span.bytes.isUTF8WithoutNull
                let isText = broken.span.bytes.isUTF8
                #expect(!isWithout)
                #expect(isText)
            }
        }
        let accented = Array("éééééééé\u{0}".utf8)
        let isWithout = accented.span.bytes.isUTF8WithoutNull
        #expect(!isWithout)
    }

    @Test("hexadecimal digits stand for bytes in either case")
    func hex() {
        #expect(Hex.encode([0x00, 0x9A, 0xFF]) == "009aff")
        #expect(Hex.decode("009aFf") == [0x00, 0x9A, 0xFF])
        #expect(Hex.decode("")?.isEmpty == true)
        for text in ["0", "000", "0g", "g0", " 00", "0x", "00 ", "é"] {
            #expect(Hex.decode(text) == nil)
        }
        let all = Array(UInt8.min...UInt8.max)
        #expect(Hex.decode(Hex.encode(all)) == all)
    }

    @Test(
        "base64 is RFC 4648's [RFC 4648 §10]",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ]
    )
    func base64(_ text: String, _ encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
        let short = encoded.filter { $0 != "=" }
        #expect(Base64.encode(Array(text.utf8), .urlSafe) == short)
        #expect(Base64.decode(short, .urlSafe) == Array(text.utf8))
    }

    @Test("the two alphabets differ in two characters and do not mix")
    func alphabets() {
        #expect(Base64.encode([0xFB, 0xFF, 0xFE]) == "+//+")
        #expect(Base64.encode([0xFB, 0xFF, 0xFE], .urlSafe) == "-__-")
        #expect(Base64.decode("-__-") == nil)
        #expect(Base64.decode("+//+", .urlSafe) == nil)
        let all = Array(UInt8.min...UInt8.max)
        #expect(Base64.decode(Base64.encode(all)) == all)
    }

    @Test(
        "base64 that is not canonical is refused [RFC 4648 §3.5]",
        arguments: [
            "Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "=", "Zg==Zg==", "Z===", "Zm 8", "Zm8=\n",
            "Zg=A", "Zm8é",
        ]
    )
    func refusedBase64(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }
}
