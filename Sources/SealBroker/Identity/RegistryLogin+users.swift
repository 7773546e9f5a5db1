// SPDX-License-Identifier: Apache-2.0
// Logins by user name: accounts and device users. Not here: ThingsBoard's credentials, and
// comparing the password, which is slow and goes on in `Login.finish`.

internal import SealBytes

extension LoginAttempt {
    /// nil when the client shows neither user name nor password, nor a client id that is enough.
    func byUser() throws(LoginRefusal) -> LoginStep? {
        let user = credentials.user ?? .empty
        let password = credentials.password
        if let password, !password.isEmpty, taken.takesWebTokens,
            user.isEmpty || WebTokenForm.isLikely(password)
        {
            return .accepted(try byWebToken(password, user))
        }
        let scope = try scope()
        if user.isEmpty {
            if let step = try byClientIDAlone(scope) { return step }
            guard password != nil else { return nil }
            throw LoginRefusal(.unknownUser, "there is no user name")
        }
        guard taken.takesPasswords || taken.takesAccessTokens else {
            throw LoginRefusal(.passwordsNotTaken)
        }
        var missing = LoginRefusal(
            password == nil || !taken.takesPasswords ? .accessTokenUnknown : .unknownUser,
            user.shortened
        )
        // A name that begins with another tenant than the listener's is the listener's tenant's
        // first, so that no user of the other can stand before it.
        let isForeign = taken.tenant != nil && scope.names.count == 1 && namesTenant(user)
        if isForeign, let step = try byThings(scope) { return step }
        if taken.takesPasswords, let password {
            do throws(LoginRefusal) {
                if let step = try byAccount(user, password) { return step }
            } catch {
                // A user name may hold a slash or a colon and still be a token, or another
                // system's name.
                guard error.reasons.first?.code.isAboutTenant == true else { throw error }
                missing = error
            }
        }
        if !isForeign, let step = try byThings(scope) { return step }
        guard let password, taken.takesPasswords else {
            throw taken.takesAccessTokens ? missing : LoginRefusal(.passwordMissing)
        }
        return question(password, [], .failure(missing))
    }

    private func namesTenant(_ user: Name) -> Bool { UserName(user).tenant != nil }

    // MARK: Accounts and device users

    /// nil when there is no such user.
    private func byAccount(
        _ text: Name,
        _ password: [UInt8]
    ) throws(LoginRefusal) -> LoginStep? {
        let user = try found(text)
        guard let user else { return nil }
        let wrong = LoginRefusal(.badPassword, text.shortened)
        guard let secret = user.secret else {
            let refusal = LoginRefusal(.passwordNotSet, text.shortened)
            return question(password, [], .failure(refusal))
        }
        return question(password, [(secret, verdict(user, .password))], .failure(wrong))
    }

    /// A user of a tenant with what its password is compared with.
    struct TenantUser {
        enum Kind {
            case account(Account)
            case device(Credential)
        }

        var tenant: Tenant
        var kind: Kind

        var secret: StoredSecret? {
            switch kind {
            case .account(let account): account.secret
            case .device(let credential): credential.secret
            }
        }
    }

    /// The account or the device user with this name; nil when there is none.
    func found(_ text: Name) throws(LoginRefusal) -> TenantUser? {
        let name = UserName(text)
        guard let id = name.tenant ?? credentials.tenantHint ?? taken.tenant else {
            throw LoginRefusal(.tenantMissing, text.shortened)
        }
        let tenant = try ask { (registry) throws(RegistryError) in try registry.tenant(id: id) }
        guard let tenant else { throw LoginRefusal(.tenantUnknown, id.shortened) }
        let account = try ask { (registry) throws(RegistryError) in
            try registry.account(tenant: tenant.number, name: name.user)
        }
        if let account { return TenantUser(tenant: tenant, kind: .account(account)) }
        let credential = try ask { (registry) throws(RegistryError) in
            try registry.credential(
                tenant: tenant.number,
                kind: .password,
                lookup: "\(tenant.number)/\(name.user)"
            )
        }
        return credential.map { TenantUser(tenant: tenant, kind: .device($0)) }
    }

    /// Who it is when the password is right, or why it is refused even so.
    ///
    /// Only who knows the password is told that.
    func verdict(
        _ user: TenantUser,
        _ method: LoginMethod
    ) -> Result<Principal, LoginRefusal> {
        do throws(LoginRefusal) {
            let tenant = try tenant(number: user.tenant.number)
            switch user.kind {
            case .account(let account): return .success(try admit(account, method, tenant))
            case .device(let credential):
                let device = try device(number: credential.device)
                var reliance = Reliance()
                reliance.credential = credential.number
                return .success(
                    try principal(device, method, tenant, reliance, proof: "password")
                )
            }
        } catch {
            return .failure(LoginRefusal(attributed(error.reasons)))
        }
    }

    /// An account that may use this protocol.
    func admit(
        _ account: Account,
        _ method: LoginMethod,
        _ tenant: Tenant,
        _ reliance: Reliance = Reliance(),
        proof: String = "password"
    ) throws(LoginRefusal) -> Principal {
        guard account.isEnabled else {
            throw LoginRefusal(.accountDisabled, account.name.shortened)
        }
        if taken.needsMessagingRole {
            // The bootstrap user fetches the first password of a device, and may do nothing else.
            let may = account.roles.contains { $0.maySendMessages || $0 == .deviceBootstrap }
            guard may else { throw LoginRefusal(.messagingForbidden, account.name.shortened) }
        }
        try checkClientID(tenant, own: nil)
        return try principal(
            account.name,
            method,
            tenant,
            reliance,
            account: account,
            proof: proof
        )
    }

    // MARK: Passwords

    /// A password to compare with each of these, the older registration first; with a decoy where
    /// there is nothing to compare it with.
    ///
    /// The first that is right counts, and `otherwise` when none is.
    func question(
        _ password: [UInt8],
        _ candidates: [(secret: StoredSecret?, matches: Result<Principal, LoginRefusal>)],
        _ otherwise: Result<Principal, LoginRefusal>
    ) -> LoginStep {
        var otherwise = otherwise
        if case .failure(let refusal) = otherwise {
            otherwise = .failure(LoginRefusal(attributed(refusal.reasons)))
        }
        var hashes: [PasswordHash] = []
        var matches: [Result<Principal, LoginRefusal>] = []
        for candidate in candidates {
            guard let hash = candidate.secret.flatMap({ PasswordHash($0.hash) }) else { continue }
            hashes.append(hash)
            matches.append(candidate.matches)
        }
        let isKnown = !hashes.isEmpty
        if !isKnown {
            guard let decoy = PasswordHash.decoy else {
                if case .failure(let refusal) = otherwise { return .refused(refusal.reasons) }
                return .refused([Reason(.registryFailed)])
            }
            hashes = [decoy]
        }
        return .needsPasswordCheck(
            PasswordQuestion(
                password: password,
                hashes: hashes,
                isKnown: isKnown,
                verdict: .registry(matches: matches, otherwise: otherwise)
            )
        )
    }
}

extension ReasonCode {
    /// The tenant of a user name was not found, so the name may mean something else.
    fileprivate var isAboutTenant: Bool {
        self == .tenantMissing || self == .tenantUnknown
    }
}

extension PasswordHash {
    /// Compared with the passwords of unknown users, so that the time of the answer does not tell
    /// which names exist; of no password.
    static let decoy = PasswordHash(
        "$scrypt$ln=14,r=8,p=1$c2VhbHdpcmUtZGVjb3ktMQ"
            + "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    )

    /// Comparing takes long on purpose.
    var isSlow: Bool {
        switch self {
        case .sha512, .salted: false
        case .pbkdf2SHA512, .argon2id, .scrypt: true
        }
    }
}
