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
        let credentials = question.credentials
        quick.submit(from: credentials.peerAddress) { [self] in
            switch begin(credentials, question.rules) {
            case .needsPasswordCheck(let password): compare(password, credentials, answer)
            case let step: answer(step)
            }
        } refuse: {
            answer(.refused([Reason(.loginsWaiting)]))
        }
    }

    /// Decides a login on the calling thread, which may wait.
    func judge(_ credentials: Credentials, _ rules: AccessRules) -> LoginStep {
        let step = begin(credentials, rules)
        guard case .needsPasswordCheck(let password) = step else { return step }
        return finish(password, credentials)
    }

    /// The part without a slow comparison; what was proven a moment ago needs none.
    func begin(_ credentials: Credentials, _ rules: AccessRules) -> LoginStep {
        let step = RegistryLogin.begin(credentials, rules, environment)
        let (source, user) = (credentials.peerAddress, credentials.user)
        let now = environment.clock()
        // Looked at and counted at once, so that nobody guesses between the two. Nobody guesses
        // certificates: those who guess must not shut out devices behind the same address.
        let refusal = guesses.withLock { guesses -> Reason? in
            switch step {
            case .needsPasswordCheck: return guesses.refusal(source: source, user: user, now: now)
            case .accepted(let principal):
                let safe: [LoginMethod] = [.certificate, .pinnedCertificate, .anonymous]
                guard !safe.contains(principal.method) else { return nil }
                if let refusal = guesses.refusal(source: source, user: user, now: now) {
                    return refusal
                }
                if credentials.password != nil { guesses.noteSuccess(source: source, user: user) }
                return nil
            case .refused(let reasons):
                guard reasons.first?.code.isGuess == true else { return nil }
                if let refusal = guesses.refusal(source: source, user: user, now: now) {
                    return refusal
                }
                guesses.note(reasons, source: source, user: user, now: now)
                return nil
            case .needsRegistry: return nil
            }
        }
        if let refusal { return tooMany(refusal) }
        if case .accepted = step { settle(step) }
        guard case .needsPasswordCheck(let question) = step, question.isWorthRemembering,
            let first = proved(question)
        else { return step }
        let matches = PasswordMatches(only: first, of: question.hashes.count)
        let decided = Login.finish(question, matches: matches)
        settle(decided)
        if case .accepted = decided {
            guesses.withLock { $0.noteSuccess(source: source, user: user) }
        }
        return decided
    }

    private func tooMany(_ reason: Reason) -> LoginStep {
        counters.count { $0.limitHits.add(.loginGuesses) }
        return .refused([reason])
    }

    /// Lets a comparison wait for its turn.
    private func compare(
        _ question: PasswordQuestion,
        _ credentials: Credentials,
        _ answer: @escaping @Sendable (LoginStep) -> Void
    ) {
        let (source, user) = (credentials.peerAddress, credentials.user)
        let refusal = guesses.withLock {
            $0.wait(source: source, user: user, now: environment.clock())
        }
        if let refusal {
            counters.count { $0.limitHits.add(.loginsWaiting) }
            return answer(.refused([refusal]))
        }
        slow.submit(from: source) { [self] in
            guesses.withLock { $0.waited(source: source, user: user) }
            answer(finish(question, credentials))
        } refuse: { [self] in
            guesses.withLock { $0.waited(source: source, user: user) }
            counters.count { $0.limitHits.add(.loginsWaiting) }
            answer(.refused([Reason(.loginsWaiting)]))
        }
    }

    /// Compares; the try counts while it lasts.
    private func finish(_ question: PasswordQuestion, _ credentials: Credentials) -> LoginStep {
        let (source, user) = (credentials.peerAddress, credentials.user)
        let refusal = guesses.withLock {
            $0.begin(source: source, user: user, now: environment.clock())
        }
        if let refusal { return tooMany(refusal) }
        let matches = question.isAnswered(by: OpenSSLPasswordCheck())
        if question.isWorthRemembering, let first = matches.first(of: question.hashes.count),
            let digest = proof(question, first)
        {
            proven.withLock { $0.insert(digest, now: Loop<Shard>.clock) }
        }
        let step = Login.finish(question, matches: matches)
        settle(step)
        let outcome = GuessLimit.Outcome(step)
        guesses.withLock {
            $0.end(outcome, source: source, user: user, now: environment.clock())
        }
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
}

extension GuessLimit.Outcome {
    /// What a decided login is for whoever counts guesses.
    init(_ step: LoginStep) {
        switch step {
        case .accepted: self = .right
        case .refused(let reasons): self = reasons.first?.code.isGuess == true ? .wrong : .neither
        case .needsPasswordCheck, .needsRegistry: self = .neither
        }
    }
}
