// SPDX-License-Identifier: Apache-2.0
// Digests of keystores and the keys they make of passwords. The calls are OpenSSL's.

internal import COpenSSL
internal import CSys
internal import Glibc

/// A digest, as it is named in keystores.
enum StoreDigest: CaseIterable, Sendable {
    case sha1
    case sha224
    case sha256
    case sha384
    case sha512

    /// The digest by its own object number.
    init?(_ number: ObjectNumber) {
        guard let found = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = found
    }

    /// The digest by the object number of its HMAC.
    init?(hmac number: ObjectNumber) {
        guard let found = Self.allCases.first(where: { $0.hmacNumber == number })
        else { return nil }
        self = found
    }

    var number: ObjectNumber {
        switch self {
        case .sha1: ObjectNumber(dotted: "1.3.14.3.2.26")
        case .sha224: ObjectNumber(dotted: "2.16.840.1.101.3.4.2.4")
        case .sha256: ObjectNumber(dotted: "2.16.840.1.101.3.4.2.1")
        case .sha384: ObjectNumber(dotted: "2.16.840.1.101.3.4.2.2")
        case .sha512: ObjectNumber(dotted: "2.16.840.1.101.3.4.2.3")
        }
    }

    var hmacNumber: ObjectNumber {
        switch self {
        case .sha1: ObjectNumber(dotted: "1.2.840.113549.2.7")
        case .sha224: ObjectNumber(dotted: "1.2.840.113549.2.8")
        case .sha256: ObjectNumber(dotted: "1.2.840.113549.2.9")
        case .sha384: ObjectNumber(dotted: "1.2.840.113549.2.10")
        case .sha512: ObjectNumber(dotted: "1.2.840.113549.2.11")
        }
    }

    var byteCount: Int {
        switch self {
        case .sha1: 20
        case .sha224: 28
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    private var method: OpaquePointer? {
        OpenSSLDoor.open()
        return switch self {
        case .sha1: EVP_sha1()
        case .sha224: EVP_sha224()
        case .sha256: EVP_sha256()
        case .sha384: EVP_sha384()
        case .sha512: EVP_sha512()
        }
    }

    /// The digest of some bytes.
    func of(_ bytes: [UInt8]) throws(PKIError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: byteCount)
        // SAFETY: the digest writes as many bytes as the array has.
        guard unsafe EVP_Digest(bytes, bytes.count, &digest, nil, method, nil) == 1 else {
            throw Self.unavailable
        }
        return digest
    }

    /// The HMAC of some bytes (RFC 2104).
    func hmac(key: [UInt8], _ bytes: [UInt8]) throws(PKIError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: byteCount)
        // SAFETY: the HMAC writes as many bytes as the array has; keys here are as short.
        let done = unsafe HMAC(
            method,
            key,
            Int32(clamping: key.count),
            bytes,
            bytes.count,
            &digest,
            nil
        )
        guard unsafe done != nil else { throw Self.unavailable }
        return digest
    }

    /// PBKDF2 with this digest's HMAC (RFC 8018 §5.2).
    func pbkdf2(
        _ password: [UInt8],
        salt: [UInt8],
        iterations: Int,
        count: Int
    ) throws(PKIError) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: count)
        // SAFETY: lengths are those of the arrays; `count` bytes are written.
        let done = unsafe password.withUnsafeBytes { raw in
            unsafe PKCS5_PBKDF2_HMAC(
                raw.bindMemory(to: CChar.self).baseAddress,
                Int32(clamping: raw.count),
                salt,
                Int32(clamping: salt.count),
                Int32(clamping: iterations),
                method,
                Int32(clamping: count),
                &key
            )
        }
        guard done == 1 else { throw Self.unavailable }
        return key
    }

    /// What RFC 7292 B.2 makes of a password.
    enum Purpose: Int32 {
        case key = 1
        case vector = 2
        case mac = 3
    }

    /// The key derivation of PKCS #12 itself (RFC 7292 B.2).
    func pkcs12(
        _ reading: [UInt8],
        salt: [UInt8],
        iterations: Int,
        _ purpose: Purpose,
        count: Int
    ) throws(PKIError) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: count)
        var (password, salt) = (reading, salt)
        let lengths = (Int32(clamping: password.count), Int32(clamping: salt.count))
        // SAFETY: lengths are those of the arrays, which are only read; `count` bytes are written.
        let done = unsafe PKCS12_key_gen_uni(
            &password,
            lengths.0,
            &salt,
            lengths.1,
            purpose.rawValue,
            Int32(clamping: iterations),
            Int32(clamping: count),
            &key,
            method
        )
        guard done == 1 else { throw Self.unavailable }
        return key
    }

    private static var unavailable: PKIError {
        let why = OpenSSLDoor.takeErrors() ?? "no reason given"
        return PKIError(.cryptography, "a digest of the keystore is not available: \(why)")
    }
}
