// SPDX-License-Identifier: Apache-2.0
// The outside of a PKCS #12 file (RFC 7292): version, what is in it, and the digest that a password
// makes of it. The bags inside are in PKCS12Bags and PKCS12Assembly, writing in PKCS12Writer.

internal import SealBytes

/// Reading and writing PKCS #12.
enum PKCS12 {
    /// Whether the bytes begin as PKCS #12 does: a sequence whose first member is the version 3.
    static func begins(_ bytes: [UInt8]) -> Bool {
        guard bytes.count > 4, bytes[0] == BERTag.sequence else { return false }
        let lengthBytes = bytes[1] > 0x80 ? Int(bytes[1] & 0x7F) : 0
        return bytes.dropFirst(2 + lengthBytes).starts(with: [BERTag.integer, 1, 3])
    }

    static func read(
        _ bytes: [UInt8],
        _ password: KeystorePassword?,
        _ limits: KeystoreLimits
    ) throws(PKIError) -> Keystore {
        var budget = IterationBudget(limits)
        do {
            let outside = try Outside(bytes, limits)
            var isVerified = false
            if let password, let mac = outside.mac {
                guard try mac.fits(outside.content, password, &budget) else {
                    throw wrongPassword
                }
                isVerified = true
            }
            var bags = PKCS12Bags(limits, password, isVerified: isVerified)
            try bags.read(outside.content, &budget)
            let assembly = PKCS12Assembly(bags, password, limits)
            let (entries, other) = try assembly.entries(&budget)
            return Keystore(entries: entries, other: other, isVerified: isVerified)
        } catch { throw failure(error) }
    }

    private static func failure(_ error: any Error) -> PKIError {
        if let known = error as? PKIError { return known }
        let what = (error as? BERError)?.what ?? "it cannot be read"
        return PKIError(.keystoreBroken, "the PKCS #12 keystore is damaged: \(what)")
    }

    static let wrongPassword = PKIError(
        .keystorePassword,
        "the keystore does not open: the password is wrong, or the file was changed after it was "
            + "written"
    )

    /// The two parts of the outermost sequence.
    private struct Outside {
        var content: [UInt8]
        var mac: PKCS12Digest?

        init(_ bytes: [UInt8], _ limits: KeystoreLimits) throws {
            var whole = BERReader(bytes[...], depthMax: limits.depthMax)
            var file = try whole.sequence("the file")
            try whole.end("the keystore")
            guard try file.integer("the version") == 3 else {
                throw BERError("its version is not 3")
            }
            var safe = try file.sequence("the content")
            let kind = ObjectNumber(try safe.read(BERTag.number, "the kind of the content"))
            guard kind == ObjectNumbers.plainContent else {
                throw PKCS12.unread("a signature, not a password,", kind)
            }
            var inner = safe.inside(try safe.read(BERTag.zeroConstructed, "the content"))
            content = try inner.octets("the content")
            mac = file.isAtEnd ? nil : try PKCS12Digest(&file)
            try file.end("the digest")
        }
    }

    /// The file is protected in a way that is not read.
    static func unread(_ what: String, _ number: ObjectNumber) -> PKIError {
        PKIError(
            .keystoreFormat,
            "the keystore is protected with \(what) (\(number)), which is not read",
            hint: "convert it with the program that made it, to PKCS #12 under a password"
        )
    }
}

/// The digest that a password makes of the content (RFC 7292 §4, MacData).
struct PKCS12Digest {
    private let method: Result<StoreDigest, PKIError>
    private let value: [UInt8]
    private let salt: [UInt8]
    private let iterations: Int

    init(_ file: inout BERReader) throws(BERError) {
        var whole = try file.sequence("the digest")
        var digest = try whole.sequence("the value of the digest")
        var algorithm = try digest.sequence("the algorithm of the digest")
        let number = ObjectNumber(try algorithm.read(BERTag.number, "the name of the digest"))
        if let known = StoreDigest(number) {
            method = .success(known)
        } else {
            method = .failure(
                PKIError(
                    .keystoreFormat,
                    number == ObjectNumbers.pbmac1
                        ? "the keystore has a digest of RFC 9579 (PBMAC1), which is not read"
                        : "the keystore has a digest by the algorithm \(number), which is not read",
                    hint: "write it again with HMAC-SHA-256"
                )
            )
        }
        value = try digest.octets("the value of the digest")
        salt = try whole.octets("the salt of the digest")
        // RFC 7292 §4: once, where nothing is said.
        iterations = whole.isAtEnd ? 1 : try whole.integer("the iterations of the digest")
    }

    /// Whether the digest is that of the content under the password.
    func fits(
        _ content: [UInt8],
        _ password: KeystorePassword,
        _ budget: inout IterationBudget
    ) throws(PKIError) -> Bool {
        let method = try method.get()
        for reading in password.readings {
            try budget.spend(iterations, salt: salt.count)
            let made = try Self.made(method, reading, salt, iterations, content)
            if Cryptography.equals(made, value) { return true }
        }
        return false
    }

    private static func made(
        _ method: StoreDigest,
        _ reading: [UInt8],
        _ salt: [UInt8],
        _ iterations: Int,
        _ content: [UInt8]
    ) throws(PKIError) -> [UInt8] {
        let key = try method.pkcs12(
            reading,
            salt: salt,
            iterations: iterations,
            .mac,
            count: method.byteCount
        )
        return try method.hmac(key: key, content)
    }

    /// The encoded digest of some content.
    static func encoded(
        _ content: [UInt8],
        _ password: KeystorePassword,
        _ strength: PKCS12Strength
    ) throws(PKIError) -> [UInt8] {
        let method: StoreDigest = strength == .modern ? .sha256 : .sha1
        let salt = try Cryptography.randomBytes(20)
        let rounds = PasswordScheme.iterations
        let value = try made(method, password.readings.first ?? [], salt, rounds, content)
        let algorithm = DERWriter.sequence(method.number.der, DERWriter.null)
        return DERWriter.sequence(
            DERWriter.sequence(algorithm, DERWriter.octets(value)),
            DERWriter.octets(salt),
            DERWriter.integer(rounds)
        )
    }
}
