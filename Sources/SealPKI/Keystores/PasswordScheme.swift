// SPDX-License-Identifier: Apache-2.0
// How a keystore says that bytes are encrypted under a password: the algorithm identifiers of
// PBES2 (RFC 8018 §6.2), of PKCS #12 (RFC 7292 C) and of Sun's JKS, and what to do for each.

internal import SealBytes

/// How strong the protection of a written PKCS #12 file is.
public enum PKCS12Strength: String, Sendable, CaseIterable {
    /// AES-256 and HMAC-SHA-256: OpenSSL 1.0 and later, Java 8u301 and later.
    case modern
    /// Triple DES and HMAC-SHA-1, for programs that know nothing newer.
    case legacy
}

/// An encryption under a password.
enum PasswordScheme {
    struct Derivation {
        var digest: StoreDigest
        var salt: [UInt8]
        var iterations: Int
    }

    case pbes2(Derivation, StoreCipher, vector: [UInt8])
    /// The bytes of the key stand here, because two ciphers come in several sizes.
    case pkcs12(Derivation, StoreCipher, keyBytes: Int)
    case jks
    /// One that is not read, in words.
    case other(String)

    /// How often the password is turned in what is written.
    static let iterations = 10_000

    /// Reads an algorithm identifier.
    init(_ algorithm: ArraySlice<UInt8>) throws(BERError) {
        var whole = BERReader(algorithm)
        var parts = try whole.sequence("an algorithm")
        let number = ObjectNumber(try parts.read(BERTag.number, "the name of an algorithm"))
        if number == ObjectNumbers.pbes2 {
            self = try Self.readPBES2(&parts)
        } else if number == ObjectNumbers.jksProtector {
            self = .jks
        } else if let (cipher, keyBytes) = Self.older(number) {
            var inner = try parts.sequence("the parameters of an encryption")
            let derivation = Derivation(
                digest: .sha1,
                salt: try inner.octets("a salt"),
                iterations: try inner.integer("a number of iterations")
            )
            self = .pkcs12(derivation, cipher, keyBytes: keyBytes)
        } else if number == ObjectNumbers.jceksProtector {
            self = .other("the protection of JCEKS keystores")
        } else {
            self = .other("the algorithm \(number)")
        }
    }

    /// RFC 7292 C: the number's last arc says which.
    private static func older(_ number: ObjectNumber) -> (StoreCipher, Int)? {
        switch number.description {
        case "1.2.840.113549.1.12.1.1": (.rc4, 16)
        case "1.2.840.113549.1.12.1.2": (.rc4, 5)
        case "1.2.840.113549.1.12.1.3": (.tripleDES, 24)
        case "1.2.840.113549.1.12.1.4": (.tripleDES, 16)
        case "1.2.840.113549.1.12.1.5": (.rc2(bits: 128), 16)
        case "1.2.840.113549.1.12.1.6": (.rc2(bits: 40), 5)
        default: nil
        }
    }

    private static func readPBES2(_ parts: inout BERReader) throws(BERError) -> PasswordScheme {
        var inner = try parts.sequence("the parameters of PBES2")
        var making = try inner.sequence("how a key is made")
        let maker = ObjectNumber(try making.read(BERTag.number, "how a key is made"))
        guard maker == ObjectNumbers.pbkdf2 else { return .other("the key derivation \(maker)") }
        var values = try making.sequence("the parameters of PBKDF2")
        let salt = try values.octets("a salt")
        let iterations = try values.integer("a number of iterations")
        var keyBytes: Int?
        if values.nextTag == BERTag.integer { keyBytes = try values.integer("a key's length") }
        // RFC 8018 A.2: HMAC-SHA-1 where nothing is said.
        var digest = StoreDigest.sha1
        if !values.isAtEnd {
            var function = try values.sequence("the function of PBKDF2")
            let number = ObjectNumber(try function.read(BERTag.number, "the function of PBKDF2"))
            guard let found = StoreDigest(hmac: number) else {
                return .other("the function \(number) in PBKDF2")
            }
            digest = found
        }
        var encryption = try inner.sequence("a cipher")
        let number = ObjectNumber(try encryption.read(BERTag.number, "a cipher"))
        guard let cipher = StoreCipher(number) else { return .other("the cipher \(number)") }
        let vector = try encryption.octets("an initial vector")
        guard vector.count == cipher.vectorBytes, keyBytes ?? cipher.keyBytes == cipher.keyBytes
        else { throw BERError("a cipher has parameters of the wrong size") }
        let derivation = Derivation(digest: digest, salt: salt, iterations: iterations)
        return .pbes2(derivation, cipher, vector: vector)
    }

    /// Decrypts; nil when what comes out is not good with any reading of the password.
    func decrypt(
        _ bytes: [UInt8],
        _ password: KeystorePassword,
        _ budget: inout IterationBudget,
        isGood: ([UInt8]) -> Bool
    ) throws(PKIError) -> [UInt8]? {
        switch self {
        case .pbes2(let made, let cipher, let vector):
            try budget.spend(made.iterations, salt: made.salt.count)
            let key = try made.digest.pbkdf2(
                password.bytes,
                salt: made.salt,
                iterations: made.iterations,
                count: cipher.keyBytes
            )
            let plain = cipher.decrypt(bytes, key: key, vector: vector)
            return plain.flatMap { isGood($0) ? $0 : nil }
        case .pkcs12(let made, let cipher, let keyBytes):
            for reading in password.readings {
                try budget.spend(made.iterations, salt: made.salt.count)
                let (key, vector) = try Self.keyAndVector(made, cipher, keyBytes, reading)
                let plain = cipher.decrypt(bytes, key: key, vector: vector)
                if let plain, isGood(plain) { return plain }
            }
            return nil
        case .jks:
            return try JKSProtector.open(bytes, password).flatMap { isGood($0) ? $0 : nil }
        case .other(let what):
            throw PKIError(
                .keystoreFormat,
                "the keystore is protected with \(what), which is not read",
                hint: "convert it with the program that made it, to PKCS #12 with AES"
            )
        }
    }

    private static func keyAndVector(
        _ made: Derivation,
        _ cipher: StoreCipher,
        _ keyBytes: Int,
        _ reading: [UInt8]
    ) throws(PKIError) -> ([UInt8], [UInt8]) {
        func derive(_ purpose: StoreDigest.Purpose, _ count: Int) throws(PKIError) -> [UInt8] {
            guard count > 0 else { return [] }
            return try made.digest.pkcs12(
                reading,
                salt: made.salt,
                iterations: made.iterations,
                purpose,
                count: count
            )
        }
        var key = try derive(.key, keyBytes)
        // Triple DES with two keys: the first one comes again as the third.
        if case .tripleDES = cipher, keyBytes == 16 { key += key.prefix(8) }
        return (key, try derive(.vector, cipher.vectorBytes))
    }

    // MARK: Writing

    /// A new scheme with its encoded algorithm identifier.
    static func make(_ strength: PKCS12Strength) throws(PKIError) -> (PasswordScheme, [UInt8]) {
        switch strength {
        case .modern:
            let salt = try Cryptography.randomBytes(16)
            let vector = try Cryptography.randomBytes(16)
            let function = DERWriter.sequence(StoreDigest.sha256.hmacNumber.der, DERWriter.null)
            let values = DERWriter.sequence(
                DERWriter.octets(salt),
                DERWriter.integer(iterations),
                DERWriter.integer(32),
                function
            )
            let inner = DERWriter.sequence(
                DERWriter.sequence(ObjectNumbers.pbkdf2.der, values),
                DERWriter.sequence(StoreCipher.aes256Number.der, DERWriter.octets(vector))
            )
            let made = Derivation(digest: .sha256, salt: salt, iterations: iterations)
            return (
                .pbes2(made, .aes256, vector: vector),
                DERWriter.sequence(ObjectNumbers.pbes2.der, inner)
            )
        case .legacy:
            let salt = try Cryptography.randomBytes(8)
            let number = ObjectNumber(dotted: "1.2.840.113549.1.12.1.3")
            let values = DERWriter.sequence(
                DERWriter.octets(salt),
                DERWriter.integer(iterations)
            )
            let made = Derivation(digest: .sha1, salt: salt, iterations: iterations)
            return (
                .pkcs12(made, .tripleDES, keyBytes: 24),
                DERWriter.sequence(number.der, values)
            )
        }
    }

    /// Encrypts with a scheme that `make` gave.
    func encrypt(_ bytes: [UInt8], _ password: KeystorePassword) throws(PKIError) -> [UInt8] {
        var sealed: [UInt8]?
        switch self {
        case .pbes2(let made, let cipher, let vector):
            let key = try made.digest.pbkdf2(
                password.bytes,
                salt: made.salt,
                iterations: made.iterations,
                count: cipher.keyBytes
            )
            sealed = cipher.encrypt(bytes, key: key, vector: vector)
        case .pkcs12(let made, let cipher, let keyBytes):
            let reading = password.readings.first ?? []
            let (key, vector) = try Self.keyAndVector(made, cipher, keyBytes, reading)
            sealed = cipher.encrypt(bytes, key: key, vector: vector)
        case .jks, .other: break
        }
        guard let sealed else {
            throw PKIError(.cryptography, "the cipher of the keystore is not available")
        }
        return sealed
    }
}
