// SPDX-License-Identifier: Apache-2.0
// An exchange of enhanced authentication on one connection, from its first message to its end.

/// Whose turn it is, and what was said so far.
final class AuthExchange {
    enum Turn {
        case clientFirst
        case clientFinal
        case host
    }

    let method: [UInt8]
    let credentials: Credentials
    /// The rules it began with, and how old they were.
    let rules: AccessRules
    let accessGeneration: UInt32
    /// The client is connected, and proves itself again.
    let isAgain: Bool
    var server = ScramServer()
    var turn = Turn.clientFirst
    /// When it is given up.
    var deadline: UInt64 = .max

    init(
        method: [UInt8],
        credentials: Credentials,
        rules: AccessRules,
        accessGeneration: UInt32,
        isAgain: Bool
    ) {
        self.method = method
        self.credentials = credentials
        self.rules = rules
        self.accessGeneration = accessGeneration
        self.isAgain = isAgain
    }
}

/// How an exchange ended, for CONNACK.
struct AuthProof: Sendable {
    var method: [UInt8]
    var message: [UInt8]
}
