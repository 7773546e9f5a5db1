// SPDX-License-Identifier: Apache-2.0
// What a server keeps of a password for SCRAM-SHA-256, and what it needs of cryptography.

public import SealBytes

/// The keys of one user, in the form of RFC 5803:
/// `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`.
public struct ScramKeys: Sendable, Equatable {
    /// How often the password was hashed.
    public let iterations: Int
    /// The salt.
    public let salt: [UInt8]
    /// H(ClientKey), 32 bytes.
    let storedKey: [UInt8]
    /// The key of the server's signature, 32 bytes.
    let serverKey: [UInt8]

    /// The iterations of all new keys, so that their number does not tell whose they are; RFC 7677
    /// §4 asks for 4096 at least.
    public static let iterationsUsual = 10_000
    /// More would let a damaged entry stop the clients of a user.
    public static let iterationsMax = 10_000_000
    /// The bytes of a new salt, and of one that is made up for an unknown user.
    public static let saltBytesUsual = 16

    /// Reads the stored form; nil when it is damaged or of another mechanism.
    public init?(_ text: String) {
        let parts = text.split(atByte: "$")
        guard parts.count == 3, parts[0].utf8.elementsEqual("SCRAM-SHA-256".utf8) else {
            return nil
        }
        let front = parts[1].split(atByte: ":")
        let keys = parts[2].split(atByte: ":")
        guard front.count == 2, keys.count == 2, front[0].utf8.count <= 8,
            let iterations = Int(front[0]), (4096...Self.iterationsMax).contains(iterations),
            let salt = SealBytes.Base64.decode(front[1]), (8...64).contains(salt.count),
            let storedKey = SealBytes.Base64.decode(keys[0]), storedKey.count == 32,
            let serverKey = SealBytes.Base64.decode(keys[1]), serverKey.count == 32
        else { return nil }
        self.iterations = iterations
        self.salt = salt
        self.storedKey = storedKey
        self.serverKey = serverKey
    }

    /// Keys for a user there is not: the same salt at every try, so that the answer does not tell.
    ///
    /// `secret` is of the process; no proof fits, whatever it is.
    init(decoyFor user: Name, secret: [UInt8], _ digest: some ScramDigest) {
        let made = digest.hmac(key: secret, Array(user.utf8)) ?? secret
        iterations = Self.iterationsUsual
        salt = Array(made.prefix(Self.saltBytesUsual))
        let key = digest.hmac(key: secret, made) ?? secret
        storedKey = key
        serverKey = key
    }
}

/// The cryptography of SCRAM-SHA-256.
public protocol ScramDigest: Sendable {
    /// SHA-256; nil when it is not available.
    func sha256(_ bytes: [UInt8]) -> [UInt8]?
    /// HMAC with SHA-256; nil when it is not available.
    func hmac(key: [UInt8], _ bytes: [UInt8]) -> [UInt8]?
    /// Whether both are the same, in a time that does not tell where they differ.
    func equals(_ left: [UInt8], _ right: [UInt8]) -> Bool
}

/// The user of an exchange, looked up.
public struct ScramSubject: Sendable {
    /// What the proof is compared with.
    let keys: ScramKeys
    /// Who it is when the proof fits, or why it is refused even so.
    let matches: Result<Principal, LoginRefusal>
    /// Why it is refused when the proof does not fit.
    let differs: Reason
    /// The keys are somebody's.
    let isKnown: Bool
}

extension RegistryLogin {
    /// Looks up the user that a SCRAM client named; never on a shard.
    ///
    /// For a user there is not, or one without keys, the exchange goes on with made up ones.
    /// `secret` is random and of the process.
    public static func scram(
        _ user: Name,
        _ credentials: Credentials,
        _ rules: AccessRules,
        _ environment: LoginEnvironment,
        secret: [UInt8],
        _ digest: some ScramDigest
    ) -> ScramSubject {
        var shown = credentials
        shown.user = user
        let attempt = LoginAttempt(shown, rules, environment)
        func decoy(_ refusal: LoginRefusal) -> ScramSubject {
            ScramSubject(
                keys: ScramKeys(decoyFor: user, secret: secret, digest),
                matches: .failure(refusal),
                differs: refusal.reasons.first ?? Reason(.unknownUser),
                isKnown: false
            )
        }
        do throws(LoginRefusal) {
            guard rules.registry.takesPasswords else { throw LoginRefusal(.passwordsNotTaken) }
            let standings = try attempt.demandedCertificate()
            guard let found = try attempt.found(user) else {
                throw LoginRefusal(.unknownUser, user.shortened)
            }
            guard let text = found.secret?.scram, let keys = ScramKeys(text) else {
                throw LoginRefusal(.passwordNotSet, user.shortened)
            }
            return ScramSubject(
                keys: keys,
                matches: attempt.admitted(attempt.verdict(found, .scram), standings),
                differs: Reason(.badPassword, detail: user.shortened),
                isKnown: true
            )
        } catch {
            return decoy(error)
        }
    }
}
