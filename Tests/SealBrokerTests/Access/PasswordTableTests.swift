// SPDX-License-Identifier: Apache-2.0
// Password files, with lines that mosquitto_passwd wrote.

import Testing

@testable import SealBroker

@Suite("The password table") struct PasswordTableTests {
    /// Written by mosquitto_passwd 2.0.11.
    static let made = """
        u:$7$101$1oVdJQgPG5INr/55$eF1BK8Ci49OmmgXspqwX/ed5UR6DcyxqAlAirMhqK81DMXKwlLw48raF2NOaf67\
        xxO3TqJT/13oaRq970d3ewg==
        u x:$7$101$2LF+4jvNfOEdsD2i$blQLKt350qiQzclNPM7pCr8DDOgcZWRZD8RN5QwlC9/T8G9n7cuyHY4mV4/Ei\
        xgEAL5uv1EyrEVUJELnb25dcw==

        """
    static let old = """
        old:$6$EPYsT7zBJblUb+vR$594iFPacwD5h1oVUpvBln21khXJEbpJxx3wGv+KSGFhnqSrnjF2BLEsYpjaGbxcCoB\
        ndkCiHTMcZjQO4ON0SAw==

        """
    static let argon =
        "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzYWx0$"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

    private func table(_ text: String) -> PasswordTable {
        PasswordTable(parsing: Array(text.utf8), file: "pw")
    }

    @Test("files made by mosquitto_passwd are read")
    func made() throws {
        let table = table(Self.made + Self.old)
        #expect(table.faults.isEmpty)
        #expect(table.count == 3)
        guard case .pbkdf2SHA512(let iterations, let salt, let hash) = table.hash(of: "u") else {
            Issue.record("no PBKDF2")
            return
        }
        #expect(iterations == 101)
        #expect(
            salt == [
                0xD6, 0x85, 0x5D, 0x25, 0x08, 0x0F, 0x1B, 0x92, 0x0D, 0xAF, 0xFE, 0x79,
            ]
        )
        #expect(hash.count == 64)
        #expect(hash.prefix(3) == [0x78, 0x5D, 0x41])
        #expect(table.hash(of: "u x") != nil)
        #expect(table.hash(of: "x") == nil)
        guard case .sha512(let oldSalt, let oldHash) = table.hash(of: "old") else {
            Issue.record("no SHA-512")
            return
        }
        #expect(oldSalt.count == 12)
        #expect(oldHash.count == 64)
    }

    @Test("comments, empty lines, blanks and CR LF are passed over")
    func looseForm() {
        let table = table("\u{FEFF}# c\r\n\r\n  a : \(Self.argon)  \r\n")
        #expect(table.faults.isEmpty)
        #expect(table.hash(of: "a") == .argon2id(encoded: Self.argon))
    }

    @Test("malformed lines are reported by number and their users cannot log in")
    func malformed() {
        let table = table("a\n:x\nb:secret\nc:\(Self.argon)\nc:\(Self.argon)\nd:\n")
        #expect(table.faults.map(\.line) == [1, 2, 3, 5, 6])
        #expect(table.count == 1)
        #expect(table.hash(of: "b") == nil)
        #expect(table.faults.allSatisfy { !$0.message.contains("secret") })
    }

    @Test("damaged files end in a table, and in a fault for each lost line")
    func damage() {
        let bytes = Array("a:\(Self.argon)\nb:\(Self.argon)\n".utf8)
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                let table = PasswordTable(parsing: damaged, file: "pw")
                #expect(table.count + table.faults.count <= 4)
                #expect(table.count + table.faults.count >= 1)
            }
        }
    }

    @Test("bytes that are not text are reported")
    func notText() {
        let table = PasswordTable(parsing: Array("# x\n".utf8) + [0xC3], file: "pw")
        #expect(table.faults.map(\.text) == ["pw:2: this is not UTF-8"])
        #expect(table.count == 0)
    }

    @Test(
        "damaged hashes are refused",
        arguments: [
            "", "$", "$7$", "$7$0$AAAA$HASH", "$7$-1$AAAA$HASH", "$7$10000001$AAAA$HASH",
            "$7$101$$HASH", "$7$101$AAAA$AAAA", "$7$101$AA*A$HASH", "$7$101$AAAA$HASH$",
            "$6$AAAA", "$6$$HASH", "$6$AAA$HASH", "$5$AAAA$HASH", "$argon2i$v=19$m=1,t=1,p=1$x$y",
            "$argon2id$v=19$m=65536,t=3$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=1048577,t=3,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=1,t=1001,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=1,t=1,p=65$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=1,t=1,p=1$c2$AAAAAAAAAAAAAAAAAAAAAA", "x$7$101$AAAA$HASH",
        ]
    )
    func damaged(_ text: String) {
        let hash = String(repeating: "A", count: 86) + "=="
        #expect(PasswordHash(text.replacing("HASH", with: hash)) == nil)
    }

    @Test("hashes at their limits are taken")
    func limits() {
        let hash = String(repeating: "A", count: 86) + "=="
        #expect(PasswordHash("$7$1$AAAA$\(hash)") != nil)
        #expect(PasswordHash("$7$10000000$AAAA$\(hash)") != nil)
        #expect(
            PasswordHash("$argon2id$v=19$m=1048576,t=1000,p=64$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA")
                != nil
        )
    }

    @Test(
        "base64 is decoded",
        arguments: [
            ("", []), ("QQ==", [0x41]), ("QUI=", [0x41, 0x42]), ("QUJD", [0x41, 0x42, 0x43]),
            ("+/+/", [0xFB, 0xFF, 0xBF]), ("Q", nil), ("QQ", nil), ("Q===", nil), ("QQ=A", nil),
            ("QU JD", nil),
        ] as [(String, [UInt8]?)]
    )
    func base64(_ text: String, _ expected: [UInt8]?) {
        #expect(Base64.decode(text) == expected)
    }
}
