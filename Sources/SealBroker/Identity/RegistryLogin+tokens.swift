// SPDX-License-Identifier: Apache-2.0
// Logins by a JSON Web Token in place of the password. Not here: signatures (`TokenOffice`).

/// What a JSON Web Token looks like.
enum WebTokenForm {
    /// The most bytes of a token.
    static let bytesMax = 8192

    /// Three parts of base64 with dots between, of which the first begins like `{"`.
    ///
    /// No other password is likely to.
    static func isLikely(_ password: [UInt8]) -> Bool {
        guard password.count <= bytesMax, password.starts(with: "eyJ".utf8) else { return false }
        var dots = 0
        for byte in password {
            switch byte {
            case UInt8(ascii: "."): dots += 1
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"):
                break
            default: return false
            }
        }
        return dots == 2
    }
}

extension LoginAttempt {
    func byWebToken(_ bytes: [UInt8], _ user: String) throws(LoginRefusal) -> Principal {
        guard WebTokenForm.isLikely(bytes) else { throw LoginRefusal(.tokenMalformed) }
        let claims: TokenClaims
        switch environment.tokens.judge(String(decoding: bytes, as: UTF8.self), now: now) {
        case .success(let found): claims = found
        case .failure(let refusal): throw LoginRefusal([refusal.reason])
        }
        guard claims.use == "device" || claims.use == "session" else {
            throw LoginRefusal(.tokenUse, claims.use.shortened)
        }
        let tenant = try tenant(claims.tenantID)
        let withdrawn = try ask { (registry) throws(RegistryError) in
            try registry.isWithdrawn(tenant: tenant.number, tokenID: claims.tokenID)
        }
        if withdrawn { throw LoginRefusal(.tokenWithdrawn, claims.tokenID) }
        try checkUser(user, claims)
        let reliance = try reliance(on: claims, tenant)
        let proof = "token \(claims.tokenID)"
        if let account = try account(claims, tenant) {
            return try admit(account, .jwt, tenant, reliance, proof: proof)
        }
        let device = try device(claims, tenant)
        return try principal(device, .jwt, tenant, reliance, proof: proof)
    }

    /// What the token stands on, besides its account or device, must hold still.
    private func reliance(
        on claims: TokenClaims,
        _ tenant: Tenant
    ) throws(LoginRefusal) -> Reliance {
        let ground = claims.ground
        if let family = ground.family {
            let isOpen = try ask { (registry) throws(RegistryError) in
                try registry.isOpen(tenant: tenant.number, family: family)
            }
            guard isOpen else { throw LoginRefusal(.tokenEnded, claims.tokenID) }
        }
        try checkRevocation(ground.certificates, tenant)
        if let number = ground.anchor {
            let anchor = try ask { (registry) throws(RegistryError) in
                try registry.anchor(number: number)
            }
            guard let anchor, anchor.tenant == tenant.number else {
                throw LoginRefusal(.tokenEnded, claims.tokenID)
            }
            guard anchor.isEnabled else {
                throw LoginRefusal(.anchorDisabled, anchor.fingerprint)
            }
        }
        var reliance = Reliance()
        reliance.token = claims.tokenID
        reliance.endsAt = claims.expiresAt
        reliance.family = ground.family
        reliance.credential = ground.credential
        reliance.anchor = ground.anchor
        reliance.certificates = ground.certificates
        return reliance
    }

    /// A user name beside the token must be the token's, alone or with the tenant.
    private func checkUser(_ text: String, _ claims: TokenClaims) throws(LoginRefusal) {
        guard !text.isEmpty, !text.isSame(as: claims.subject) else { return }
        let name = UserName(text)
        let isSame =
            name.user.isSame(as: claims.subject)
            && (name.tenant?.isSame(as: claims.tenantID) ?? true)
        guard isSame else { throw LoginRefusal(.tokenUserMismatch, text.shortened) }
    }

    /// nil when the token is a device's.
    ///
    /// The number says which account is meant; the name alone may be another's by now.
    private func account(
        _ claims: TokenClaims,
        _ tenant: Tenant
    ) throws(LoginRefusal) -> Account? {
        guard claims.use != "device", identifier(claims) == nil else { return nil }
        let found = try ask { (registry) throws(RegistryError) in
            try registry.account(number: claims.ground.owner)
        }
        guard let found, found.tenant == tenant.number, found.name.isSame(as: claims.subject)
        else { throw LoginRefusal(.tokenSubjectGone, claims.subject.shortened) }
        guard found.isEnabled else { throw LoginRefusal(.accountDisabled, found.name) }
        guard found.epoch == claims.ground.epoch else {
            throw LoginRefusal(.tokenEnded, claims.tokenID)
        }
        return found
    }

    private func device(_ claims: TokenClaims, _ tenant: Tenant) throws(LoginRefusal) -> Device {
        let found = try ask { (registry) throws(RegistryError) in
            try registry.device(number: claims.ground.owner)
        }
        guard let found, let identifier = identifier(claims), found.tenant == tenant.number,
            found.identifier.isSame(as: identifier)
        else { throw LoginRefusal(.tokenSubjectGone, claims.subject.shortened) }
        guard found.isEnabled else { throw LoginRefusal(.deviceDisabled, identifier.shortened) }
        guard found.epoch == claims.ground.epoch else {
            throw LoginRefusal(.tokenEnded, claims.tokenID)
        }
        return found
    }

    /// The identifier of the device the token is for; nil when its user is not a device's.
    private func identifier(_ claims: TokenClaims) -> String? {
        let prefix = "device_"
        guard claims.subject.utf8.starts(with: prefix.utf8) else { return nil }
        return String(claims.subject.dropFirst(prefix.count))
    }
}
