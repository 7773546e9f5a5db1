// SPDX-License-Identifier: Apache-2.0
// One judgement for every protocol: who is this, and may it come in? Pure. Comparing a password is
// slow, so the login stops there and goes on when the answer is known.

internal import SealBytes

/// How far a login got.
public enum LoginStep: Sendable {
    case accepted(Principal)
    case refused([Reason])
    /// Compare the password, away from the shard, and call `Login.finish`.
    case needsPasswordCheck(PasswordQuestion)
    /// Ask the registry, away from the shard.
    case needsRegistry(RegistryQuestion)
}

/// A login that the registry decides.
public struct RegistryQuestion: Sendable {
    /// What the client shows.
    public let credentials: Credentials
    /// How the listener judges.
    public let rules: AccessRules
}

/// With which of its hashes a password was compared successfully.
public struct PasswordMatches: Sendable, Equatable, ExpressibleByBooleanLiteral {
    /// The answer for each hash; for hashes behind the last one it is the last one.
    private let each: [Bool]

    /// For each hash whether the password fits it.
    public init(_ each: [Bool]) { self.each = each }

    /// The same for every hash.
    public init(_ all: Bool) { each = [all] }

    /// The same for every hash.
    public init(booleanLiteral value: Bool) { self.init(value) }

    /// Only this hash fits.
    public init(only index: Int, of count: Int) {
        each = (0..<count).map { $0 == index }
    }

    /// The first of so many hashes that fits.
    public func first(of count: Int) -> Int? {
        (0..<count).first { $0 < each.count ? each[$0] : each.last ?? false }
    }
}

/// A password to compare, with what the login needs to go on.
public struct PasswordQuestion: Sendable {
    /// The password shown.
    public let password: [UInt8]
    /// The hashes to compare it with: of one user, or of several tenants that registered the same
    /// name; never none.
    public let hashes: [PasswordHash]
    /// The hash to compare it with, the first where there are several.
    public var hash: PasswordHash { hashes[0] }

    /// The user exists.
    ///
    /// If not, the comparison is made all the same and its result ignored, so
    /// that the time of the answer does not tell which names exist.
    let isKnown: Bool
    let verdict: Verdict

    /// The address it comes from; empty where a registry asks.
    public var source: String {
        if case .file(let credentials, _) = verdict { credentials.peerAddress } else { "" }
    }

    /// What follows from the comparison.
    enum Verdict: Sendable {
        /// A user of a password file.
        case file(Credentials, AccessRules)
        /// Somebody of the registry: for each hash who it is then, or why it is refused although
        /// the password is right; and what counts when it fits none.
        case registry(
            matches: [Result<Principal, LoginRefusal>],
            otherwise: Result<Principal, LoginRefusal>
        )
    }

    /// The slow part.
    ///
    /// Every hash is compared, whichever fits: how long it takes must not tell which one did.
    public func isAnswered(by check: some PasswordCheck) -> PasswordMatches {
        let matches = PasswordMatches(check.matches(password, each: hashes))
        // A generated secret is compared quickly. That it is wrong must not be told sooner than of
        // a user there is not.
        if matches.first(of: hashes.count) == nil, !hashes.contains(where: \.isSlow),
            case .registry = verdict, let decoy = PasswordHash.decoy
        {
            _ = check.matches(password, decoy)
        }
        return matches
    }
}

/// The login.
public enum Login {
    /// Judges what can be judged at once.
    ///
    /// The certificate counts first: when it names the user,
    /// user name and password are not looked at.
    public static func begin(_ credentials: Credentials, _ rules: AccessRules) -> LoginStep {
        if rules.source == .registry {
            return .needsRegistry(RegistryQuestion(credentials: credentials, rules: rules))
        }
        if let certificate = credentials.certificate, rules.identity != .none {
            return byCertificate(certificate, credentials, rules)
        }
        if let user = credentials.user, let passwords = rules.passwords {
            return byPassword(user, passwords, credentials, rules)
        }
        if rules.identity != .none, !rules.allowsAnonymous {
            return .refused([Reason(.certificateNeeded)])
        }
        guard rules.allowsAnonymous else {
            return .refused([
                Reason(credentials.user == nil ? .anonymousForbidden : .noPasswords)
            ])
        }
        // A name nobody can check is not believed: the client goes on without one.
        return accept(nil, .anonymous, credentials, rules)
    }

    /// Goes on when the password was compared.
    public static func finish(
        _ question: PasswordQuestion,
        matches: PasswordMatches
    ) -> LoginStep {
        let first = matches.first(of: question.hashes.count)
        switch question.verdict {
        case .file(let credentials, let rules):
            guard question.isKnown else { return .refused([Reason(.unknownUser)]) }
            guard first != nil else { return .refused([Reason(.badPassword)]) }
            return accept(credentials.user, .password, credentials, rules)
        case .registry(let found, let otherwise):
            let index = question.isKnown ? first : nil
            switch index.map({ found[$0] }) ?? otherwise {
            case .success(let principal): return .accepted(principal)
            case .failure(let refusal): return .refused(refusal.reasons)
            }
        }
    }

    /// Both parts at once, for callers that may wait.
    public static func run(
        _ credentials: Credentials,
        _ rules: AccessRules,
        _ check: some PasswordCheck
    ) -> LoginStep {
        let step = begin(credentials, rules)
        guard case .needsPasswordCheck(let question) = step else { return step }
        return finish(question, matches: question.isAnswered(by: check))
    }

    /// Judges a client again that is logged in, after the rules changed: the same client with the
    /// new rules, or why it must go.
    ///
    /// A password is not compared again; it counts as changed when its hash did.
    public static func renew(
        _ principal: Principal,
        old: AccessRules,
        new: AccessRules
    ) -> LoginStep {
        guard new.source == old.source else { return .refused([Reason(.loginSourceChanged)]) }
        if new.source == .registry { return RegistryLogin.renew(principal, new) }
        switch principal.method {
        case .anonymous:
            guard new.allowsAnonymous else { return .refused([Reason(.anonymousForbidden)]) }
        case .password:
            guard let name = principal.name, let hash = new.passwords?.hash(of: name) else {
                return .refused([Reason(.unknownUser)])
            }
            guard hash == old.passwords?.hash(of: name) else {
                return .refused([Reason(.badPassword)])
            }
        case .certificate:
            guard new.identity == old.identity else {
                return .refused([Reason(.certificateNeeded)])
            }
            // A pinned certificate lives as long as its line.
            if let name = principal.name, new.identity == .fingerprint, isPinned(name, old),
                !isPinned(name, new)
            {
                return .refused([Reason(.certificateUntrusted, detail: name.shortened)])
            }
        case .pinnedCertificate, .accessToken, .basic, .jwt, .scram:
            return .refused([Reason(.loginSourceChanged)])
        }
        if new.clientIDRule != .off, new.clientIDRule != old.clientIDRule {
            guard let name = principal.name else { return .refused([Reason(.clientIDWithoutUser)]) }
            guard name == principal.clientID else {
                return .refused([Reason(.clientIDMismatch)])
            }
        }
        var renewed = principal
        renewed.policy = .file(new.policy)
        renewed.readsSys = new.sysReaders.includes(principal.name)
        return .accepted(renewed)
    }

    /// Somebody wrote this fingerprint down.
    private static func isPinned(_ name: Name, _ rules: AccessRules) -> Bool {
        rules.identity == .fingerprint
            && (rules.policy.names(name) || rules.passwords?.hash(of: name) != nil)
    }

    private static func byCertificate(
        _ certificate: CertificateSummary,
        _ credentials: Credentials,
        _ rules: AccessRules
    ) -> LoginStep {
        let field = rules.identity.rawValue
        guard let name = rules.identity.name(in: certificate), !name.isEmpty else {
            return .refused([Reason(.certificateWithoutName, detail: field)])
        }
        guard isUsable(name) else {
            return .refused([Reason(.certificateNameUnusable, detail: field)])
        }
        // A pinned certificate needs no authority: its fingerprint is the proof.
        guard certificate.isTrusted || isPinned(name, rules) else {
            return .refused([Reason(.certificateUntrusted, detail: certificate.fingerprint.text)])
        }
        return accept(name, .certificate, credentials, rules)
    }

    // A NUL inside a name has fooled readers of C strings; other control bytes fool readers of
    // logs. MQTT 5.0 §1.5.4 forbids and discourages them in user names too.
    private static func isUsable(_ name: Name) -> Bool {
        name.utf8.count <= 65_535
            && name.text.unicodeScalars.allSatisfy { scalar in
                scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
            }
    }

    private static func byPassword(
        _ user: Name,
        _ passwords: PasswordTable,
        _ credentials: Credentials,
        _ rules: AccessRules
    ) -> LoginStep {
        guard let password = credentials.password else {
            return .refused([Reason(.passwordMissing)])
        }
        let known = passwords.hash(of: user)
        guard let hash = known ?? passwords.decoy else { return .refused([Reason(.unknownUser)]) }
        return .needsPasswordCheck(
            PasswordQuestion(
                password: password,
                hashes: [hash],
                isKnown: known != nil,
                verdict: .file(credentials, rules)
            )
        )
    }

    private static func accept(
        _ name: Name?,
        _ method: LoginMethod,
        _ credentials: Credentials,
        _ rules: AccessRules
    ) -> LoginStep {
        var clientID = credentials.clientID
        if rules.clientIDRule != .off {
            guard let name else { return .refused([Reason(.clientIDWithoutUser)]) }
            if rules.clientIDRule == .fromIdentity {
                clientID = name
            } else if clientID.utf8.elementsEqual(name.utf8) == false {
                return .refused([Reason(.clientIDMismatch)])
            }
        }
        return .accepted(
            Principal(
                name: name,
                clientID: clientID,
                method: method,
                listener: credentials.listener,
                policy: rules.policy,
                readsSys: rules.sysReaders.includes(name)
            )
        )
    }
}
