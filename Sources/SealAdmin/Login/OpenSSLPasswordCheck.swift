// SPDX-License-Identifier: Apache-2.0
// Comparing passwords with every kind of hash that is understood. Slow on purpose.

public import SealBroker
internal import SealPKI

/// Compares passwords with mosquitto's kinds of hashes and with the house's own.
public struct OpenSSLPasswordCheck: PasswordCheck {
    /// Makes one.
    public init() {}

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
