// SPDX-License-Identifier: Apache-2.0
// Digests, random bytes and comparing secrets: single calls into OpenSSL.

internal import COpenSSL
internal import CSys
internal import Glibc

/// Single calls into OpenSSL.
public enum Cryptography {
    /// Random bytes fit for keys.
    public static func randomBytes(_ count: Int) throws(PKIError) -> [UInt8] {
        OpenSSLDoor.open()
        guard count >= 0, count <= 1 << 20 else {
            throw PKIError(.badRequest, "\(count) random bytes are too many")
        }
        var bytes = [UInt8](repeating: 0, count: count)
        // SAFETY: exactly the array's size is written.
        guard unsafe RAND_bytes(&bytes, Int32(count)) == 1 else {
            throw PKIError(.cryptography, "there are no random bytes")
        }
        return bytes
    }

    /// Whether both hold the same bytes, in a time that does not tell where they differ.
    public static func equals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        // SAFETY: both arrays have the count.
        return unsafe CRYPTO_memcmp(left, right, left.count) == 0
    }

    /// SHA-256 (FIPS 180-4).
    public static func sha256(_ bytes: [UInt8]) throws(PKIError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        // SAFETY: 32 bytes are written into an array of 32.
        guard unsafe seal_sha256(bytes, bytes.count, &digest) == 1 else {
            throw PKIError(.cryptography, "SHA-256 is not available")
        }
        return digest
    }

    /// SHA-512 (FIPS 180-4).
    public static func sha512(_ bytes: [UInt8]) throws(PKIError) -> [UInt8] {
        OpenSSLDoor.open()
        var digest = [UInt8](repeating: 0, count: 64)
        var count: UInt32 = 0
        // SAFETY: SHA-512 writes 64 bytes.
        guard unsafe EVP_Digest(bytes, bytes.count, &digest, &count, EVP_sha512(), nil) == 1 else {
            throw PKIError(.cryptography, "SHA-512 is not available")
        }
        return digest
    }

    /// HMAC with SHA-256 (RFC 2104).
    public static func hmacSHA256(key: [UInt8], _ bytes: [UInt8]) throws(PKIError) -> [UInt8] {
        OpenSSLDoor.open()
        guard key.count < Int(Int32.max) else { throw PKIError(.badRequest, "the key is too long") }
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        // OpenSSL takes a key of no bytes only through a pointer that is not NULL.
        let given = key.isEmpty ? [0] : key
        // SAFETY: SHA-256 writes 32 bytes; the key's count is its own.
        let done = unsafe HMAC(
            EVP_sha256(),
            given,
            Int32(key.count),
            bytes,
            bytes.count,
            &digest,
            &count
        )
        guard unsafe done != nil else {
            throw PKIError(.cryptography, "HMAC is not available")
        }
        return digest
    }

    /// PBKDF2 with HMAC-SHA-512 (RFC 8018 §5.2).
    public static func pbkdf2SHA512(
        password: [UInt8],
        salt: [UInt8],
        iterations: Int,
        count: Int
    ) throws(PKIError) -> [UInt8] {
        OpenSSLDoor.open()
        return try pbkdf2(EVP_sha512(), password, salt, iterations, count)
    }

    /// PBKDF2 with HMAC-SHA-256 (RFC 8018 §5.2); 32 bytes of it are the Hi of RFC 5802.
    public static func pbkdf2SHA256(
        password: [UInt8],
        salt: [UInt8],
        iterations: Int,
        count: Int
    ) throws(PKIError) -> [UInt8] {
        OpenSSLDoor.open()
        return try pbkdf2(EVP_sha256(), password, salt, iterations, count)
    }

    private static func pbkdf2(
        _ digest: OpaquePointer?,
        _ password: [UInt8],
        _ salt: [UInt8],
        _ iterations: Int,
        _ count: Int
    ) throws(PKIError) -> [UInt8] {
        guard iterations > 0, iterations <= 100_000_000, count > 0, count <= 1024,
            password.count <= 65_535, salt.count <= 65_535
        else { throw PKIError(.badRequest, "the parameters of PBKDF2 are out of range") }
        var key = [UInt8](repeating: 0, count: count)
        // SAFETY: lengths are those of the arrays, and `count` bytes are written.
        let done = unsafe password.withUnsafeBytes { raw in
            unsafe PKCS5_PBKDF2_HMAC(
                raw.bindMemory(to: CChar.self).baseAddress,
                Int32(raw.count),
                salt,
                Int32(salt.count),
                Int32(iterations),
                digest,
                Int32(count),
                &key
            )
        }
        guard done == 1 else {
            OpenSSLDoor.forgetErrors()
            throw PKIError(.cryptography, "PBKDF2 is not available")
        }
        return key
    }
}
