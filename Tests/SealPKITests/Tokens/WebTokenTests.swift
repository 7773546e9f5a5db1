// SPDX-License-Identifier: Apache-2.0
// JSON Web Tokens against the example of RFC 7515 and one that Python's cryptography made, and
// everything that a forger may try.

import SealBytes
import Testing

@testable import SealPKI

@Suite("A JSON Web Token")
struct WebTokenTests {
    // RFC 7515 §A.3.
    static let example =
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcG"
        + "xlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8"
        + "ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    static let exampleKey: JSONValue = [
        "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    ]
    static let foreign =
        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InlQNjBSQ0IzNjduZW9OQWlWeG5LM3hXeDVHRC1VV1o2"
        + "Sjcxbkhjbmg0eDQifQ.eyJzdWIiOiJ4IiwiZXhwIjo1fQ.PSmKLzQsEmmT67MUlI_pXbNHCSa-i5JMJtO_NomxdW"
        + "CQIy5OmLYRUiDMhXOSG4AYmF8gjqM328puwvBih9zAoPZNbfmWa2FF8YRjUHqWPL4CcPYs9uB2Jext2jrkjrf03I"
        + "qu1yWfuQrIykgwxk9_2k2F2aOLmyny8pnG2-9O0bQzaA2IITvU5XLoxn9gmdllf1HI1ItAslKj7HoaCWvq8mJHge"
        + "9JB_XRkVDwjoqmPM_5FHG0-J9qKd_Ewg6fzg46AUVD3ZNmM0EfFrnFfMD-f7KWObfhWog21_0q-3w-BFGjBs_33y"
        + "lAPSFBRXGhx5uE3pGhikvWOH3nRHo5Fs4ktw"
    static let foreignKey: JSONValue = [
        "kty": "RSA", "e": "AQAB",
        "n": .string(
            "vGL3Fh-6QRrn5Wn8N4BQT2NzxYMypVeHs2tzDHj29oIPQkD_TTSODNl2KKLD_pCwwg7ZDJCUk9Zg"
                + "nzaBn8sHAGNrhTJ1yLbv6MNua3IJXxkc3M2PPJyc8_w3qOjLmR36VOSm4MjFYrKNnitBGiPDip5m"
                + "9C7GHsVJjujESDjqkuLwBg4ZfqAd6gW8_QTdcrA7QghEGcyJlzxJiM9VKJIFuOmoalPNCb5erM-A"
                + "C7NC-lqYFfOEsN-sk25fRw1OAnSrjuUn9_qK8biLVjGDlLfchQ6I6UeG47Cgxw5V5_z-qLnpGMQF"
                + "Y8Cvmnn9HAynlkCcrKHM4RefvQOE-bkvKfuiLw"
        ),
    ]

    @Test("of RFC 7515 and of another program is verified, each by its own key alone")
    func vectors() throws {
        let elliptic = try WebKey(json: Self.exampleKey)
        let rsa = try WebKey(json: Self.foreignKey)
        let first = try WebToken(reading: Self.example)
        #expect(first.algorithm == .es256 && first.keyID == nil)
        #expect(first.claims["iss"]?.text == "joe" && first.claims["exp"]?.int64 == 1_300_819_380)
        #expect(first.isSigned(by: elliptic) && !first.isSigned(by: rsa))
        let second = try WebToken(reading: Self.foreign)
        #expect(second.isSigned(by: rsa) && !second.isSigned(by: elliptic))
        // RFC 7638, by the other program, too.
        #expect(rsa.id == "yP60RCB367neoNAiVxnK3xWx5GD-UWZ6J71nHcnh4x4" && second.keyID == rsa.id)
        #expect(try WebKey(json: rsa.json).id == rsa.id)
        #expect(rsa.json["n"] == Self.foreignKey["n"] && rsa.json["alg"] == "RS256")
        #expect(elliptic.json["x"] == Self.exampleKey["x"] && elliptic.json["use"] == "sig")
    }

    @Test("that we sign is verified by openssl", arguments: [KeyKind.p256, .rsa2048])
    func signed(_ kind: KeyKind) throws {
        let folder = try PeerFolder()
        let private_ = try PrivateKey.generate(kind)
        let key = try WebSigningKey(private_)
        let token = try key.sign(["sub": "device_1", "exp": 7])
        let read = try WebToken(reading: token)
        #expect(read.isSigned(by: key.verifier) && read.keyID == key.verifier.id)
        #expect(read.claims == ["sub": "device_1", "exp": 7])
        let other = try WebSigningKey(PrivateKey.generate(kind))
        #expect(!read.isSigned(by: other.verifier))
        let parts = token.split(separator: ".").map(String.init)
        var signature = try #require(Base64.decode(parts[2], .urlSafe))
        if kind == .p256 {
            #expect(signature.count == 64)
            signature = try #require(ECDSASignature.der(plain: signature, width: 32))
        }
        try folder.write(signature, "sig")
        try folder.write("\(parts[0]).\(parts[1])", "text")
        try folder.write(PEMText.block("PUBLIC KEY", key.verifier.key.der), "pub")
        let outcome = try folder.shell("openssl dgst -sha256 -verify pub -signature sig text")
        #expect(outcome.text.contains("Verified OK"))
    }

    private func token(
        _ header: String,
        _ body: String = "{}",
        _ signature: String = "AA"
    ) -> String {
        [header, body].map { Base64.encode(Array($0.utf8), .urlSafe) }.joined(separator: ".")
            + "." + signature
    }

    @Test("without signature, with another algorithm or with demands is refused")
    func headers() {
        func code(_ text: String) -> WebTokenError.Code? {
            do throws(WebTokenError) {
                _ = try WebToken(reading: text)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(token(#"{"alg":"ES256"}"#)) == nil)
        #expect(code(token(#"{"alg":"ES256","typ":"jwt"}"#)) == nil)
        for name in ["none", "None", "HS256", "ES384", "RS1", "PS256", "", "es256"] {
            #expect(code(token(#"{"alg":"\#(name)"}"#)) == .algorithm)
        }
        #expect(code(token("{}")) == .algorithm)
        #expect(code(token(#"{"alg":["ES256"]}"#)) == .algorithm)
        #expect(code(token(#"{"alg":"ES256","crit":["exp"]}"#)) == .critical)
        #expect(code(token(#"{"alg":"ES256","b64":false}"#)) == .critical)
        #expect(code(token(#"{"alg":"ES256","zip":"DEF"}"#)) == .critical)
        #expect(code(token(#"{"alg":"ES256","typ":"JWE"}"#)) == .malformed)
        #expect(code(token(#"{"alg":"ES256","kid":7}"#)) == .malformed)
        #expect(code(token(#"{"alg":"none","alg":"ES256"}"#)) == .malformed)
        #expect(code(token(#"{"alg":"ES256"}"#, #"{"sub":"a","sub":"b"}"#)) == .malformed)
        #expect(code(token(#"{"alg":"ES256"}"#, "[]")) == .malformed)
        #expect(code(token(#"{"alg":"ES256"}"#, "{}", "A")) == .malformed)
        #expect(code(token(#"{"alg":"ES256"}"#, "{}", "AB")) == .malformed)
        #expect(code(token(#"{"alg":"ES256"}"#, "{}", "AA==")) == .malformed)
        for text in ["", ".", "..", "...", "a.b", "e30.e30", "e30.e30.AA.AA", " \(Self.example)"] {
            #expect(code(text) == .malformed)
        }
        let padding = String(repeating: "A", count: WebToken.bytesMax)
        #expect(code(padding) == .malformed && code(padding + "A") == .tooLong)
    }

    @Test("with any character changed is refused, and never a trap")
    func changed() throws {
        let key = try WebSigningKey(PrivateKey.generate())
        let token = try key.sign(["sub": "device_1"])
        for index in token.indices {
            for character in ["A", "-", ".", "="] where String(token[index]) != character {
                var copy = token
                copy.replaceSubrange(index...index, with: character)
                if let read = try? WebToken(reading: copy) {
                    #expect(!read.isSigned(by: key.verifier), "\(copy)")
                }
            }
            _ = try? WebToken(reading: String(token[..<index]))
        }
    }

    @Test("is not made of a weak key, nor longer than is read")
    func limits() throws {
        #expect(throws: PKIError(.unsupportedKey, "")) {
            try WebSigningKey(PrivateKey.generate(.p384))
        }
        #expect(throws: PKIError(.unsupportedKey, "")) {
            try WebSigningKey(PrivateKey.generate(.ed25519))
        }
        let key = try PrivateKey.generate()
        #expect(
            try WebSigningKey(key, id: Name(String(repeating: "x", count: 256)))
                .verifier.id.utf8.count == 256
        )
        for id in ["", String(repeating: "x", count: 257)] {
            #expect(throws: PKIError(.badRequest, "")) { try WebSigningKey(key, id: Name(id)) }
        }
        let long = JSONValue.string(String(repeating: "x", count: 6100))
        #expect(throws: PKIError(.badRequest, "")) { try WebSigningKey(key).sign(["sub": long]) }
    }

    @Test("has keys in JSON of two kinds only, for one algorithm each")
    func keys() throws {
        var wrong = try #require(Self.exampleKey.members)
        wrong["alg"] = "RS256"
        #expect(throws: PKIError(.unsupportedKey, "")) { try WebKey(json: .object(wrong)) }
        wrong["alg"] = nil
        wrong["x"] = "AAAA"
        #expect(throws: PKIError(.unsupportedKey, "")) { try WebKey(json: .object(wrong)) }
        wrong["x"] = wrong["y"]
        #expect(throws: PKIError(.unsupportedKey, "")) { try WebKey(json: .object(wrong)) }
        let weak: JSONValue = ["kty": "RSA", "n": "AQAB", "e": "AQAB"]
        #expect(throws: PKIError(.unsupportedKey, "")) { try WebKey(json: weak) }
        for json: JSONValue in [.null, [:], ["kty": "oct", "k": "AAAA"], ["kty": "RSA", "n": ""]] {
            #expect(throws: PKIError.self) { try WebKey(json: json) }
        }
        let set = WebKey.set([try WebKey(json: Self.exampleKey)])
        #expect(set["keys"]?.elements?.count == 1)
    }

    @Test("or a key of the fuzz corpus is read or refused as it must be")
    func corpus() throws {
        let elliptic = try WebKey(json: Self.exampleKey)
        let folder = fuzzCorpus("WebToken")
        var seen: Set<String> = []
        for name in try Files.names(in: folder) {
            let input = try Files.read("\(folder)/\(name)")
            let parts = input.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
            let composed = parts.map { Base64.encode(Array($0), .urlSafe) }.joined(separator: ".")
            let token = try? WebToken(
                reading: parts.count == 3 ? composed : String(decoding: input, as: UTF8.self)
            )
            let key = (try? JSONValue(parsing: input)).flatMap { try? WebKey(json: $0) }
            let isRead = ["parts-es256", "parts-rs256", "token-signed"].contains(name)
            #expect((token != nil) == isRead, "\(name)")
            #expect((token?.isSigned(by: elliptic) ?? false) == (name == "token-signed"), "\(name)")
            #expect((key != nil) == name.hasPrefix("key-"), "\(name)")
            seen.insert(name)
        }
        #expect(seen.count >= 7)
    }
}
