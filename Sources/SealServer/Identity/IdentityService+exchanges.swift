// SPDX-License-Identifier: Apache-2.0
// Exchanges of SCRAM-SHA-256 on their way through the threads: guesses are counted as with
// passwords.

internal import SealBroker
internal import SealPKI

extension IdentityService {
    /// Judges a message of an exchange; the answer comes from another thread.
    func authenticate(
        _ question: AuthQuestion,
        _ answer: @escaping @Sendable (AuthReply) -> Void
    ) {
        quick.submit(from: question.credentials.peerAddress) { [self] in
            answer(reply(to: question))
        } refuse: {
            answer(Self.refusal(.loginsWaiting))
        }
    }

    private func reply(to question: AuthQuestion) -> AuthReply {
        let source = question.credentials.peerAddress
        let user = question.user
        // The try counts while it is judged.
        let tooMany = guesses.withLock {
            $0.begin(source: source, user: user, now: environment.clock())
        }
        if let tooMany {
            counters.count { $0.limitHits.add(.loginGuesses) }
            return .decided(.refused([tooMany]), message: [], user: user ?? "")
        }
        var outcome = GuessLimit.Outcome.neither
        defer {
            guesses.withLock {
                $0.end(outcome, source: source, user: user, now: environment.clock())
            }
        }
        guard let random = try? Cryptography.randomBytes(18) else {
            return Self.refusal(.registryFailed)
        }
        let reply = question.answer(
            environment,
            secret: proofKey,
            random: random,
            OpenSSLScramDigest()
        )
        if case .decided(let step, _, _) = reply { outcome = GuessLimit.Outcome(step) }
        return reply
    }

    private static func refusal(_ code: ReasonCode) -> AuthReply {
        .decided(.refused([Reason(code)]), message: [], user: "")
    }
}
