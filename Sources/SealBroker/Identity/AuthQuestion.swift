// SPDX-License-Identifier: Apache-2.0
// One message of an exchange of SCRAM-SHA-256, on its way to whoever may wait for the registry, and
// what comes back.

public import SealBytes

/// A client's message, with how far its exchange is.
public struct AuthQuestion: Sendable {
    /// What the client showed besides; the user is named by its first message.
    public let credentials: Credentials
    /// How the listener judges.
    public let rules: AccessRules
    let server: ScramServer
    /// What the client said.
    public let message: [UInt8]
    /// It is the first of its exchange.
    public let isFirst: Bool

    /// The user that the client names; nil when its first message cannot be read.
    public var user: Name? {
        guard isFirst else { return server.user }
        var reader = server
        return try? reader.first(message)
    }

    /// The answer; never on a shard.
    ///
    /// `random` is at least 16 random bytes, used once; `secret` is random and of the process.
    public func answer(
        _ environment: LoginEnvironment,
        secret: [UInt8],
        random: [UInt8],
        _ digest: some ScramDigest
    ) -> AuthReply {
        var server = server
        do throws(ScramFault) {
            if isFirst {
                let user = try server.first(message)
                let subject = RegistryLogin.scram(
                    user,
                    credentials,
                    rules,
                    environment,
                    secret: secret,
                    digest
                )
                let challenge = server.challenge(subject, random: random)
                return .challenge(server, challenge)
            }
            let (last, step) = try server.final(message, digest)
            return .decided(step, message: last, user: server.user)
        } catch {
            return .decided(.refused([error.reason]), message: [], user: server.user)
        }
    }
}

/// What the server says next.
public enum AuthReply: Sendable {
    /// The exchange goes on with this message to the client.
    case challenge(ScramServer, [UInt8])
    /// It is decided, with a last message to the client; `user` is the one it named.
    case decided(LoginStep, message: [UInt8], user: Name)
}
