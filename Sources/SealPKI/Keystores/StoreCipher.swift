// SPDX-License-Identifier: Apache-2.0
// Ciphers of keystores: AES and triple DES are OpenSSL's, RC2 and RC4 our own, because OpenSSL 3
// has them only in a module that not every machine has. Those two are for reading alone.

internal import COpenSSL
internal import CSys
internal import Glibc

/// A cipher, by how it is used in keystores.
enum StoreCipher: Sendable {
    case aes128
    case aes192
    case aes256
    case tripleDES
    /// RC2 with so many bits.
    case rc2(bits: Int)
    case rc4

    /// The ciphers of PBES2 by object number.
    init?(_ number: ObjectNumber) {
        switch number.description {
        case "2.16.840.1.101.3.4.1.2": self = .aes128
        case "2.16.840.1.101.3.4.1.22": self = .aes192
        case "2.16.840.1.101.3.4.1.42": self = .aes256
        case "1.2.840.113549.3.7": self = .tripleDES
        default: return nil
        }
    }

    static let aes256Number = ObjectNumber(dotted: "2.16.840.1.101.3.4.1.42")

    /// The bytes of its key in PBES2.
    var keyBytes: Int {
        switch self {
        case .aes128: 16
        case .aes192, .tripleDES: 24
        case .aes256: 32
        case .rc2(let bits): bits / 8
        case .rc4: 16
        }
    }

    /// The bytes of its initial vector.
    var vectorBytes: Int {
        switch self {
        case .aes128, .aes192, .aes256: 16
        case .tripleDES, .rc2: 8
        case .rc4: 0
        }
    }

    /// Decrypts, and takes the padding off; nil when that cannot be.
    func decrypt(_ bytes: [UInt8], key: [UInt8], vector: [UInt8]) -> [UInt8]? {
        switch self {
        case .rc2(let bits): RC2(key: key, bits: bits)?.decrypt(bytes, vector: vector)
        case .rc4: RC4.apply(key: key, to: bytes)
        default: run(bytes, key, vector, isEncrypting: false)
        }
    }

    /// Encrypts with padding; nil for a cipher that is only read.
    func encrypt(_ bytes: [UInt8], key: [UInt8], vector: [UInt8]) -> [UInt8]? {
        run(bytes, key, vector, isEncrypting: true)
    }

    private func run(
        _ bytes: [UInt8],
        _ key: [UInt8],
        _ vector: [UInt8],
        isEncrypting: Bool
    ) -> [UInt8]? {
        OpenSSLDoor.open()
        let method: OpaquePointer? =
            switch self {
            case .aes128: EVP_aes_128_cbc()
            case .aes192: EVP_aes_192_cbc()
            case .aes256: EVP_aes_256_cbc()
            case .tripleDES: EVP_des_ede3_cbc()
            case .rc2, .rc4: nil
            }
        guard method != nil, key.count == keyBytes, vector.count == vectorBytes,
            bytes.count < Int(Int32.max) - 64, let context = EVP_CIPHER_CTX_new()
        else { return nil }
        defer {
            EVP_CIPHER_CTX_free(context)
            OpenSSLDoor.forgetErrors()
        }
        var out = [UInt8](repeating: 0, count: bytes.count + 32)
        var count: Int32 = 0
        var tail: Int32 = 0
        let direction: Int32 = isEncrypting ? 1 : 0
        // SAFETY: key and vector have the cipher's sizes; the output has room for the input and
        // two blocks, and the second call writes behind what the first one wrote.
        let done = unsafe out.withUnsafeMutableBufferPointer { room in
            unsafe EVP_CipherInit_ex(context, method, nil, key, vector, direction) == 1
                && EVP_CipherUpdate(
                    context,
                    room.baseAddress,
                    &count,
                    bytes,
                    Int32(bytes.count)
                ) == 1
                && EVP_CipherFinal_ex(
                    context,
                    room.baseAddress.map { unsafe $0 + Int(count) },
                    &tail
                ) == 1
        }
        guard done else { return nil }
        return Array(out.prefix(Int(count + tail)))
    }
}
