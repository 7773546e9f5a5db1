// SPDX-License-Identifier: Apache-2.0
// What requests carry besides framing: queries and forms, media types, what is accepted, who is
// asking, and dates.

import SealBytes
import SealHTTP
import Testing

@Suite("Queries and forms")
struct FormFieldsTests {
    private func pairs(_ query: String) -> [String] {
        do {
            return try FormFields(query: query).all.map { "\($0.name)=\($0.value)" }
        } catch {
            return ["error \(error.code.rawValue)"]
        }
    }

    @Test(
        "names and values are decoded in order, repeated ones too",
        arguments: [
            ("", []), ("a=1", ["a=1"]), ("a", ["a="]), ("a=", ["a="]), ("&&a=1&", ["a=1"]),
            ("a=1&b=2&a=3", ["a=1", "b=2", "a=3"]), ("a=b=c", ["a=b=c"]), ("a+b=c+d", ["a b=c d"]),
            ("a%20b=%2B%26%3D", ["a b=+&="]), ("n=%C3%A9", ["n=é"]), ("a=%00", ["a=\u{0}"]),
        ]
    )
    func good(query: String, expected: [String]) {
        #expect(pairs(query) == expected)
    }

    @Test("what cannot be decoded is refused", arguments: ["=1", "a=%", "a=%4", "a=%zz", "a=%FF"])
    func bad(query: String) {
        #expect(pairs(query) == ["error malformed_query"])
    }

    @Test("200 pairs are read, 201 are refused")
    func limit() {
        let most = Array(repeating: "a=1", count: FormFields.pairsMax).joined(separator: "&")
        #expect(pairs(most).count == FormFields.pairsMax)
        #expect(pairs(most + "&a=1") == ["error too_many_pairs"])
    }

    @Test("values are found by name")
    func lookingUp() throws {
        let fields = try FormFields(body: Array("a=1&b=2&a=3".utf8))
        #expect(fields["a"] == "1" && fields["c"] == nil && fields.values(of: "a") == ["1", "3"])
        let head = RequestHead(method: .get, path: "/", query: "pageSize=5")
        #expect(try head.queryFields()["pageSize"] == "5")
        #expect(try RequestHead(method: .get, path: "/").queryFields().all.isEmpty)
    }

    @Test("an encoded text comes back decoded")
    func encoding() {
        for text in ["", "a b", "ä/?#&=+%", "x\u{0}\n", "-._~AZ09"] {
            let encoded = PercentCoding.encoded(text)
            #expect(encoded.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") })
            #expect(PercentCoding.decoded(encoded.utf8, plusIsSpace: true) == text)
        }
    }
}

@Suite("Media types")
struct MediaTypeTests {
    @Test("a type is read with its parameters, in any case")
    func reading() throws {
        let text =
            "Application/VND.com.nsn.cumulocity.newDeviceRequest+JSON;ver=0.9; charset=\"UTF-8\""
        let type = try #require(MediaType(text))
        #expect(type.name == "application/vnd.com.nsn.cumulocity.newdevicerequest+json")
        #expect(type["ver"] == "0.9" && type["charset"] == "UTF-8" && type.isJSON && type.isUTF8)
        #expect(type.description.hasSuffix("+json;ver=0.9;charset=UTF-8"))
        #expect(MediaType("text/plain;charset=latin-1")?.isUTF8 == false)
        #expect(MediaType("text/csv ; header=present ;")?["header"] == "present")
        #expect(MediaType("a/b;c=\"d;\\\"e\"")?.description == "a/b;c=\"d;\\\"e\"")
    }

    @Test(
        "what is no media type is refused",
        arguments: [
            "", "json", "/", "a/", "/b", "a/b/c", "a b/c", "a/b;c", "a/b;c=", "a/b;=d", "a/b;c=\"d",
            "a/b;c=d;C=e", "a/b c", "a/b,c/d", "a/b;c=d e", "a/b;c =d",
        ]
    )
    func bad(text: String) {
        #expect(MediaType(text) == nil)
    }

    @Test("512 bytes are read, 513 are not; 16 parameters are, 17 are not")
    func limits() {
        let long = "a/" + String(repeating: "b", count: 510)
        #expect(MediaType(long) != nil && MediaType(long + "b") == nil)
        let most = (1...16).reduce("a/b") { "\($0);p\($1)=1" }
        #expect(MediaType(most) != nil && MediaType(most + ";q=1") == nil)
    }

    @Test("a request names one type or none")
    func ofRequest() throws {
        func type(_ fields: Fields) throws(ContentError) -> MediaType? {
            try RequestHead(method: .post, path: "/", fields: fields).contentType()
        }
        #expect(try type([:]) == nil)
        #expect(try type(["content-type": "text/csv"]) == .csv)
        #expect(throws: ContentError.self) {
            _ = try type(["Content-Type": "text/csv", "content-type": "a/b"])
        }
        #expect(throws: ContentError.self) { _ = try type(["Content-Type": "csv"]) }
    }

    @Test(
        "what a client likes best of what there is is chosen",
        arguments: [
            ([], "application/json"), (["*/*"], "application/json"), (["text/csv"], "text/csv"),
            (["text/csv;q=0.5, application/json;q=0.4"], "text/csv"),
            (["application/json;q=0, */*"], "text/csv"), (["text/*"], "text/csv"),
            (["image/png"], "nothing"), (["image/png", "text/csv;q=0.001"], "text/csv"),
            (["application/json;ver=0.9;q=0.1", "text/*;q=0.2"], "text/csv"),
            (["*/*;q=0"], "nothing"), (["nonsense", "text/csv;q=2"], "application/json"),
            (["text/*;q=0.9, text/csv;q=0.1, application/json;q=0.5"], "application/json"),
        ]
    )
    func accepting(values: [String], chosen: String) {
        var fields: Fields = [:]
        for value in values { fields.append("Accept", value) }
        let choice = Acceptance(fields).choose([.json, .csv])
        #expect(choice?.name ?? "nothing" == chosen)
    }
}

@Suite("Authorization")
struct HTTPAuthorizationTests {
    private func basic(_ text: String) -> HTTPAuthorization? {
        .parse("Basic " + Base64.encode(Array(text.utf8)))
    }

    @Test("users and passwords are read, colons in the password and UTF-8 too")
    func users() {
        #expect(basic("t1/ada:s3:cret") == .basic(user: "t1/ada", password: "s3:cret"))
        #expect(basic("ädä:pässwörd") == .basic(user: "ädä", password: "pässwörd"))
        #expect(basic(":") == .basic(user: "", password: ""))
        #expect(HTTPAuthorization.parse("BASIC  YTpi") == .basic(user: "a", password: "b"))
        #expect(HTTPAuthorization.parse("basic YTpiYw") == .basic(user: "a", password: "bc"))
    }

    @Test(
        "what cannot be read is refused",
        arguments: [
            "", "Basic", "Basic ", "Basic !", "Basic YQ==", "Basic YTpi=", "Basic YTr/", "Bearer",
            "Bearer ", "Bearer a b", "Bearer a\"b", "Bearer é", "Basic\tYTpi", "=x",
            "Basic YToKYg==",
        ]
    )
    func bad(text: String) {
        #expect(HTTPAuthorization.parse(text) == nil)
    }

    @Test("tokens are read, other schemes are named, and nothing secret is printed")
    func tokens() throws {
        let token = HTTPAuthorization.parse("bearer eyJ.a-b_c~d+e/f==")
        #expect(token == .bearer("eyJ.a-b_c~d+e/f=="))
        #expect(HTTPAuthorization.parse("Digest a=b") == .other(scheme: "Digest"))
        let shown = "\(try #require(token)) \(try #require(basic("u:secret")))"
        #expect(shown == "Bearer Basic")
        for one: HTTPAuthorization in [.bearer("abc"), .basic(user: "é", password: "x:y")] {
            #expect(HTTPAuthorization.parse(one.field) == one)
        }
    }

    @Test("a request has one or none, two are refused")
    func ofRequest() throws {
        #expect(try HTTPAuthorization.read([:]) == nil)
        #expect(try HTTPAuthorization.read(["authorization": "Bearer a"]) == .bearer("a"))
        let fields: Fields = ["X-Authorization": "Bearer b"]
        #expect(try HTTPAuthorization.read(fields, field: "X-Authorization") == .bearer("b"))
        #expect(throws: ContentError.self) {
            try HTTPAuthorization.read(["Authorization": "Bearer a", "authorization": "Bearer b"])
        }
        #expect(throws: ContentError.self) { try HTTPAuthorization.read(["Authorization": ""]) }
    }
}

@Suite("Methods and dates")
struct MethodAndDateTests {
    private func tunnelled(_ method: Method, _ names: String...) -> String {
        var head = RequestHead(method: method, path: "/")
        for name in names { head.fields.append("x-http-method", name) }
        do {
            return try head.tunnelledMethod().name
        } catch {
            return error.code.rawValue
        }
    }

    @Test("POST may carry another method, nothing else may")
    func tunnelling() {
        #expect(tunnelled(.post) == "POST" && tunnelled(.post, "PUT") == "PUT")
        #expect(tunnelled(.post, "delete") == "DELETE" && tunnelled(.get, "DELETE") == "GET")
        #expect(tunnelled(.post, "TRACE") == "malformed_field")
        #expect(tunnelled(.post, "PUT", "DELETE") == "malformed_field")
    }

    @Test(
        "moments are written as RFC 9110 shows them",
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (-5, "Thu, 01 Jan 1970 00:00:00 GMT"),
        ] as [(Int64, String)]
    )
    func dates(seconds: Int64, text: String) {
        #expect(HTTPDate.text(seconds) == text)
    }
}
