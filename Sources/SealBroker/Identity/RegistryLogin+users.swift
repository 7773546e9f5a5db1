// SPDX-License-Identifier: Apache-2.0
// Logins by user name: accounts, device users, `MQTT_BASIC` and access tokens. Not here: comparing
// the password, which is slow and goes on in `Login.finish`.

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
        if user.isEmpty {
            if let step = try byClientIDAlone() { return step }
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
        if taken.takesPasswords, let step = try byBasic(user) { return step }
        if taken.takesAccessTokens, let principal = try byAccessToken(user) {
            return .accepted(principal)
        }
        if taken.takesPasswords, let step = try byBasicUser(user) { return step }
        guard let password, taken.takesPasswords else {
            throw taken.takesAccessTokens ? missing : LoginRefusal(.passwordMissing)
        }
        return try question(password, nil, .failure(missing), missing.reasons[0])
    }

    // MARK: Accounts and device users

    /// nil when there is no such user.
    private func byAccount(
        _ text: Name,
        _ password: [UInt8]
    ) throws(LoginRefusal) -> LoginStep? {
        let user = try found(text)
        guard let user else { return nil }
        let wrong = Reason(.badPassword, detail: text.shortened)
        guard let secret = user.secret else {
            let refusal = LoginRefusal(.passwordNotSet, text.shortened)
            return try question(password, nil, .failure(refusal), refusal.reasons[0])
        }
        return try question(password, secret, verdict(user, .password), wrong)
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
            return .failure(error)
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

    // MARK: ThingsBoard's credentials

    /// `MQTT_BASIC` with client id and user name.
    private func byBasic(_ user: Name) throws(LoginRefusal) -> LoginStep? {
        guard !credentials.clientID.isEmpty, !credentials.isClientIDAssigned else { return nil }
        return try byBasic(lookup: environment.chains.sha3("\(credentials.clientID)|\(user)"))
    }

    /// `MQTT_BASIC` with a user name only.
    private func byBasicUser(_ user: Name) throws(LoginRefusal) -> LoginStep? {
        // 64 digits are what other kinds are found by: a name that looks so would stand for them.
        let isDigest =
            user.utf8.count == 64
            && user.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        return isDigest ? nil : try byBasic(lookup: user)
    }

    /// `MQTT_BASIC` with a client id only.
    private func byClientIDAlone() throws(LoginRefusal) -> LoginStep? {
        guard taken.takesPasswords, !credentials.clientID.isEmpty,
            !credentials.isClientIDAssigned
        else { return nil }
        return try byBasic(lookup: environment.chains.sha3(credentials.clientID))
    }

    private func byBasic(lookup: Name) throws(LoginRefusal) -> LoginStep? {
        let credential = try ask { (registry) throws(RegistryError) in
            try registry.credential(kind: .basic, lookup: lookup)
        }
        guard let credential else { return nil }
        let verdict = verdict(ofBasic: credential)
        guard let secret = credential.secret else {
            switch verdict {
            case .success(let principal): return .accepted(principal)
            case .failure(let refusal): throw refusal
            }
        }
        guard let password = credentials.password else { throw LoginRefusal(.passwordMissing) }
        let wrong = Reason(.badPassword, detail: credentials.user?.shortened ?? "")
        return try question(password, secret, verdict, wrong)
    }

    private func verdict(ofBasic credential: Credential) -> Result<Principal, LoginRefusal> {
        do throws(LoginRefusal) {
            let tenant = try tenant(number: credential.tenant)
            let device = try device(number: credential.device)
            var reliance = Reliance()
            reliance.credential = credential.number
            return .success(try principal(device, .basic, tenant, reliance, proof: "MQTT_BASIC"))
        } catch {
            return .failure(error)
        }
    }

    private func byAccessToken(_ token: Name) throws(LoginRefusal) -> Principal? {
        let lookup = environment.chains.tokenLookup(token)
        let credential = try ask { (registry) throws(RegistryError) in
            try registry.credential(kind: .accessToken, lookup: lookup)
        }
        guard let credential else { return nil }
        let tenant = try tenant(number: credential.tenant)
        let device = try device(number: credential.device)
        var reliance = Reliance()
        reliance.credential = credential.number
        return try principal(
            device,
            .accessToken,
            tenant,
            reliance,
            proof: "access token \(credential.uuid)"
        )
    }

    // MARK: Passwords

    /// A password to compare; with a decoy where there is nothing to compare it with.
    private func question(
        _ password: [UInt8],
        _ secret: StoredSecret?,
        _ matches: Result<Principal, LoginRefusal>,
        _ differs: Reason
    ) throws(LoginRefusal) -> LoginStep {
        let hash = secret.flatMap { PasswordHash($0.hash) }
        let differs = attributed([differs])[0]
        guard let compared = hash ?? PasswordHash.decoy else { return .refused([differs]) }
        return .needsPasswordCheck(
            PasswordQuestion(
                password: password,
                hash: compared,
                isKnown: hash != nil,
                verdict: .registry(matches: matches, differs: differs)
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
