// SPDX-License-Identifier: Apache-2.0
// JSON Web Tokens of devices and sessions, signed with keys of the registry that take turns. Who
// may have a token, and whether one was withdrawn before its time, is the login's matter.

internal import SealBroker
internal import SealBytes
internal import SealPKI

/// Makes and judges tokens.
///
/// Calls may wait for the registry: never on a shard.
final class RegistryTokenOffice: TokenOffice {
    /// When keys take turns.
    struct Rotation: Sendable {
        /// A key signs for so many seconds.
        var signsSeconds: Int64 = 30 * 86_400
        /// No token lives longer, so a key is kept for so long after it signed the last one.
        var lifeSecondsMax: Int64 = 30 * 86_400
    }

    /// At most so many tokens of devices are remembered to be given again.
    static let rememberedMax = 16_384
    /// A token may be so many seconds from the future, because clocks differ.
    static let skewSeconds: Int64 = 60

    private struct Kept {
        var verifier: WebKey
        var record: SigningKey
    }

    private struct Device: Hashable {
        var tenantID: Name
        var subject: Name
    }

    private struct State {
        var signer: WebSigningKey?
        var keys: [Name: Kept] = [:]
        var isLoaded = false
        var given: [Device: (token: String, claims: TokenClaims)] = [:]
    }

    private let registry: any Registry
    private let vault: any Vault
    private let rotation: Rotation
    private let clock: @Sendable () -> Int64
    private let state = Locked(State())

    /// Signs with keys of the registry, sealed by the vault; the clock counts seconds since 1970.
    init(
        registry: any Registry,
        vault: any Vault,
        rotation: Rotation = Rotation(),
        clock: @escaping @Sendable () -> Int64
    ) {
        self.registry = registry
        self.vault = vault
        self.rotation = rotation
        self.clock = clock
    }

    // MARK: - Tokens

    func issue(_ claims: TokenClaims) throws(RegistryError) -> String {
        try sign(claims).token
    }

    private func sign(
        _ wanted: TokenClaims
    ) throws(RegistryError) -> (token: String, claims: TokenClaims) {
        let life = wanted.expiresAt.subtractingReportingOverflow(wanted.issuedAt)
        guard !life.overflow, life.partialValue > 0,
            life.partialValue <= rotation.lifeSecondsMax
        else {
            throw RegistryError(
                .invalid,
                "a token lives for 1 to \(rotation.lifeSecondsMax) seconds"
            )
        }
        let signer = try signer()
        let domain = try registry.tenant(id: wanted.tenantID)?.domain ?? .empty
        do throws(PKIError) {
            var claims = wanted
            if claims.tokenID.isEmpty {
                claims.tokenID = Name(
                    Base64.encode(try Cryptography.randomBytes(16), .urlSafe)
                )
            }
            let body = TokenBody.object(
                claims,
                issuer: domain.isEmpty ? claims.tenantID : domain,
                xsrfToken: Hex.encode(try Cryptography.randomBytes(16))
            )
            return (try signer.sign(body), claims)
        } catch {
            throw RegistryError(.invalid, "the token could not be signed: \(error.reason)")
        }
    }

    func deviceToken(
        tenantID: Name,
        subject: Name,
        lifeSeconds: Int64,
        now: Int64
    ) throws(RegistryError) -> String {
        let device = Device(tenantID: tenantID, subject: subject)
        if let given = state.withLock({ $0.given[device] }),
            Self.isFresh(given.claims, lifeSeconds, now),
            try !registry.isWithdrawn(tokenID: given.claims.tokenID)
        {
            return given.token
        }
        let made = try sign(
            TokenClaims(
                tokenID: "",
                tenantID: tenantID,
                subject: subject,
                issuedAt: now,
                expiresAt: now.addingReportingOverflow(lifeSeconds).partialValue,
                use: "device"
            )
        )
        state.withLock { state in
            if state.given.count >= Self.rememberedMax { state.given.removeAll() }
            state.given[device] = made
        }
        return made.token
    }

    /// Half of its life has not passed, and it would not outlive a new one.
    private static func isFresh(_ claims: TokenClaims, _ lifeSeconds: Int64, _ now: Int64) -> Bool {
        let life = claims.expiresAt - claims.issuedAt
        return now >= claims.issuedAt && (now - claims.issuedAt) * 2 < life
            && claims.expiresAt - now <= lifeSeconds
    }

    func judge(_ token: String, now: Int64) -> Result<TokenClaims, TokenRefusal> {
        func refused(
            _ code: ReasonCode,
            _ detail: String = ""
        ) -> Result<TokenClaims, TokenRefusal> {
            .failure(TokenRefusal(Reason(code, detail: detail)))
        }
        let read: WebToken
        do throws(WebTokenError) {
            read = try WebToken(reading: token)
        } catch {
            return refused(.tokenMalformed, error.reason)
        }
        let keys: [Name: Kept]
        do throws(RegistryError) {
            keys = try loaded { $0.keys }
        } catch {
            return refused(.registryFailed, error.reason)
        }
        guard let id = read.keyID, let kept = keys[id], !isOver(kept.record, now) else {
            return refused(.tokenKeyUnknown)
        }
        guard read.isSigned(by: kept.verifier) else { return refused(.tokenSignature) }
        guard let (claims, notBefore) = TokenBody.claims(read.claims) else {
            return refused(.tokenMalformed, "a claim is missing or of another kind")
        }
        guard now < claims.expiresAt else { return refused(.tokenExpired) }
        guard notBefore <= now + Self.skewSeconds, claims.issuedAt <= now + Self.skewSeconds
        else { return refused(.tokenNotYetValid) }
        return .success(claims)
    }

    // MARK: - Keys

    func keySet() throws(RegistryError) -> String {
        _ = try signer()
        let now = clock()
        let kept = try loaded { state in state.keys.values.filter { !isOver($0.record, now) } }
        let ordered = kept.sorted { left, right in
            (right.record.createdAt, right.record.id) < (left.record.createdAt, left.record.id)
        }
        return WebKey.set(ordered.map(\.verifier)).line
    }

    /// No token that the key signed can be in its time.
    private func isOver(_ key: SigningKey, _ now: Int64) -> Bool {
        key.retiredAt > 0 && key.retiredAt / 1000 + rotation.lifeSecondsMax < now
    }

    private func loaded<Value: Sendable>(
        _ body: (State) -> Value
    ) throws(RegistryError) -> Value {
        try state.withLock { state throws(RegistryError) in
            try load(&state)
            return body(state)
        }
    }

    private func load(_ state: inout State) throws(RegistryError) {
        guard !state.isLoaded else { return }
        state.keys = [:]
        state.signer = nil
        for record in try registry.signingKeys() {
            guard let pem = vault.open(record.sealed), let key = try? PrivateKey(pem: pem),
                let signing = try? WebSigningKey(key, id: record.id)
            else {
                throw RegistryError(
                    .storage,
                    "the signing key \(record.id) does not open: is this the vault's key file?"
                )
            }
            state.keys[record.id] = Kept(verifier: signing.verifier, record: record)
            if record.retiredAt == 0, state.signer == nil { state.signer = signing }
        }
        state.isLoaded = true
    }

    /// The key that signs now; a new one when there is none, or when the last one's turn is over.
    private func signer() throws(RegistryError) -> WebSigningKey {
        let now = clock()
        return try state.withLock { state throws(RegistryError) in
            try load(&state)
            if let signer = state.signer, let kept = state.keys[signer.verifier.id],
                now - kept.record.createdAt / 1000 < rotation.signsSeconds
            {
                return signer
            }
            return try turn(&state, now)
        }
    }

    /// Makes a new key, retires the one that signed, and forgets those nobody needs.
    private func turn(_ state: inout State, _ now: Int64) throws(RegistryError) -> WebSigningKey {
        let made: WebSigningKey
        let pem: [UInt8]
        do throws(PKIError) {
            let key = try PrivateKey.generate(.p256)
            made = try WebSigningKey(key)
            pem = try key.pem()
        } catch {
            throw RegistryError(.storage, "a signing key could not be made: \(error.reason)")
        }
        let added = SigningKey(
            id: made.verifier.id,
            sealed: try vault.seal(pem),
            createdAt: now * 1000
        )
        let retired = state.keys.values.filter { $0.record.retiredAt == 0 }.map { kept in
            var record = kept.record
            record.retiredAt = now * 1000
            return record
        }
        let over = state.keys.values.map(\.record).filter { isOver($0, now) }
        _ = try registry.change(by: .daemon) { writer throws(RegistryError) in
            for record in retired { try writer.replace(record) }
            for record in over { try writer.removeSigningKey(id: record.id) }
            try writer.add(added)
        }
        for record in retired { state.keys[record.id]?.record = record }
        for record in over { state.keys[record.id] = nil }
        state.keys[added.id] = Kept(verifier: made.verifier, record: added)
        state.signer = made
        return made
    }
}

/// What a token says, as Cumulocity's devices know it, and two names of our own.
enum TokenBody {
    static func object(_ claims: TokenClaims, issuer: Name, xsrfToken: String) -> JSONObject {
        [
            "jti": .null, "iss": .string(issuer), "aud": .string(issuer),
            "sub": .string(claims.subject), "tci": .string("\(claims.use)_token_config"),
            "iat": .integer(claims.issuedAt), "nbf": .integer(claims.issuedAt),
            "exp": .integer(claims.expiresAt), "tfa": false, "ten": .string(claims.tenantID),
            "xsrfToken": .string(xsrfToken), "token_id": .string(claims.tokenID),
            "token_use": .string(claims.use),
        ]
    }

    /// The claims, and when the token's time begins; nil when one is missing or of another kind.
    static func claims(_ body: JSONObject) -> (claims: TokenClaims, notBefore: Int64)? {
        guard let subject = body["sub"]?.name, let tenant = body["ten"]?.name,
            let id = body["token_id"]?.name, let use = body["token_use"]?.name,
            case .integer(let issuedAt) = body["iat"], case .integer(let notBefore) = body["nbf"],
            case .integer(let expiresAt) = body["exp"]
        else { return nil }
        let claims = TokenClaims(
            tokenID: id,
            tenantID: tenant,
            subject: subject,
            issuedAt: issuedAt,
            expiresAt: expiresAt,
            use: use
        )
        return (claims, notBefore)
    }
}
