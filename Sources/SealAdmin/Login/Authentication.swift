// SPDX-License-Identifier: Apache-2.0
// Who calls: what the request shows is put into credentials, and the login that every protocol
// shares judges them. Each judgement is noted.

internal import SealBroker
internal import SealBytes
internal import SealHTTP
internal import SealPKI

/// Finds out who calls.
struct Authentication {
    let context: AdminContext

    /// The longest token that is looked at.
    static let tokenBytesMax = 16_384
    /// The most certificates of a chain that are looked at.
    static let chainCountMax = 10

    /// What stands in the request.
    private enum Shown {
        case nothing
        case password(user: Name, password: [UInt8])
        case token(String)
        case certificate([PresentedCertificate])
    }

    /// The caller; nil when the row asks for nothing.
    func caller(
        of operation: Operation,
        _ request: AdminRequest,
        _ now: Int64
    ) throws(APIError) -> Caller? {
        var credentials = Credentials(
            chain: chain(request),
            protocolName: "http",
            isSecure: request.scheme == "https",
            listener: request.listener,
            peerAddress: request.peerAddress
        )
        let shown: Shown
        switch operation.admission.proof {
        case .none:
            // Whoever must show a certificate is heard with a good one only, for any call.
            if let reason = context.certificateRefusal(credentials).first {
                note(credentials, nil, [reason], false, now)
                throw refusal(reason, operation)
            }
            return nil
        case .credentials: shown = try self.shown(request, operation)
        case .certificate: shown = try certificate(request)
        }
        credentials.tenantHint = try tenantHint(request)
        var token: String?
        switch shown {
        case .nothing: throw refusal(Reason(.apiCredentialsMissing), operation)
        case .password(let user, let password):
            credentials.user = user
            credentials.password = password
        case .token(let text):
            credentials.password = Array(text.utf8)
            token = text
        case .certificate(let chain):
            credentials.chain = chain
            // The device is the one of the certificate: there is no client id to compare.
            credentials.isClientIDAssigned = true
            credentials.clientID = chain.first?.commonName ?? .empty
        }
        return try judge(credentials, token, operation, request, now)
    }

    /// The caller with this user name and password, which came in the body.
    func caller(
        user: Name,
        password: [UInt8],
        of operation: Operation,
        _ request: AdminRequest,
        _ now: Int64
    ) throws(APIError) -> Caller {
        var credentials = Credentials(
            chain: chain(request),
            user: user,
            password: password,
            protocolName: "http",
            isSecure: request.scheme == "https",
            listener: request.listener,
            peerAddress: request.peerAddress
        )
        credentials.tenantHint = try tenantHint(request)
        return try judge(credentials, nil, operation, request, now) { principal in
            // A token in place of the password makes no tokens, and neither does a device.
            principal.method == .password && principal.account != nil
        }
    }

    private func judge(
        _ credentials: Credentials,
        _ token: String?,
        _ operation: Operation,
        _ request: AdminRequest,
        _ now: Int64,
        takes: (Principal) -> Bool = { _ in true }
    ) throws(APIError) -> Caller {
        let isQuick = request.lane == .quick
        let step = (isQuick ? context.quickLogin : nil)?(credentials) ?? context.login(credentials)
        switch step {
        case .accepted(let principal):
            guard takes(principal) else {
                note(credentials, nil, [Reason(.apiCredentialsWrong)], false, now)
                throw refusal(Reason(.apiCredentialsWrong), operation)
            }
            let caller = try caller(principal, token)
            // What is judged by its head is judged again in full, and noted then.
            if !request.isHeadOnly {
                note(credentials, caller, [Reason(principal.method.reason)], true, now)
            }
            return caller
        case .refused(let reasons):
            note(credentials, nil, reasons, false, now)
            throw refusal(reasons.first ?? Reason(.apiCredentialsMissing), operation)
        case .needsPasswordCheck where isQuick:
            throw APIError.moving(to: .slow, line: Array(request.peerAddress.utf8))
        case .needsPasswordCheck, .needsRegistry:
            throw APIError(.internalServerError, .apiUnexpected)
        }
    }

    /// The tenant, account and device as the registry has them now.
    private func caller(_ principal: Principal, _ token: String?) throws(APIError) -> Caller {
        let registry = context.registry
        let found = try asking { () throws(RegistryError) in
            (
                tenant: try registry.tenant(number: principal.tenant),
                account: try principal.account.flatMapTyped(registry.account(number:)),
                device: try (principal.device?.number).flatMapTyped(registry.device(number:))
            )
        }
        guard let tenant = found.tenant else {
            throw APIError(.unauthorized, .apiCredentialsMissing)
        }
        return Caller(
            tenant: tenant,
            user: principal.name ?? .empty,
            roles: principal.roles,
            account: found.account,
            device: found.device,
            token: token
        )
    }

    /// Whether a password is the caller's; wrong ones count as guesses.
    func check(_ password: String, of caller: Caller, _ call: Call) throws(APIError) {
        var credentials = Credentials(
            chain: chain(call.request),
            user: "\(caller.tenant.id)/\(caller.user)",
            password: Array(password.utf8),
            protocolName: "http",
            isSecure: call.request.scheme == "https",
            listener: call.request.listener,
            peerAddress: call.request.peerAddress
        )
        credentials.tenantHint = caller.tenant.id
        // A token is no password: whoever stole one must not take the account over.
        if case .accepted(let principal) = context.login(credentials),
            principal.method == .password, principal.account == caller.account?.number
        {
            return
        }
        throw APIError(.forbidden, .apiCredentialsWrong)
    }

    // MARK: What is shown

    private func shown(
        _ request: AdminRequest,
        _ operation: Operation
    ) throws(APIError) -> Shown {
        let isOther = operation.family == .thingsBoard && request.fields["X-Authorization"] != nil
        let authorization: HTTPAuthorization?
        do {
            authorization = try HTTPAuthorization.read(
                request.fields,
                field: isOther ? "X-Authorization" : "Authorization"
            )
        } catch { throw refusal(Reason(.apiAuthorizationMalformed), operation) }
        switch authorization {
        case nil: return request.chain.isEmpty ? .nothing : try certificate(request)
        case .bearer(let token) where token.utf8.count <= Self.tokenBytesMax: return .token(token)
        case .basic(let user, let password):
            return .password(user: Name(user), password: Array(password.utf8))
        case .bearer, .other: throw refusal(Reason(.apiAuthorizationMalformed), operation)
        }
    }

    /// The certificate of TLS with the rest of its chain.
    ///
    /// What TLS did not carry may come in a field; it must continue what TLS proved.
    private func certificate(_ request: AdminRequest) throws(APIError) -> Shown {
        guard let leaf = request.chain.first else {
            throw APIError(.unauthorized, .certificateNeeded)
        }
        guard let field = request.fields["X-Ssl-Cert-Chain"] else {
            guard request.chain.count <= Self.chainCountMax else {
                throw APIError(.badRequest, .apiChainUnreadable, "more than \(Self.chainCountMax)")
            }
            return .certificate(request.chain)
        }
        let sent: [PresentedCertificate]
        do {
            sent = try CertificateText.presented(field.utf8, countMax: Self.chainCountMax)
        } catch {
            throw APIError(.badRequest, .apiChainUnreadable, error.sentence)
        }
        guard sent.first == leaf else { throw APIError(.badRequest, .apiChainForeign) }
        return .certificate(sent)
    }

    /// The chain beside other credentials: with what continues it in a field, where that is right.
    private func chain(_ request: AdminRequest) -> [PresentedCertificate] {
        guard !request.chain.isEmpty, request.fields["X-Ssl-Cert-Chain"] != nil,
            let shown = try? certificate(request), case .certificate(let chain) = shown
        else { return request.chain }
        return chain
    }

    private func tenantHint(_ request: AdminRequest) throws(APIError) -> Name? {
        let name = request.hostName
        guard !name.isEmpty else { return nil }
        let registry = context.registry
        return try asking { () throws(RegistryError) in try registry.tenant(domain: name) }?.id
    }

    // MARK: What comes of it

    /// A refusal in the words that tell a guesser nothing.
    private func refusal(_ reason: Reason, _ operation: Operation) -> APIError {
        switch RefusalAnswer(reason.code) {
        case .unavailable: return APIError(.serviceUnavailable, reason)
        case .tooOften:
            return APIError(.tooManyRequests, reason, fields: ["Retry-After": "60"])
        default: break
        }
        // The chain is good, and no device stands behind it.
        if operation.admission.proof == .certificate, Self.isAboutDevice(reason.code) {
            return APIError(.unprocessableContent, reason)
        }
        let isSecret = reason.code.publicSentence != reason.code.sentence
        let shown = isSecret ? Reason(.apiCredentialsWrong) : reason
        var fields: Fields = [:]
        if operation.family != .thingsBoard {
            fields.append("WWW-Authenticate", "Basic realm=\"Sealwire\", charset=\"UTF-8\"")
        }
        fields.append("WWW-Authenticate", "Bearer realm=\"Sealwire\"")
        return APIError(.unauthorized, shown, fields: fields)
    }

    /// Reasons for which another certificate of the same chain would not be refused.
    private static func isAboutDevice(_ code: ReasonCode) -> Bool {
        [
            .commonNameMissing, .commonNameColon, .commonNameUnusable, .deviceUnknown,
            .deviceTakesNoCertificates, .registrationFailed,
        ].contains(code)
    }

    private func note(
        _ credentials: Credentials,
        _ caller: Caller?,
        _ reasons: [Reason],
        _ isAllowed: Bool,
        _ now: Int64
    ) {
        var record = DecisionRecord(
            time: now &* 1000,
            act: "login",
            isAllowed: isAllowed,
            reasons: reasons
        )
        record.tenant = caller?.tenant.number ?? reasons.first?.tenant ?? 0
        record.protocolName = "http"
        record.listener = credentials.listener
        record.peer = credentials.peerAddress
        record.clientID = credentials.clientID
        record.user = caller?.user ?? credentials.user ?? .empty
        record.device =
            caller?.device?.identifier ?? credentials.chain.first?.commonName ?? .empty
        context.sessions.note(record)
    }
}
