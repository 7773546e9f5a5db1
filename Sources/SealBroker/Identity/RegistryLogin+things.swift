// SPDX-License-Identifier: Apache-2.0
// Logins by ThingsBoard's credentials: `MQTT_BASIC` and access tokens. Several tenants may have
// registered what a client shows: then a right password counts before a token, a token before what
// needs no proof, and the older registration where nothing else decides.

internal import SealBytes

/// A credential that fits what the client shows.
private struct FittingRow {
    var credential: Credential
    /// 0 fits best: client id and user name, then the token, then one name.
    var place: Int
}

/// What one tenant has for a client.
private struct TenantClaim {
    /// What the password is compared with, the row that fits best.
    var compared: Credential?
    /// What counts when no password is right.
    var standing: Credential
}

extension LoginAttempt {
    /// The most passwords of different tenants that one is compared with.
    static var comparisonsMax: Int { 4 }

    /// Client id and user name, access token, user name; nil when nobody has such a credential.
    func byThings(_ scope: LoginScope) throws(LoginRefusal) -> LoginStep? {
        for name in scope.names {
            var rows: [FittingRow] = []
            if taken.takesPasswords, hasOwnClientID {
                let lookup = environment.chains.sha3("\(credentials.clientID)|\(name)")
                rows += try fitting(.basic, lookup, scope, place: 0)
            }
            if taken.takesAccessTokens {
                let lookup = environment.chains.tokenLookup(name)
                rows += try fitting(.accessToken, lookup, scope, place: 1)
            }
            // In one tenant a token is enough where no password came.
            let isFound = scope.tenant != nil && credentials.password == nil && !rows.isEmpty
            if taken.takesPasswords, !isFound, !Self.isDigest(name) {
                rows += try fitting(.basic, name, scope, place: 2)
            }
            if !rows.isEmpty { return try decide(rows, scope) }
        }
        return nil
    }

    /// `MQTT_BASIC` with a client id only.
    func byClientIDAlone(_ scope: LoginScope) throws(LoginRefusal) -> LoginStep? {
        guard taken.takesPasswords, hasOwnClientID else { return nil }
        let lookup = environment.chains.sha3(credentials.clientID)
        let rows = try fitting(.basic, lookup, scope, place: 0)
        return rows.isEmpty ? nil : try decide(rows, scope)
    }

    private var hasOwnClientID: Bool {
        !credentials.clientID.isEmpty && !credentials.isClientIDAssigned
    }

    /// 64 digits are what other kinds are found by: a name that looks so would stand for them.
    private static func isDigest(_ name: Name) -> Bool {
        name.utf8.count == 64
            && name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private func fitting(
        _ kind: CredentialKind,
        _ lookup: Name,
        _ scope: LoginScope,
        place: Int
    ) throws(LoginRefusal) -> [FittingRow] {
        try rows(kind, lookup, scope.tenant).map { FittingRow(credential: $0, place: place) }
    }

    // MARK: Which row counts

    private func decide(
        _ rows: [FittingRow],
        _ scope: LoginScope
    ) throws(LoginRefusal) -> LoginStep {
        let claims = claims(rows)
        guard let standing = claims.first?.standing else { throw LoginRefusal(.unknownUser) }
        let disputes = claims.count > 1
        func verdict(_ credential: Credential) -> Result<Principal, LoginRefusal> {
            do throws(LoginRefusal) {
                var principal = try principal(of: credential)
                if disputes { principal.notes.disputes = Self.disputes(claims, credential) }
                if scope.tenant == nil, !taken.isRehearsal, credential.secret == nil,
                    credential.kind == .basic, credential.firstUsedAt == 0
                {
                    principal.notes.firstUse = credential.number
                }
                return .success(principal)
            } catch {
                return .failure(LoginRefusal(attributed(error.reasons)))
            }
        }
        let compared = claims.compactMap(\.compared)
            .sorted { Self.rank($0, 0) < Self.rank($1, 0) }
        guard let password = credentials.password, !compared.isEmpty else {
            guard standing.secret == nil else { throw LoginRefusal(.passwordMissing) }
            switch verdict(standing) {
            case .success(let principal): return .accepted(principal)
            case .failure(let refusal): throw refusal
            }
        }
        var wrong = Reason(.badPassword, detail: credentials.user?.shortened ?? "")
        // Of several tenants it is the business of the one that stands.
        wrong.tenant = standing.tenant
        let otherwise =
            standing.secret == nil ? verdict(standing) : .failure(LoginRefusal([wrong]))
        return question(
            password,
            compared.prefix(Self.comparisonsMax).map { ($0.secret, verdict($0)) },
            otherwise
        )
    }

    /// One claim for each tenant; the one that stands without a right password comes first.
    private func claims(_ rows: [FittingRow]) -> [TenantClaim] {
        var tenants: [UInt32: [FittingRow]] = [:]
        for row in rows { tenants[row.credential.tenant, default: []].append(row) }
        let claims = tenants.values.compactMap { rows -> TenantClaim? in
            let own = rows.sorted { $0.place < $1.place }.map(\.credential)
            guard let best = own.first else { return nil }
            let token = own.first { $0.kind == .accessToken }
            return TenantClaim(
                compared: credentials.password == nil ? nil : own.first { $0.secret != nil },
                standing: token ?? best
            )
        }
        return claims.sorted { Self.rank($0.standing) < Self.rank($1.standing) }
    }

    private static func rank(_ credential: Credential) -> RegistrationRank {
        // What let a client in once is not taken over by a token that came later and reads like
        // its public name.
        let isKnown = credential.kind == .accessToken || credential.firstUsedAt != 0
        return rank(credential, isKnown ? 2 : 1)
    }

    private static func rank(_ credential: Credential, _ proof: Int) -> RegistrationRank {
        RegistrationRank(
            proof: proof,
            registeredAt: credential.registeredAt,
            number: credential.number
        )
    }

    private static func disputes(
        _ claims: [TenantClaim],
        _ winner: Credential
    ) -> [Dispute] {
        let others = claims.filter { $0.standing.tenant != winner.tenant }
            .map { $0.compared ?? $0.standing }
        return ([winner] + others).prefix(RegistryBounds.candidatesMax).map { credential in
            Dispute(
                tenant: credential.tenant,
                subject: credential.uuid,
                device: credential.device,
                counts: credential.number == winner.number
            )
        }
    }

    private func principal(of credential: Credential) throws(LoginRefusal) -> Principal {
        let tenant = try tenant(number: credential.tenant)
        let device = try device(number: credential.device)
        var reliance = Reliance()
        reliance.credential = credential.number
        if credential.kind == .accessToken {
            return try principal(
                device,
                .accessToken,
                tenant,
                reliance,
                proof: "access token \(credential.uuid)"
            )
        }
        return try principal(device, .basic, tenant, reliance, proof: "MQTT_BASIC")
    }
}
