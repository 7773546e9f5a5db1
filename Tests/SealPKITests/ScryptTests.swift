// SPDX-License-Identifier: Apache-2.0
// scrypt against the vectors of RFC 7914 §12, and its costs at their limits.

import SealBytes
import Testing

@testable import SealPKI

@Suite("scrypt")
struct ScryptTests {
    @Test(
        "gives the values of RFC 7914",
        arguments: [
            (
                "", "", 4, 1, 1,
                "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
                    + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
            ),
            (
                "password", "NaCl", 10, 8, 16,
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                    + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
            ),
            (
                "pleaseletmein", "SodiumChloride", 14, 8, 1,
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
                    + "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
            ),
        ]
    )
    func vectors(_ row: (String, String, Int, Int, Int, String)) throws {
        let cost = try #require(
            ScryptCost(costLog: row.2, blockSize: row.3, parallelism: row.4)
        )
        let key = try Cryptography.scrypt(
            password: Array(row.0.utf8),
            salt: Array(row.1.utf8),
            cost: cost,
            count: 64
        )
        #expect(Hex.encode(key) == row.5)
    }

    @Test("is not made dearer than its limits")
    func limits() {
        #expect(ScryptCost(costLog: 16, blockSize: 8, parallelism: 16) != nil)
        #expect(ScryptCost(costLog: 16, blockSize: 8, parallelism: 17) == nil)
        #expect(ScryptCost(costLog: 17, blockSize: 8, parallelism: 1) == nil)
        #expect(ScryptCost(costLog: 17, blockSize: 4, parallelism: 16) != nil)
        #expect(ScryptCost(costLog: 0, blockSize: 8, parallelism: 1) == nil)
        #expect(ScryptCost(costLog: .max, blockSize: .max, parallelism: .max) == nil)
        #expect(throws: PKIError(.badRequest, "")) {
            try Cryptography.scrypt(password: [], salt: [], cost: .standard, count: 1025)
        }
    }

    @Test("hashes a password so that it alone fits")
    func password() throws {
        let cost = try #require(ScryptCost(costLog: 4, blockSize: 1, parallelism: 1))
        let text = try Passwords.makeScrypt(Array("open".utf8), cost: cost)
        let parts = text.split(separator: "$").map(String.init)
        #expect(parts.count == 4 && parts[0] == "scrypt" && parts[1] == "ln=4,r=1,p=1")
        #expect(try Passwords.makeScrypt(Array("open".utf8), cost: cost) != text)
        let salt: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
        let hash = try Cryptography.scrypt(
            password: Array("open".utf8),
            salt: salt,
            cost: cost,
            count: 32
        )
        #expect(Passwords.matchesScrypt(Array("open".utf8), salt: salt, cost: cost, hash: hash))
        #expect(!Passwords.matchesScrypt(Array("Open".utf8), salt: salt, cost: cost, hash: hash))
        #expect(!Passwords.matchesScrypt(Array("open".utf8), salt: salt, cost: cost, hash: []))
    }

    @Test("is not needed for generated secrets: a salted digest fits them")
    func salted() throws {
        let secret = Array("secret".utf8)
        let salt = [UInt8](0..<16)
        let digest = try Cryptography.sha256(salt + secret)
        #expect(Passwords.matchesSalted(secret, salt: salt, digest: digest))
        #expect(!Passwords.matchesSalted(secret, salt: [], digest: digest))
        #expect(!Passwords.matchesSalted([], salt: salt, digest: digest))
        #expect(try Passwords.makeSalted(secret).hasPrefix("$sha256$"))
    }
}
