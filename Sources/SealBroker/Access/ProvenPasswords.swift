// SPDX-License-Identifier: Apache-2.0
// Passwords that were proven right a moment ago, so that a device that comes back at once need not
// pay for the slow comparison again. Nothing is kept that a password could be found from.

/// A small, short-lived memory of comparisons that succeeded.
///
/// An entry is a keyed digest over the stored hash and the password; the key is random, of the
/// process, and given to nobody. Because the stored hash is part of it, an entry is worth nothing
/// as soon as the credential changes. Wrong passwords are never found here, so that guessing costs
/// as much as ever.
public struct ProvenPasswords: Sendable {
    /// So many are kept.
    public static let entriesMax = 4096
    /// For so long, in milliseconds.
    public static let lifeMilliseconds: UInt64 = 30_000

    private var entries: [[UInt8]: UInt64] = [:]

    /// Nothing is proven.
    public init() {}

    /// The number of entries, for the test of the bound.
    var count: Int { entries.count }

    /// This was proven lately; `digest` is HMAC-SHA-256 over `PasswordQuestion.proofText(first:)`.
    ///
    /// An entry does not live longer because it is used.
    public func contains(_ digest: [UInt8], now: UInt64) -> Bool {
        entries[digest].map { now < $0 } ?? false
    }

    /// Remembers what was proven just now.
    public mutating func insert(_ digest: [UInt8], now: UInt64) {
        if entries.count >= Self.entriesMax, entries[digest] == nil {
            entries = entries.filter { now < $0.value }
            if entries.count >= Self.entriesMax { entries.removeAll(keepingCapacity: true) }
        }
        entries[digest] = now + Self.lifeMilliseconds
    }

    /// Forgets everything.
    public mutating func removeAll() { entries.removeAll() }
}

extension PasswordQuestion {
    /// The bytes whose keyed digest stands for "of these hashes this one is the first that the
    /// password fits".
    ///
    /// Each part has its length in front, so that no two questions have the same bytes.
    public func proofText(first index: Int) -> [UInt8] {
        var text: [UInt8] = []
        let hashes = hashes.flatMap(\.parts)
        for part in [Array("\(index)".utf8)] + hashes + [password] {
            for shift in stride(from: 56, through: 0, by: -8) {
                text.append(UInt8(truncatingIfNeeded: part.count >> shift))
            }
            text += part
        }
        return text
    }

    /// The comparison is worth remembering: it is slow, and with a user that exists.
    public var isWorthRemembering: Bool { isKnown && hashes.contains(where: \.isSlow) }
}

extension PasswordHash {
    /// All that makes the hash, so that two hashes with the same parts are one.
    fileprivate var parts: [[UInt8]] {
        switch self {
        case .pbkdf2SHA512(let iterations, let salt, let hash):
            [Array("7 \(iterations)".utf8), salt, hash]
        case .sha512(let salt, let hash): [Array("6".utf8), salt, hash]
        case .argon2id(let encoded): [Array("argon2id".utf8), Array(encoded.utf8)]
        case .scrypt(let costLog, let blockSize, let parallelism, let salt, let hash):
            [Array("scrypt \(costLog) \(blockSize) \(parallelism)".utf8), salt, hash]
        case .salted(let salt, let digest): [Array("sha256".utf8), salt, digest]
        }
    }
}
