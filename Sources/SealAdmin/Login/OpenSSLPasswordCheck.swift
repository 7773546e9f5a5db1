// SPDX-License-Identifier: Apache-2.0
// Comparing passwords with every kind of hash that is understood. Slow on purpose.

public import SealBroker
internal import SealPKI

/// Compares passwords with mosquitto's kinds of hashes and with the house's own.
public struct OpenSSLPasswordCheck: PasswordCheck {
    /// Makes one.
    public init() {}

    /// Hashes of one salt and cost, as those of one name in several tenants are, take as long as
    /// one of them.
    public func matches(_ password: [UInt8], each hashes: [PasswordHash]) -> [Bool] {
        guard hashes.count > 1 else { return hashes.map { matches(password, $0) } }
        var answers = [Bool?](repeating: nil, count: hashes.count)
        for index in hashes.indices where answers[index] == nil {
            guard case .scrypt(let log, let block, let parallel, let salt, let one) = hashes[index]
            else {
                answers[index] = matches(password, hashes[index])
                continue
            }
            let cost = ScryptCost(costLog: log, blockSize: block, parallelism: parallel)
            let made = cost.flatMap {
                Passwords.scrypt(password, salt: salt, cost: $0, count: one.count)
            }
            for other in hashes.indices {
                guard
                    case .scrypt(log, block, parallel, salt, let hash) = hashes[other],
                    hash.count == one.count
                else { continue }
                answers[other] = made.map { Passwords.areEqual($0, hash) } ?? false
            }
        }
        return answers.map { $0 ?? false }
    }

    /// The password is the one the hash was made of.
    public func matches(_ password: [UInt8], _ hash: PasswordHash) -> Bool {
        switch hash {
        case .pbkdf2SHA512(let iterations, let salt, let expected):
            return Passwords.matchesPBKDF2(
                password,
                salt: salt,
                iterations: iterations,
                hash: expected
            )
        case .sha512(let salt, let expected):
            return Passwords.matchesSHA512(password, salt: salt, hash: expected)
        case .argon2id(let encoded):
            return Passwords.matchesArgon2id(password, encoded: encoded)
        case .scrypt(let costLog, let blockSize, let parallelism, let salt, let expected):
            let cost = ScryptCost(
                costLog: costLog,
                blockSize: blockSize,
                parallelism: parallelism
            )
            guard let cost else { return false }
            return Passwords.matchesScrypt(password, salt: salt, cost: cost, hash: expected)
        case .salted(let salt, let digest):
            return Passwords.matchesSalted(password, salt: salt, digest: digest)
        }
    }
}
