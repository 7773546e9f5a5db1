// SPDX-License-Identifier: Apache-2.0
// Logins over the registry on their way through the threads: guesses are counted, look-ups and
// slow comparisons have lanes of their own, and a comparison that succeeded is remembered shortly.

internal import SealAdmin
internal import SealBroker
internal import SealBytes
internal import SealNet
internal import SealPKI
internal import SealTelemetry

extension IdentityService {
    /// Decides a login of a shard; the answer comes from another thread.
    func login(
        _ question: RegistryQuestion,
        _ answer: @escaping @Sendable (LoginStep) -> Void
    ) {
        let isTaken = quick.submit { [self] in
            let credentials = question.credentials
            switch begin(credentials, question.rules) {
            case .needsPasswordCheck(let password):
                let isTaken = slow.submit { [self] in
                    answer(finish(password, credentials))
                }
                if !isTaken { answer(.refused([Reason(.loginsWaiting)])) }
            case let step: answer(step)
            }
        }
        if !isTaken { answer(.refused([Reason(.loginsWaiting)])) }
    }

    /// Decides a login on the calling thread, which may wait.
    func judge(_ credentials: Credentials, _ rules: AccessRules) -> LoginStep {
        let step = begin(credentials, rules)
        guard case .needsPasswordCheck(let password) = step else { return step }
        return finish(password, credentials)
    }

    /// The part without a slow comparison; what was proven a moment ago needs none.
    private func begin(_ credentials: Credentials, _ rules: AccessRules) -> LoginStep {
        let step = RegistryLogin.begin(credentials, rules, environment)
        if case .accepted = step { settle(step) }
        // Nobody guesses certificates: those who guess must not shut out devices behind the same
        // address.
        guard Self.canBeGuessed(step) else { return step }
        if let refusal = guesses.withLock({
            $0.refusal(
                source: credentials.peerAddress,
                user: credentials.user,
                now: environment.clock()
            )
        }) {
            counters.count { $0.limitHits.add(.loginGuesses) }
            return .refused([refusal])
        }
        guard case .needsPasswordCheck(let question) = step else {
            note(step, credentials)
            return step
        }
        guard question.isWorthRemembering, let first = proved(question) else { return step }
        let matches = PasswordMatches(only: first, of: question.hashes.count)
        let decided = Login.finish(question, matches: matches)
        settle(decided)
        note(decided, credentials)
        return decided
    }

    private static func canBeGuessed(_ step: LoginStep) -> Bool {
        switch step {
        case .needsPasswordCheck: true
        case .accepted(let principal):
            ![.certificate, .pinnedCertificate, .anonymous].contains(principal.method)
        case .refused(let reasons): reasons.first?.code.isGuess ?? false
        case .needsRegistry: false
        }
    }

    private func finish(_ question: PasswordQuestion, _ credentials: Credentials) -> LoginStep {
        let matches = question.isAnswered(by: OpenSSLPasswordCheck())
        if question.isWorthRemembering, let first = matches.first(of: question.hashes.count),
            let digest = proof(question, first)
        {
            proven.withLock { $0.insert(digest, now: Loop<Shard>.clock) }
        }
        let step = Login.finish(question, matches: matches)
        settle(step)
        note(step, credentials)
        return step
    }

    /// Tells each tenant concerned when several have registered what the client shows.
    private func settle(_ step: LoginStep) {
        for record in RegistryLogin.settle(step, environment) { note(record) }
    }

    private func proof(_ question: PasswordQuestion, _ first: Int) -> [UInt8]? {
        try? Cryptography.hmacSHA256(key: proofKey, question.proofText(first: first))
    }

    /// The hash that this password was found to fit a moment ago.
    private func proved(_ question: PasswordQuestion) -> Int? {
        question.hashes.indices.first { index in
            guard let digest = proof(question, index) else { return false }
            return proven.withLock { $0.contains(digest, now: Loop<Shard>.clock) }
        }
    }

    /// Counts what was guessed wrong.
    private func note(_ step: LoginStep, _ credentials: Credentials) {
        let source = credentials.peerAddress
        switch step {
        case .accepted:
            guard credentials.password != nil else { return }
            guesses.withLock { $0.noteSuccess(source: source, user: credentials.user) }
        case .refused(let reasons):
            let now = environment.clock()
            guesses.withLock {
                $0.note(reasons, source: source, user: credentials.user, now: now)
            }
        case .needsPasswordCheck, .needsRegistry: break
        }
    }
}
