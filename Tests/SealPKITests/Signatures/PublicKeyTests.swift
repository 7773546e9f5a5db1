// SPDX-License-Identifier: Apache-2.0
// Signatures over bytes against openssl in both directions: how possession of a key is proven.

import SealBytes
import Testing

@testable import SealPKI

@Suite("A public key")
struct PublicKeyTests {
    private let folder: PeerFolder
    private let code = Array("9d7f-verification-code".utf8)

    init() throws { folder = try PeerFolder() }

    @Test("verifies what openssl signed with RSA or EC", arguments: ["rsa:2048", "ec"])
    func verifies(_ kind: String) throws {
        let options = kind == "ec" ? "ec -pkeyopt ec_paramgen_curve:P-384" : kind
        try folder.shell(
            """
            openssl req -x509 -newkey \(options) -nodes -keyout k -out c -subj /CN=ca -days 9
            printf %s '\(String(decoding: code, as: UTF8.self))' > code
            openssl dgst -sha256 -sign k -out sig code
            openssl dgst -sha512 -sign k -out sig512 code
            """
        )
        let key = try PublicKey(of: Certificate(pem: folder.bytes("c")))
        let signature = try folder.bytes("sig")
        #expect(key.verifies(signature, of: code))
        #expect(!key.verifies(signature, of: code + [0x0A]))
        #expect(!key.verifies(signature, of: []))
        #expect(!key.verifies(try folder.bytes("sig512"), of: code))
        #expect(!key.verifies(signature + [0], of: code))
        for index in signature.indices {
            var copy = signature
            copy[index] ^= 1
            #expect(!key.verifies(copy, of: code))
            #expect(!key.verifies(Array(signature.prefix(index)), of: code))
        }
    }

    @Test("is proven by signatures that openssl verifies", arguments: [KeyKind.p256, .rsa2048])
    func signs(_ kind: KeyKind) throws {
        let key = try PrivateKey.generate(kind)
        try folder.write(try key.signature(of: code), "sig")
        try folder.write(code, "code")
        try folder.write(PEMText.block("PUBLIC KEY", try PublicKey(of: key).der), "pub")
        let outcome = try folder.shell("openssl dgst -sha256 -verify pub -signature sig code")
        #expect(outcome.text.contains("Verified OK"))
    }

    @Test("of another kind neither signs nor verifies with SHA-256")
    func otherKinds() throws {
        let key = try PrivateKey.generate(.ed25519)
        #expect(throws: PKIError(.unsupportedKey, "")) { try key.signature(of: code) }
        #expect(!(try PublicKey(of: key).verifies([1, 2, 3], of: code)))
        let good = try PublicKey(of: PrivateKey.generate())
        #expect(!good.verifies([], of: code))
        let tooLong = [UInt8](repeating: 0x30, count: PublicKey.signatureBytesMax + 1)
        #expect(!good.verifies(tooLong, of: code))
    }

    @Test("that is cut short or damaged is refused or another one, never a trap")
    func damaged() throws {
        let der = try PublicKey(of: PrivateKey.generate()).der
        #expect(try PublicKey(der: der).der == der)
        #expect(throws: PKIError.self) { try PublicKey(der: der + [0]) }
        for index in der.indices {
            #expect(throws: PKIError.self) { try PublicKey(der: Array(der.prefix(index))) }
            var copy = der
            copy[index] ^= 0x04
            _ = try? PublicKey(der: copy)
        }
    }

    @Test("has the two forms of an ECDSA signature, each made from the other")
    func forms() throws {
        for _ in 0..<64 {
            let der = try PrivateKey.generate().signature(of: code)
            let plain = try #require(ECDSASignature.plain(der: der, width: 32))
            #expect(plain.count == 64)
            #expect(ECDSASignature.der(plain: plain, width: 32) == der)
        }
        #expect(ECDSASignature.plain(der: [0x30, 0], width: 32) == nil)
        #expect(ECDSASignature.plain(der: [0x30, 6, 2, 1, 0xFF, 2, 1, 1], width: 32) == nil)
        #expect(ECDSASignature.der(plain: [1, 2, 3], width: 32) == nil)
        let zeros = try #require(ECDSASignature.der(plain: [0, 0], width: 1))
        #expect(zeros == [0x30, 6, 2, 1, 0, 2, 1, 0])
    }

    @Test("of a certificate comes with the name that Java has for its signature's algorithm")
    func javaNames() throws {
        try folder.shell(
            """
            openssl req -x509 -newkey rsa:2048 -nodes -keyout k -out rsa -subj /CN=x -sha384
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k \
                -out ec -subj /CN=x -sha256
            openssl req -x509 -newkey ed25519 -nodes -keyout k -out ed -subj /CN=x
            """
        )
        func name(_ file: String) throws -> String {
            try Certificate(pem: folder.bytes(file)).fields().outerAlgorithm.javaName
        }
        #expect(try name("rsa") == "SHA384withRSA")
        #expect(try name("ec") == "SHA256withECDSA")
        #expect(try name("ed") == "Ed25519")
    }
}
