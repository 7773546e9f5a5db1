// SPDX-License-Identifier: Apache-2.0
// Who asks for a certificate: the holder of a one-time code, or a device that is known already.

public import SealBroker
internal import SealBytes
internal import SealHTTP
internal import SealPKI

/// Counts wrong codes, links and tokens that come in a body, for all threads together.
public final class EnrolmentGuesses: Sendable {
    private let limit: Locked<GuessLimit>

    /// Nobody guessed yet.
    public init(_ bounds: GuessLimit.Bounds = GuessLimit.Bounds()) {
        limit = Locked(GuessLimit(bounds))
    }

    /// A try begins, and counts until `end`; or why it may not.
    func begin(_ source: String, _ user: Name, _ now: Int64) -> Reason? {
        limit.withLock { $0.begin(source: source, user: user, now: now) }
    }

    /// Judges a token that nobody logs in with; one that is forged counts as a guess.
    func trying(
        _ source: String,
        _ use: Name,
        _ now: Int64,
        _ judge: () -> Result<TokenClaims, TokenRefusal>
    ) throws(APIError) -> TokenClaims {
        if let reason = begin(source, use, now) {
            throw APIError(.tooManyRequests, reason, fields: ["Retry-After": "60"])
        }
        switch judge() {
        case .success(let claims):
            end(.neither, source, use, now)
            return claims
        case .failure(let refusal):
            end(refusal.reason.code.isGuess ? .wrong : .neither, source, use, now)
            throw APIError(.unauthorized, refusal.reason)
        }
    }

    /// A try has ended.
    func end(_ outcome: GuessLimit.Outcome, _ source: String, _ user: Name, _ now: Int64) {
        limit.withLock { $0.end(outcome, source: source, user: user, now: now) }
    }
}

/// Judges who asks.
struct EnrolmentLogin {
    let call: Call

    /// Basic credentials as they stand in the request.
    struct Shown {
        /// The tenant before the first slash, if there is one.
        var tenantID: Name?
        var identifier: Name
        var code: [UInt8]
    }

    /// A code has at least so many characters.
    static let codeBytesMin = 8
    /// And at most so many.
    static let codeBytesMax = 64

    private static let challenge: Fields = [
        "WWW-Authenticate": "Basic realm=\"Enrolment\", charset=\"UTF-8\""
    ]

    static func shown(_ call: Call) throws(APIError) -> Shown {
        func refused(_ code: ReasonCode) -> APIError {
            APIError(.unauthorized, Reason(code), fields: challenge)
        }
        let fields = call.request.fields.values(of: "Authorization")
        guard let field = fields.first else { throw refused(.apiCredentialsMissing) }
        let words = field.split(atByte: " ", maxSplits: 1)
        guard fields.count == 1, words.count == 2, words[0].isSameASCII("basic"),
            let bytes = Base64.decode(words[1]), bytes.count <= 2048,
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let user = String(validating: bytes[..<colon], as: UTF8.self)
        else { throw refused(.apiAuthorizationMalformed) }
        let parts = user.split(atByte: "/", maxSplits: 1)
        let hasTenant = parts.count == 2
        return Shown(
            tenantID: hasTenant ? Name(parts[0]) : nil,
            identifier: Name(hasTenant ? parts[1] : user),
            code: Array(bytes[(colon + 1)...])
        )
    }

    /// The code that was shown, when it is right and in its time.
    func code(_ shown: Shown, _ tenant: Tenant) throws(APIError) -> EnrolmentCode {
        let guesses = call.context.enrolmentGuesses
        let source = call.request.peerAddress
        let user: Name = "\(tenant.number)/\(shown.identifier)"
        if let reason = guesses.begin(source, user, call.now) {
            note(tenant, shown.identifier, [reason])
            throw APIError(.tooManyRequests, reason, fields: ["Retry-After": "60"])
        }
        var outcome = GuessLimit.Outcome.neither
        defer { guesses.end(outcome, source, user, call.now) }
        let registry = call.context.registry
        let stored = try asking { () throws(RegistryError) in
            try registry.enrolmentCode(tenant: tenant.number, identifier: shown.identifier)
        }
        // Compared all the same when there is none, so that the time does not tell.
        let hash = stored.flatMap { PasswordHash($0.secret.hash) } ?? Self.decoy
        let isRight =
            (Self.codeBytesMin...Self.codeBytesMax).contains(shown.code.count)
            && OpenSSLPasswordCheck().matches(shown.code, hash)
        guard let stored, isRight, call.now * 1000 < stored.expiresAt else {
            outcome = .wrong
            let isLate = stored != nil && isRight
            note(tenant, shown.identifier, [Reason(isLate ? .enrolmentCodeExpired : .badPassword)])
            throw APIError(
                .unauthorized,
                Reason(isLate ? .enrolmentCodeExpired : .apiCredentialsWrong),
                fields: Self.challenge
            )
        }
        outcome = .right
        return stored
    }

    private static let decoy = PasswordHash.salted(
        salt: [UInt8](repeating: 0, count: 16),
        digest: [UInt8](repeating: 0, count: 32)
    )

    // MARK: - Renewal

    /// The device that asks: by certificate, token or password; with a grace for certificates that
    /// have expired lately where that is set.
    func device() throws(APIError) -> (Tenant, Device) {
        if let expired = try expiredDevice() { return expired }
        // The row lets everybody in because of that grace: here the usual login follows.
        var row = call.operation
        row.admission = .signedIn
        let authentication = Authentication(context: call.context)
        let caller = try authentication.caller(of: row, call.request, call.now)
        guard let caller, let device = caller.device, device.isEnabled else {
            throw APIError(.forbidden, .enrolmentNoDevice)
        }
        let label = call.name("label")
        guard label.isEmpty || label == caller.tenant.id else {
            throw APIError(.notFound, .enrolmentTenantUnknown)
        }
        return (caller.tenant, device)
    }

    /// The device of a certificate that the tenant's own authority issued and that expired within
    /// the grace; nil when it is none.
    private func expiredDevice() throws(APIError) -> (Tenant, Device)? {
        let grace = call.context.settings.enrolmentGraceSeconds
        guard grace > 0, call.request.fields["Authorization"] == nil,
            let leaf = call.request.chain.first, let name = leaf.commonName,
            leaf.notAfter < call.now, call.now - leaf.notAfter <= grace
        else { return nil }
        let registry = call.context.registry
        let anchors = try asking { () throws(RegistryError) in
            try registry.anchors(subjectKey: leaf.issuerKey, tenant: nil)
        }
        for anchor in anchors where anchor.isTenantAuthority && anchor.isEnabled {
            guard call.now <= anchor.notAfter else { continue }
            // Judged as it was at its end, by the authority that issued it and nobody else.
            let question = ChainQuestion(
                chain: [leaf],
                anchor: anchor,
                lengthMax: 2,
                now: leaf.notAfter
            )
            guard case .good(let path, _) = call.context.chains.judge(question) else { continue }
            let found = try asking { () throws(RegistryError) -> (Tenant, Device)? in
                for mark in path {
                    let revocation = try registry.revocation(
                        tenant: anchor.tenant,
                        serial: mark.serial,
                        issuerKey: mark.issuerKey
                    )
                    if revocation != nil { return nil }
                }
                guard let tenant = try registry.tenant(number: anchor.tenant), tenant.isEnabled,
                    let device = try registry.device(tenant: anchor.tenant, identifier: name),
                    device.isEnabled, device.takesCertificates
                else { return nil }
                return (tenant, device)
            }
            guard let found else { continue }
            let label = call.name("label")
            guard label.isEmpty || label == found.0.id else { continue }
            note(found.0, name, [Reason(.enrolmentGrace)], isAllowed: true)
            return found
        }
        return nil
    }

    private func note(
        _ tenant: Tenant,
        _ identifier: Name,
        _ reasons: [Reason],
        isAllowed: Bool = false
    ) {
        var record = DecisionRecord(
            time: call.now &* 1000,
            act: "login",
            isAllowed: isAllowed,
            reasons: reasons
        )
        record.tenant = tenant.number
        record.protocolName = "http"
        record.listener = call.request.listener
        record.peer = call.request.peerAddress
        record.user = identifier
        record.device = identifier
        record.subject = "enrolment"
        call.context.sessions.note(record)
    }
}
