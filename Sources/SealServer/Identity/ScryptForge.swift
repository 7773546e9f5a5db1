// SPDX-License-Identifier: Apache-2.0
// What is stored of new secrets: scrypt of passwords that people choose, a salted digest of those
// that were generated, and for both the keys of SCRAM-SHA-256.

internal import SealBroker
internal import SealBytes
internal import SealPKI

/// Makes what is stored of secrets.
struct ScryptForge: SecretForge {
    /// Passwords are of at most so many bytes, which every hash here takes.
    static let passwordBytesMax = 1024

    /// What salts are derived from that several passwords share; nil: each has its own.
    var saltKey: [UInt8]?

    func hash(
        chosen password: [UInt8],
        sharing name: Name
    ) throws(RegistryError) -> StoredSecret {
        guard let saltKey else { return try hash(chosen: password) }
        return try make(password) { password throws(PKIError) in
            let digest = try Cryptography.hmacSHA256(key: saltKey, Array(name.utf8))
            return try Passwords.makeScrypt(password, salt: Array(digest.prefix(16)))
        }
    }

    func hash(chosen password: [UInt8]) throws(RegistryError) -> StoredSecret {
        try make(password) { password throws(PKIError) in
            try Passwords.makeScrypt(password)
        }
    }

    func hash(generated secret: [UInt8]) throws(RegistryError) -> StoredSecret {
        try make(secret) { secret throws(PKIError) in
            try Passwords.makeSalted(secret)
        }
    }

    func generate() throws(RegistryError) -> String {
        do throws(PKIError) {
            return Self.spelled(try Cryptography.randomBytes(20))
        } catch {
            throw RegistryError(.storage, error.reason)
        }
    }

    private func make(
        _ secret: [UInt8],
        _ hash: ([UInt8]) throws(PKIError) -> String
    ) throws(RegistryError) -> StoredSecret {
        guard !secret.isEmpty, secret.count <= Self.passwordBytesMax else {
            throw RegistryError(
                .invalid,
                "a password has 1 to \(Self.passwordBytesMax) bytes"
            )
        }
        do throws(PKIError) {
            return StoredSecret(
                hash: try hash(secret),
                scram: try ScramSecret.make(secret)
            )
        } catch {
            throw RegistryError(.storage, "a secret could not be hashed: \(error.reason)")
        }
    }

    /// Base32 in lower case (RFC 4648 §6): no letter looks like a digit, and nothing needs quotes.
    private static func spelled(_ bytes: [UInt8]) -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
        var text: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for byte in bytes {
            bits = (bits << 8 | UInt32(byte)) & 0xFFFF
            count += 8
            while count >= 5 {
                count -= 5
                text.append(letters[Int(bits >> count & 31)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// The keys of SCRAM-SHA-256 (RFC 5802, RFC 7677).
enum ScramSecret {
    /// The text of RFC 5803 for a password, with a new salt.
    static func make(_ password: [UInt8]) throws(PKIError) -> String {
        try make(
            password,
            salt: try Cryptography.randomBytes(ScramKeys.saltBytesUsual),
            iterations: ScramKeys.iterationsUsual
        )
    }

    /// The text of RFC 5803 for a password.
    ///
    /// The password is taken as it is: what SASLprep would change in it is left alone.
    static func make(
        _ password: [UInt8],
        salt: [UInt8],
        iterations: Int
    ) throws(PKIError) -> String {
        let salted = try Cryptography.pbkdf2SHA256(
            password: password,
            salt: salt,
            iterations: iterations,
            count: 32
        )
        let clientKey = try Cryptography.hmacSHA256(key: salted, Array("Client Key".utf8))
        let storedKey = try Cryptography.sha256(clientKey)
        let serverKey = try Cryptography.hmacSHA256(key: salted, Array("Server Key".utf8))
        return "SCRAM-SHA-256$\(iterations):\(Base64.encode(salt))"
            + "$\(Base64.encode(storedKey)):\(Base64.encode(serverKey))"
    }
}
