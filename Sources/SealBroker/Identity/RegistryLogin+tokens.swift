// SPDX-License-Identifier: Apache-2.0
// Logins by a JSON Web Token in place of the password. Not here: signatures (`TokenOffice`).

internal import SealBytes

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
    func byWebToken(_ bytes: [UInt8], _ user: Name) throws(LoginRefusal) -> Principal {
        guard WebTokenForm.isLikely(bytes) else { throw LoginRefusal(.tokenMalformed) }
        let claims: TokenClaims
        switch environment.tokens.judge(String(decoding: bytes, as: UTF8.self), now: now) {
        case .success(let found): claims = found
        case .failure(let refusal): throw LoginRefusal([refusal.reason])
        }
        guard claims.use == "device" || claims.use == "session" else {
            throw LoginRefusal(.tokenUse, claims.use.shortened)
        }
        if try ask({ (registry) throws(RegistryError) in
            try registry.isWithdrawn(tokenID: claims.tokenID)
        }) {
            throw LoginRefusal(.tokenWithdrawn, claims.tokenID.text)
        }
        let tenant = try tenant(claims.tenantID)
        try checkUser(user, claims)
        var reliance = Reliance()
        reliance.token = claims.tokenID
        reliance.endsAt = claims.expiresAt
        let proof = "token \(claims.tokenID)"
        if let account = try account(claims, tenant) {
            return try admit(account, .jwt, tenant, reliance, proof: proof)
        }
        let device = try device(claims, tenant)
        return try principal(device, .jwt, tenant, reliance, proof: proof)
    }

    /// A user name beside the token must be the token's, alone or with the tenant.
    private func checkUser(_ text: Name, _ claims: TokenClaims) throws(LoginRefusal) {
        guard !text.isEmpty, text != claims.subject else { return }
        let name = UserName(text)
        let isNamed =
            name.user == claims.subject && (name.tenant ?? claims.tenantID) == claims.tenantID
        guard isNamed else { throw LoginRefusal(.tokenUserMismatch, text.shortened) }
    }

    /// nil when the token is a device's.
    private func account(
        _ claims: TokenClaims,
        _ tenant: Tenant
    ) throws(LoginRefusal) -> Account? {
        guard claims.use != "device" else { return nil }
        return try ask { (registry) throws(RegistryError) in
            try registry.account(tenant: tenant.number, name: claims.subject)
        }
    }

    private func device(_ claims: TokenClaims, _ tenant: Tenant) throws(LoginRefusal) -> Device {
        guard let identifier = claims.subject.removing(prefix: "device_") else {
            throw LoginRefusal(.tokenSubjectGone, claims.subject.shortened)
        }
        let found = try ask { (registry) throws(RegistryError) in
            try registry.device(tenant: tenant.number, identifier: identifier)
        }
        guard let found else {
            throw LoginRefusal(.tokenSubjectGone, claims.subject.shortened)
        }
        guard found.isEnabled else { throw LoginRefusal(.deviceDisabled, identifier.shortened) }
        return found
    }
}
