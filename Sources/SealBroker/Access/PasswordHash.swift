// SPDX-License-Identifier: Apache-2.0
// The kinds of password hash a password file may hold, taken apart. Not here: hashing, which is
// slow and needs a library; it is fitted from outside as a `PasswordCheck`.

internal import SealBytes

/// A hash as it stands in a password file.
public enum PasswordHash: Sendable, Equatable {
    /// `$7$`: PBKDF2 with HMAC-SHA-512.
    case pbkdf2SHA512(iterations: Int, salt: [UInt8], hash: [UInt8])
    /// `$6$`: one SHA-512 over password and salt; old.
    case sha512(salt: [UInt8], hash: [UInt8])
    /// `$argon2id$`: kept as written, which is what argon2's own check takes.
    case argon2id(encoded: String)
    /// `$scrypt$ln=14,r=8,p=1$<salt>$<hash>`, base64 without padding.
    case scrypt(costLog: Int, blockSize: Int, parallelism: Int, salt: [UInt8], hash: [UInt8])
    /// `$sha256$<salt>$<digest>`: one SHA-256 over salt and secret, for generated secrets that
    /// nobody can guess.
    case salted(salt: [UInt8], digest: [UInt8])

    /// The most iterations taken: more would let a damaged line stop logins for minutes.
    public static let iterationsMax = 10_000_000

    /// Takes a hash apart; nil when it is damaged or of another kind.
    public init?(_ text: String) {
        let parts = text.split(atByte: "$")
        guard parts.count >= 4, parts[0].isEmpty else { return nil }
        switch parts[1] {
        case "7":
            guard parts.count == 5, let iterations = Self.number(parts[2]),
                (1...Self.iterationsMax).contains(iterations),
                let salt = Base64.decode(parts[3]), !salt.isEmpty,
                let hash = Base64.decode(parts[4]), hash.count == 64
            else { return nil }
            self = .pbkdf2SHA512(iterations: iterations, salt: salt, hash: hash)
        case "6":
            guard parts.count == 4, let salt = Base64.decode(parts[2]), !salt.isEmpty,
                let hash = Base64.decode(parts[3]), hash.count == 64
            else { return nil }
            self = .sha512(salt: salt, hash: hash)
        case "argon2id":
            guard parts.count == 6, parts[2].begins(with: "v="), Self.isArgon2Cost(parts[3]),
                let salt = Base64.decode(parts[4], isPadded: false), salt.count >= 8,
                let hash = Base64.decode(parts[5], isPadded: false), hash.count >= 16
            else { return nil }
            self = .argon2id(encoded: text)
        case "scrypt":
            guard parts.count == 5, let cost = Self.scryptCost(parts[2]),
                let salt = Base64.decode(parts[3], isPadded: false), salt.count >= 8,
                let hash = Base64.decode(parts[4], isPadded: false), (16...64).contains(hash.count)
            else { return nil }
            self = .scrypt(
                costLog: cost[0],
                blockSize: cost[1],
                parallelism: cost[2],
                salt: salt,
                hash: hash
            )
        case "sha256":
            guard let salt = Base64.decode(parts[2], isPadded: false), salt.count >= 8,
                let digest = Base64.decode(parts[3], isPadded: false), digest.count == 32,
                parts.count == 4
            else { return nil }
            self = .salted(salt: salt, digest: digest)
        default: return nil
        }
    }

    /// `ln=…,r=…,p=…` within what a server can pay for: 64 MiB, and 64 times the usual work.
    private static func scryptCost(_ text: String) -> [Int]? {
        let parts = text.split(atByte: ",")
        let limits = [("ln=", 20), ("r=", 32), ("p=", 16)]
        guard parts.count == limits.count else { return nil }
        var costs: [Int] = []
        for (part, limit) in zip(parts, limits) {
            guard part.begins(with: limit.0),
                let cost = number(String(part.dropFirst(limit.0.utf8.count))),
                (1...limit.1).contains(cost)
            else { return nil }
            costs.append(cost)
        }
        let isPayable =
            (128 * costs[1]) << costs[0] <= 64 << 20
            && (costs[1] * costs[2]) << costs[0] <= 64 << 17
        return isPayable ? costs : nil
    }

    /// `m=…,t=…,p=…` within what a server can pay for: 1 GiB, 1000 passes, 64 lanes.
    private static func isArgon2Cost(_ text: String) -> Bool {
        let parts = text.split(atByte: ",")
        let limits = [("m=", 1_048_576), ("t=", 1000), ("p=", 64)]
        guard parts.count == limits.count else { return false }
        return zip(parts, limits).allSatisfy { part, limit in
            guard part.begins(with: limit.0), let cost = number(String(part.dropFirst(2))) else {
                return false
            }
            return (1...limit.1).contains(cost)
        }
    }

    private static func number(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 10,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return Int(text)
    }
}

/// Compares a password with a hash; slow on purpose, so not to be called on a shard.
public protocol PasswordCheck: Sendable {
    /// The password is the one the hash was made of. Takes the same time for every wrong one.
    func matches(_ password: [UInt8], _ hash: PasswordHash) -> Bool
    /// The same for each of several hashes. Those of one salt are computed once.
    func matches(_ password: [UInt8], each hashes: [PasswordHash]) -> [Bool]
}

extension PasswordCheck {
    /// Compares with one after the other; with equal ones once.
    public func matches(_ password: [UInt8], each hashes: [PasswordHash]) -> [Bool] {
        var answers: [Bool] = []
        for (index, hash) in hashes.enumerated() {
            if let known = hashes.firstIndex(of: hash), known < index {
                answers.append(answers[known])
            } else {
                answers.append(matches(password, hash))
            }
        }
        return answers
    }
}

/// Base64 as password files use it (RFC 4648 §4).
enum Base64 {
    static func decode(_ text: String, isPadded: Bool = true) -> [UInt8]? {
        var digits = Array(text.utf8)
        if isPadded {
            guard digits.count % 4 == 0 else { return nil }
            for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits.removeLast() }
        }
        guard digits.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count * 3 / 4)
        var bits: UInt32 = 0
        var count = 0
        for digit in digits {
            guard let value = value(digit) else { return nil }
            bits = (bits << 6 | value) & 0xFFFF
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
