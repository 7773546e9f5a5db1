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
        let isTaken = quick.submit { [self] in answer(reply(to: question)) }
        if !isTaken { answer(Self.refusal(.loginsWaiting)) }
    }

    private func reply(to question: AuthQuestion) -> AuthReply {
        let source = question.credentials.peerAddress
        let user = question.user
        let tooMany = guesses.withLock {
            $0.refusal(source: source, user: user, now: environment.clock())
        }
        if let tooMany {
            counters.count { $0.limitHits.add(.loginGuesses) }
            return .decided(.refused([tooMany]), message: [], user: user ?? "")
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
        switch reply {
        case .challenge: break
        case .decided(.refused(let reasons), _, _):
            let now = environment.clock()
            guesses.withLock { $0.note(reasons, source: source, user: user, now: now) }
        case .decided: guesses.withLock { $0.noteSuccess(source: source, user: user) }
        }
        return reply
    }

    private static func refusal(_ code: ReasonCode) -> AuthReply {
        .decided(.refused([Reason(code)]), message: [], user: "")
    }
}
