// SPDX-License-Identifier: Apache-2.0
// JSON read and written: what is taken, what is refused with which code and where, and each limit
// at the limit and one above it.

import SealBytes
import Testing

/// The error of some JSON as code and place, or the value as it is written again.
private func outcome(_ bytes: [UInt8], _ limits: JSONLimits = JSONLimits()) -> String {
    do {
        return try JSONValue(parsing: bytes, limits: limits).line
    } catch {
        #expect(!error.reason.isEmpty && error.reason.hasSuffix("."))
        return "\(error.code.rawValue) \(error.offset)"
    }
}

private func outcome(_ text: String, _ limits: JSONLimits = JSONLimits()) -> String {
    outcome(Array(text.utf8), limits)
}

@Suite("JSON")
struct JSONReaderTests {
    @Test(
        "what is JSON is read, and written on one line in its order",
        arguments: [
            ("null", "null"), (" true ", "true"), ("\t\r\n false", "false"), ("0", "0"),
            ("-0", "0"), ("-12", "-12"), ("1.5", "1.5"), ("1.0", "1.0"), ("1e3", "1000.0"),
            ("1E+2", "100.0"), ("25e-1", "2.5"), ("0.1", "0.1"),
            ("9223372036854775807", "9223372036854775807"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("9223372036854775808", "9.223372036854776e+18"), ("5e-324", "5e-324"),
            ("\"\"", "\"\""),
            ("[]", "[]"), ("{}", "{}"), ("[ 1 , [ ] ]", "[1,[]]"),
            ("{ \"b\" : 1 , \"a\" : { } }", "{\"b\":1,\"a\":{}}"),
            ("\"\\u0041\\n\\/\\\"\\\\\"", "\"A\\n/\\\"\\\\\""), ("\"\\ud83d\\ude00\"", "\"😀\""),
            ("\"\\u0000\\u001f\\u007f\"", "\"\\u0000\\u001f\u{7f}\""),
        ]
    )
    func good(text: String, written: String) {
        #expect(outcome(text) == written)
        #expect(outcome(written) == written)
    }

    @Test(
        "what is not JSON is refused with its place",
        arguments: [
            ("", "json_ended 0"), (" ", "json_ended 1"), ("tru", "json_ended 3"),
            ("trux", "json_malformed 3"), ("True", "json_malformed 0"), ("1 2", "json_trailing 2"),
            ("{}}", "json_trailing 2"), ("nullx", "json_trailing 4"), ("+1", "json_malformed 0"),
            ("01", "json_malformed 1"), ("-", "json_ended 1"), ("-x", "json_malformed 1"),
            ("1.", "json_ended 2"), (".5", "json_malformed 0"), ("1e", "json_ended 2"),
            ("NaN", "json_malformed 0"), ("Infinity", "json_malformed 0"),
            ("0x10", "json_trailing 1"),
            ("1e999", "json_number_out_of_range 0"), ("[1,]", "json_malformed 3"),
            ("[1 2]", "json_malformed 3"), ("[1", "json_ended 2"),
            ("{\"a\":1,}", "json_malformed 7"),
            ("{a:1}", "json_malformed 1"), ("{\"a\" 1}", "json_malformed 5"),
            ("{'a':1}", "json_malformed 1"), ("{\"a\":1", "json_ended 6"),
            ("{\"a\":1,\"b\":2,\"a\":3}", "json_duplicate_name 13"),
            ("{\"a\":1,\"\\u0061\":3}", "json_duplicate_name 7"), ("\"", "json_ended 1"),
            ("\"\\", "json_ended 2"), ("\"\\x\"", "json_malformed 2"),
            ("\"\\u12\"", "json_malformed 5"), ("\"a\nb\"", "json_malformed 2"),
            ("\"\\ud800\"", "json_not_utf8 1"), ("\"\\udc00\"", "json_not_utf8 1"),
            ("\"\\ud800\\u0041\"", "json_not_utf8 1"), ("\u{feff}{}", "json_malformed 0"),
            ("// a\n1", "json_malformed 0"), ("\u{a0}1", "json_malformed 0"),
        ]
    )
    func bad(text: String, error: String) {
        #expect(outcome(text) == error)
    }

    @Test("bytes that are not UTF-8 are refused in a string and anywhere else")
    func encoding() {
        #expect(outcome([0x22, 0xFF, 0x22]) == "json_not_utf8 0")
        #expect(outcome([0x22, 0xC0, 0x80, 0x22]) == "json_not_utf8 0")
        #expect(outcome([0x22, 0x5C, 0x6E, 0xED, 0xA0, 0x80, 0x22]) == "json_not_utf8 0")
        #expect(outcome([0x5B, 0xFF, 0x5D]) == "json_malformed 1")
    }

    @Test("bytes at the limit are read, one more is refused")
    func bytesLimit() {
        #expect(outcome("[12]", JSONLimits(bytesMax: 4)) == "[12]")
        #expect(outcome("[123]", JSONLimits(bytesMax: 4)) == "json_too_large 4")
    }

    @Test("64 levels are read, 65 are refused, a million do not trap")
    func depthLimit() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(outcome(nested(64)) == nested(64))
        #expect(outcome(nested(65)) == "json_too_deep 64")
        #expect(outcome(String(repeating: "{\"a\":", count: 65)) == "json_too_deep 320")
        #expect(outcome(String(repeating: "[", count: 1 << 20)) == "json_too_deep 64")
    }

    @Test("as many values as the limit are read, one more is refused")
    func valuesLimit() {
        #expect(outcome("[1,{\"a\":2}]", JSONLimits(valuesMax: 4)) == "[1,{\"a\":2}]")
        #expect(
            outcome("[1,{\"a\":2,\"b\":3}]", JSONLimits(valuesMax: 4)) == "json_too_many_values 14"
        )
    }

    @Test("a text cut short anywhere is refused, a flipped bit never traps")
    func damage() {
        let whole = Array(
            "{\"a\":[1,-2.5e3,\"\\u00e9\\ud83d\\ude00x\",true,null],\"b\":{\"c\":\"é\"}}".utf8
        )
        for count in 0..<whole.count {
            let answer = outcome(Array(whole[..<count]))
            #expect(answer.hasPrefix("json_"), "\(count) bytes of it: \(answer)")
        }
        for index in whole.indices {
            for bit in 0..<8 {
                var flipped = whole
                flipped[index] ^= 1 << UInt8(bit)
                let answer = outcome(flipped)
                if !answer.hasPrefix("json_") { #expect(outcome(answer) == answer) }
            }
        }
    }
}

@Suite("JSON values")
struct JSONValueTests {
    @Test("members keep their order, are found by name, replaced and taken away")
    func members() {
        var object = JSONObject()
        for index in 0..<40 { object["m\(index)"] = .integer(Int64(index)) }
        #expect(object.count == 40 && object["m0"] == 0 && object["m39"] == 39)
        object["m20"] = "replaced"
        object["m0"] = nil
        object["none"] = nil
        #expect(object.count == 39 && object["m0"] == nil && object["m39"] == 39)
        #expect(object.names.first == "m1" && object["m20"] == "replaced")
        #expect(object.names[19] == "m20")
    }

    @Test("objects with the same members are the same in any order")
    func equality() {
        let one: JSONValue = ["a": 1, "b": [true, "x"]]
        let other: JSONValue = ["b": [true, "x"], "a": 1]
        #expect(one == other && one != ["a": 1])
        #expect(one.line == "{\"a\":1,\"b\":[true,\"x\"]}")
    }

    @Test("what is looked for is there or not, and nothing is converted but whole numbers")
    func looking() throws {
        let value = try JSONValue(
            parsing: Array("{\"t\":\"x\",\"f\":true,\"i\":3,\"w\":3.0,\"r\":0.5,\"n\":null}".utf8)
        )
        #expect(value["t"]?.text == "x" && value["t"]?.flag == nil)
        #expect(value["f"]?.flag == true && value["f"]?.int64 == nil)
        #expect(value["i"]?.int64 == 3 && value["w"]?.int64 == 3 && value["r"]?.int64 == nil)
        #expect(value["r"]?.number == 0.5 && value["i"]?.number == 3)
        #expect(value["n"]?.isNull == true && value["missing"] == nil)
        #expect(value.members?.count == 6 && value.elements == nil)
        #expect(JSONValue.real(.infinity).line == "null" && JSONValue.real(.nan).line == "null")
        #expect(JSONValue.real(1e300).int64 == nil && value.kind == "an object")
    }
}
