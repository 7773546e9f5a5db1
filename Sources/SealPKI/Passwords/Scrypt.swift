// SPDX-License-Identifier: Apache-2.0
// scrypt (RFC 7914), and hashes of passwords made with it. Slow on purpose: not for a shard's
// thread.

internal import COpenSSL
internal import CSys
internal import Glibc
internal import SealBytes

/// What one hash with scrypt costs.
public struct ScryptCost: Sendable, Equatable {
    /// The binary logarithm of the cost parameter N.
    public let costLog: Int
    /// The block size r.
    public let blockSize: Int
    /// The parallelization p.
    public let parallelism: Int

    /// N = 2^14, r = 8, p = 1: 16 MiB, some 40 ms.
    public static let standard = ScryptCost(checkedLog: 14, 8, 1)

    /// A hash that needs more memory is not made.
    public static let memoryBytesMax = 64 << 20
    /// A hash that takes longer than so many times the standard one is not made.
    public static let workMax = 64

    private init(checkedLog costLog: Int, _ blockSize: Int, _ parallelism: Int) {
        self.costLog = costLog
        self.blockSize = blockSize
        self.parallelism = parallelism
    }

    /// Takes costs within the limits; nil when they are not.
    public init?(costLog: Int, blockSize: Int, parallelism: Int) {
        guard (1...20).contains(costLog), (1...32).contains(blockSize),
            (1...16).contains(parallelism)
        else { return nil }
        self.init(checkedLog: costLog, blockSize, parallelism)
        let standardWork = 1 << 17
        guard memoryBytes <= Self.memoryBytesMax,
            (blockSize * parallelism) << costLog <= Self.workMax * standardWork
        else { return nil }
    }

    /// The memory that one hash needs, but for some KB (RFC 7914 §5).
    private var memoryBytes: Int { 128 * blockSize << costLog }
}

extension Cryptography {
    /// scrypt (RFC 7914).
    public static func scrypt(
        password: [UInt8],
        salt: [UInt8],
        cost: ScryptCost,
        count: Int
    ) throws(PKIError) -> [UInt8] {
        OpenSSLDoor.open()
        guard count > 0, count <= 1024, password.count <= 65_535, salt.count <= 65_535 else {
            throw PKIError(.badRequest, "the parameters of scrypt are out of range")
        }
        var key = [UInt8](repeating: 0, count: count)
        // SAFETY: lengths are those of the arrays, and `count` bytes are written.
        let done = unsafe password.withUnsafeBytes { raw in
            unsafe EVP_PBE_scrypt(
                raw.bindMemory(to: CChar.self).baseAddress,
                raw.count,
                salt,
                salt.count,
                1 << UInt64(cost.costLog),
                UInt64(cost.blockSize),
                UInt64(cost.parallelism),
                UInt64(ScryptCost.memoryBytesMax + (1 << 20)),
                &key,
                count
            )
        }
        guard done == 1 else {
            OpenSSLDoor.forgetErrors()
            throw PKIError(.cryptography, "scrypt is not available, or there is no memory for it")
        }
        return key
    }
}

extension Passwords {
    /// Whether scrypt makes the hash of the password.
    public static func matchesScrypt(
        _ password: [UInt8],
        salt: [UInt8],
        cost: ScryptCost,
        hash: [UInt8]
    ) -> Bool {
        guard let made = scrypt(password, salt: salt, cost: cost, count: hash.count) else {
            return false
        }
        return areEqual(made, hash)
    }

    /// What scrypt makes of a password, to compare it with several hashes; nil when it makes
    /// nothing.
    public static func scrypt(
        _ password: [UInt8],
        salt: [UInt8],
        cost: ScryptCost,
        count: Int
    ) -> [UInt8]? {
        try? Cryptography.scrypt(password: password, salt: salt, cost: cost, count: count)
    }

    /// Whether both are the same, in a time that does not tell where they differ.
    public static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        !right.isEmpty && Cryptography.equals(left, right)
    }

    /// A new hash `$scrypt$ln=14,r=8,p=1$<salt>$<hash>`, base64 without padding, which other
    /// programs read, too.
    ///
    /// Without a salt it gets a random one.
    public static func makeScrypt(
        _ password: [UInt8],
        salt: [UInt8]? = nil,
        cost: ScryptCost = .standard
    ) throws(PKIError) -> String {
        let salt = if let salt { salt } else { try Cryptography.randomBytes(16) }
        let hash = try Cryptography.scrypt(
            password: password,
            salt: salt,
            cost: cost,
            count: 32
        )
        return "$scrypt$ln=\(cost.costLog),r=\(cost.blockSize),p=\(cost.parallelism)$"
            + "\(bare(salt))$\(bare(hash))"
    }

    /// Whether SHA-256 over salt and secret makes the digest.
    public static func matchesSalted(
        _ secret: [UInt8],
        salt: [UInt8],
        digest: [UInt8]
    ) -> Bool {
        guard let made = try? Cryptography.sha256(salt + secret) else { return false }
        return Cryptography.equals(made, digest)
    }

    /// A new salted digest `$sha256$<salt>$<digest>`.
    ///
    /// Only for secrets that nobody can guess because 128 random bits or more are in them.
    public static func makeSalted(_ secret: [UInt8]) throws(PKIError) -> String {
        let salt = try Cryptography.randomBytes(16)
        return "$sha256$\(bare(salt))$\(bare(try Cryptography.sha256(salt + secret)))"
    }

    /// Base64 without padding, as such hashes are written.
    private static func bare(_ bytes: [UInt8]) -> String {
        String(Base64.encode(bytes).prefix { $0 != "=" })
    }
}
