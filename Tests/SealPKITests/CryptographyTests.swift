// SPDX-License-Identifier: Apache-2.0
// Digests against published vectors, password hashes, and files.

import Glibc
import SealBytes
import Testing

@testable import SealPKI

@Suite("A digest")
struct CryptographyTests {
    @Test("gives the published values")
    func vectors() throws {
        let abc = Array("abc".utf8)
        #expect(
            Hex.encode(try Cryptography.sha256(abc))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
        #expect(Hex.encode(try Cryptography.sha512(abc)).hasPrefix("ddaf35a193617abacc417349ae20"))
        // RFC 4231 §4.3.
        #expect(
            Hex.encode(
                try Cryptography.hmacSHA256(
                    key: Array("Jefe".utf8),
                    Array("what do ya want for nothing?".utf8)
                )
            )
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        )
        #expect(try Cryptography.hmacSHA256(key: [], []).count == 32)
    }

    @Test("of random bytes is not the same twice, and too many are refused")
    func random() throws {
        #expect(try Cryptography.randomBytes(32) != Cryptography.randomBytes(32))
        #expect(try Cryptography.randomBytes(0).isEmpty)
        #expect(try Cryptography.randomBytes(1 << 20).count == 1 << 20)
        #expect(throws: PKIError(.badRequest, "")) {
            try Cryptography.randomBytes((1 << 20) + 1)
        }
    }

    @Test("is compared by length and every byte")
    func comparing() {
        #expect(Cryptography.equals([1, 2], [1, 2]))
        #expect(!Cryptography.equals([1, 2], [1, 3]))
        #expect(!Cryptography.equals([1, 2], [1, 2, 3]))
        #expect(Cryptography.equals([], []))
    }
}

@Suite("A password")
struct PasswordTests {
    private let password = Array("correct horse".utf8)

    @Test("fits the hash that was made of it, and no other")
    func pbkdf2() throws {
        let text = try Passwords.makePBKDF2(password, iterations: 101)
        let parts = text.split(separator: "$").map(String.init)
        #expect(parts.count == 4 && parts[0] == "7" && parts[1] == "101")
        let salt = try #require(Base64.decode(parts[2]))
        let hash = try #require(Base64.decode(parts[3]))
        #expect(Passwords.matchesPBKDF2(password, salt: salt, iterations: 101, hash: hash))
        #expect(!Passwords.matchesPBKDF2(password, salt: salt, iterations: 102, hash: hash))
        #expect(!Passwords.matchesPBKDF2([], salt: salt, iterations: 101, hash: hash))
        #expect(!Passwords.matchesPBKDF2(password, salt: salt, iterations: 0, hash: hash))
        #expect(!Passwords.matchesPBKDF2(password, salt: salt, iterations: 101, hash: []))
    }

    @Test("fits one SHA-512 over itself and the salt")
    func sha512() throws {
        let salt: [UInt8] = [1, 2, 3]
        let hash = try Cryptography.sha512(password + salt)
        #expect(Passwords.matchesSHA512(password, salt: salt, hash: hash))
        #expect(!Passwords.matchesSHA512(password, salt: [1, 2], hash: hash))
    }

    @Test("fits an argon2id hash that another program made")
    func argon2id() {
        let encoded =
            "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQx"
            + "$6T2PEJdeyA41XuGr0yZtUzrNGzLlHquTp9toSNnylOY"
        #expect(Passwords.matchesArgon2id(password, encoded: encoded))
        #expect(!Passwords.matchesArgon2id(Array("wrong".utf8), encoded: encoded))
        #expect(!Passwords.matchesArgon2id(password, encoded: "$argon2id$nonsense"))
    }
}

@Suite("A file")
struct FilesTests {
    private func folder() throws -> String {
        var template = Array("/tmp/seal-files-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        return String(cString: made)
    }

    @Test("is replaced at once, with exactly its mode")
    func writing() throws {
        let folder = try folder()
        defer { rmdir(folder) }
        let path = "\(folder)/key.pem"
        defer { unlink(path) }
        try Files.write([1, 2, 3], to: path, mode: 0o600)
        try Files.write([4, 5], to: path, mode: 0o600)
        #expect(try Files.read(path) == [4, 5])
        #expect(try Files.names(in: folder) == ["key.pem"])
        var about = stat()
        #expect(stat(path, &about) == 0)
        #expect(about.st_mode & 0o777 == 0o600)
        #expect(try Files.read(path, bytesMax: 2).count == 2)
        #expect(throws: PKIError(.file, "")) { try Files.read(path, bytesMax: 1) }
    }

    @Test("that is missing, or is a folder, is named")
    func missing() throws {
        do {
            _ = try Files.read("/nowhere/at/all")
            Issue.record("there is such a file")
        } catch {
            #expect(error.reason.contains("/nowhere/at/all cannot be opened: No such file"))
        }
        #expect(throws: PKIError(.file, "")) { try Files.read("/tmp") }
        #expect(throws: PKIError(.file, "")) { try Files.write([], to: "/nowhere/at/all") }
        #expect(throws: PKIError(.file, "")) { try Files.names(in: "/nowhere") }
    }
}
