// SPDX-License-Identifier: Apache-2.0
// Comparing passwords with hashes, and making new ones. Slow on purpose: not for a shard's thread.
// The forms of password files are taken apart where the files are read.

internal import CArgon2
internal import COpenSSL
internal import CSys
internal import Glibc
internal import SealBytes

/// Passwords against hashes.
///
/// Every comparison takes the same time wherever the bytes differ.
public enum Passwords {
    /// Whether PBKDF2 with HMAC-SHA-512 makes the hash of the password (mosquitto's `$7$`).
    public static func matchesPBKDF2(
        _ password: [UInt8],
        salt: [UInt8],
        iterations: Int,
        hash: [UInt8]
    ) -> Bool {
        guard !hash.isEmpty,
            let made = try? Cryptography.pbkdf2SHA512(
                password: password,
                salt: salt,
                iterations: iterations,
                count: hash.count
            )
        else { return false }
        return Cryptography.equals(made, hash)
    }

    /// Whether SHA-512 over password and salt makes the hash (mosquitto's `$6$`).
    public static func matchesSHA512(
        _ password: [UInt8],
        salt: [UInt8],
        hash: [UInt8]
    ) -> Bool {
        guard let made = try? Cryptography.sha512(password + salt) else { return false }
        return Cryptography.equals(made, hash)
    }

    /// Whether the password fits the encoded hash (`$argon2id$v=19$m=...`).
    ///
    /// The text says how much memory and time are spent: check those before.
    public static func matchesArgon2id(_ password: [UInt8], encoded: String) -> Bool {
        guard password.count <= 65_535 else { return false }
        // SAFETY: the password is read for its count, the text up to its NUL.
        return unsafe password.withUnsafeBytes { raw in
            unsafe argon2id_verify(encoded, raw.baseAddress, raw.count) == ARGON2_OK.rawValue
        }
    }

    /// A new hash in the form of mosquitto's `$7$`.
    public static func makePBKDF2(
        _ password: [UInt8],
        iterations: Int = 210_000
    ) throws(PKIError) -> String {
        let salt = try Cryptography.randomBytes(12)
        let hash = try Cryptography.pbkdf2SHA512(
            password: password,
            salt: salt,
            iterations: iterations,
            count: 64
        )
        return "$7$\(iterations)$\(Base64.encode(salt))$\(Base64.encode(hash))"
    }
}
