// SPDX-License-Identifier: Apache-2.0
// One row of the table of logins.

import Testing

@testable import SealBroker
@testable import Stage

/// A login and what must come of it.
struct LoginRow: Sendable, CustomTestStringConvertible {
    let name: String
    let outcome: Outcome
    /// The registry has no room for another device.
    let isFull: Bool
    let build: @Sendable (inout LoginCase) throws -> Void

    var testDescription: String { name }

    init(
        _ name: String,
        _ outcome: Outcome,
        isFull: Bool = false,
        _ build: @escaping @Sendable (inout LoginCase) throws -> Void = { _ in }
    ) {
        self.name = name
        self.outcome = outcome
        self.isFull = isFull
        self.build = build
    }

    static let all: [LoginRow] = [
        certificates, chains, sharedAnchors, pinned, passwords, things, webTokens, listeners,
    ].flatMap { $0 }
}
