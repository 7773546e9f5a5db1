// SPDX-License-Identifier: Apache-2.0
// The login of listeners that ask the registry: which credential counts, in which order, and whom
// it makes. Certificates, passwords and tokens have files of their own.

internal import SealBytes

/// The login over the registry: one function for every protocol.
public enum RegistryLogin {
    /// Judges what can be judged without comparing a password.
    ///
    /// Calls wait for the registry: never on a shard.
    public static func begin(
        _ credentials: Credentials,
        _ rules: AccessRules,
        _ environment: LoginEnvironment
    ) -> LoginStep {
        let attempt = LoginAttempt(credentials, rules, environment)
        do throws(LoginRefusal) {
            return try attempt.decide()
        } catch {
            return .refused(attempt.attributed(error.reasons))
        }
    }

    /// Both parts at once, for callers that may wait.
    public static func run(
        _ credentials: Credentials,
        _ rules: AccessRules,
        _ environment: LoginEnvironment,
        _ check: some PasswordCheck
    ) -> LoginStep {
        var step = begin(credentials, rules, environment)
        if case .needsPasswordCheck(let question) = step {
            step = Login.finish(question, matches: question.isAnswered(by: check))
        }
        settle(step, environment)
        return step
    }
}

/// One login while it is decided.
struct LoginAttempt {
    let credentials: Credentials
    let rules: AccessRules
    let environment: LoginEnvironment
    let now: Int64
    /// Read before anything is looked up: what changes from here on is told to the connection.
    let changeNumber: UInt64
    private let found = TenantFound()

    var registry: any Registry { environment.registry }
    var taken: RegistryLoginRules { rules.registry }

    init(_ credentials: Credentials, _ rules: AccessRules, _ environment: LoginEnvironment) {
        self.credentials = credentials
        self.rules = rules
        self.environment = environment
        now = environment.clock()
        changeNumber = environment.registry.changeNumber
    }

    /// The documented order.
    func decide() throws(LoginRefusal) -> LoginStep {
        let judgesCertificates = taken.takesPinnedCertificates || taken.takesTrustedCertificates
        let hasCertificate = judgesCertificates && !credentials.chain.isEmpty
        let passwordWins = taken.precedence == .password && credentials.password != nil
        if hasCertificate, !passwordWins { return .accepted(try byCertificate()) }
        return try decide(beside: try demandedCertificate())
    }

    /// Logins by anything but a certificate.
    func byOthers() throws(LoginRefusal) -> LoginStep {
        if let step = try byUser() { return step }
        if rules.allowsAnonymous { return .accepted(try anonymous()) }
        let judgesCertificates = taken.takesPinnedCertificates || taken.takesTrustedCertificates
        let takesOthers = taken.takesPasswords || taken.takesAccessTokens || taken.takesWebTokens
        throw LoginRefusal(
            judgesCertificates && !takesOthers ? .certificateNeeded : .anonymousForbidden
        )
    }

    private func anonymous() throws(LoginRefusal) -> Principal {
        let named = taken.tenant ?? credentials.tenantHint
        guard let named else { throw LoginRefusal(.tenantMissing) }
        let tenant = try tenant(named)
        try checkClientID(tenant, own: nil)
        return try principal(nil, .anonymous, tenant, Reliance())
    }

    // MARK: What every kind needs

    /// Asks the registry; that it does not answer is a refusal, too.
    func ask<Answer>(
        _ question: (any Registry) throws(RegistryError) -> Answer
    ) throws(LoginRefusal) -> Answer {
        do throws(RegistryError) {
            return try question(registry)
        } catch {
            throw LoginRefusal(.registryFailed, error.code.rawValue)
        }
    }

    /// An enabled tenant that may come in by this listener.
    func tenant(_ id: Name) throws(LoginRefusal) -> Tenant {
        let found = try ask { (registry) throws(RegistryError) in try registry.tenant(id: id) }
        guard let found else { throw LoginRefusal(.tenantUnknown, id.shortened) }
        return try admitted(found)
    }

    /// An enabled tenant that may come in by this listener.
    func tenant(number: UInt32) throws(LoginRefusal) -> Tenant {
        let found = try ask { (registry) throws(RegistryError) in
            try registry.tenant(number: number)
        }
        guard let found else { throw LoginRefusal(.tenantUnknown) }
        return try admitted(found)
    }

    /// The reasons with the tenant that was found on the way, for those who administer it.
    func attributed(_ reasons: [Reason]) -> [Reason] {
        reasons.map { reason in
            var reason = reason
            if reason.tenant == 0 { reason.tenant = found.number }
            return reason
        }
    }

    /// The attempt is about this tenant, whose operators may know of it.
    func concern(_ tenant: UInt32) { found.number = tenant }

    private func admitted(_ tenant: Tenant) throws(LoginRefusal) -> Tenant {
        found.number = tenant.number
        if let own = taken.tenant, own != tenant.id {
            throw LoginRefusal(.tenantOfListener, tenant.id.text)
        }
        guard tenant.isEnabled else { throw LoginRefusal(.tenantDisabled, tenant.id.text) }
        return tenant
    }

    /// An enabled device.
    func device(number: Int64) throws(LoginRefusal) -> Device {
        let found = try ask { (registry) throws(RegistryError) in
            try registry.device(number: number)
        }
        guard let found else { throw LoginRefusal(.deviceUnknown) }
        guard found.isEnabled else {
            throw LoginRefusal(.deviceDisabled, found.identifier.shortened)
        }
        return found
    }

    /// The client id in force for a device that may choose its own.
    ///
    /// Where it names the device in any of the forms, the device has one session.
    func clientID(of device: Device) -> Name {
        let named = ClientIDForm(credentials.clientID).device
        return named == device.identifier ? device.identifier : credentials.clientID
    }

    /// A client id that belongs to a device may only be used with that device's own credentials.
    func checkClientID(_ tenant: Tenant, own: Device?) throws(LoginRefusal) {
        let named = ClientIDForm(credentials.clientID).device
        let clientID = credentials.clientID
        guard !clientID.isEmpty, !credentials.isClientIDAssigned else { return }
        for identifier in named.isEmpty || named == clientID ? [clientID] : [named] {
            let other = try ask { (registry) throws(RegistryError) in
                try registry.device(tenant: tenant.number, identifier: identifier)
            }
            if let other, other.number != own?.number {
                throw LoginRefusal(.clientIDOfDevice, identifier.shortened)
            }
        }
    }

    /// A client that was let in.
    func principal(
        _ name: Name?,
        _ method: LoginMethod,
        _ tenant: Tenant,
        _ reliance: Reliance,
        clientID: Name? = nil,
        device: Device? = nil,
        account: Account? = nil,
        proof: String = ""
    ) throws(LoginRefusal) -> Principal {
        let rules = try ask { (registry) throws(RegistryError) in
            try registry.policyRules(tenant: tenant.number)
        }
        var principal = Principal(
            name: name,
            clientID: clientID ?? credentials.clientID,
            method: method,
            listener: credentials.listener,
            tenant: tenant,
            policy: environment.policies.policy(of: tenant.number, rules),
            device: device.map { PrincipalDevice(number: $0.number, identifier: $0.identifier) },
            account: account
        )
        principal.proof = proof
        principal.reliance = reliance
        principal.reliance.changeNumber = changeNumber
        principal.reliance.tenant = tenant.number
        principal.reliance.device = device?.number
        principal.reliance.account = account?.number
        return principal
    }

    /// A device that was let in by something other than a chain.
    func principal(
        _ device: Device,
        _ method: LoginMethod,
        _ tenant: Tenant,
        _ reliance: Reliance,
        proof: String
    ) throws(LoginRefusal) -> Principal {
        try checkClientID(tenant, own: device)
        return try principal(
            device.userName,
            method,
            tenant,
            reliance,
            clientID: clientID(of: device),
            device: device,
            proof: proof
        )
    }
}

/// The tenant that an attempt came to, if it came to one.
private final class TenantFound {
    var number: UInt32 = 0
}

/// A client id in one of Cumulocity's forms: `x`, `d:x` and `d:x:template` name the device x.
struct ClientIDForm: Equatable {
    /// The device; empty when there is none in it.
    let device: Name

    init(_ clientID: Name) {
        let parts = clientID.text.split(atByte: ":")
        switch parts.count {
        case 2, 3: device = parts[0].utf8.elementsEqual("d".utf8) ? Name(parts[1]) : ""
        case 1: device = clientID
        default: device = ""
        }
    }
}
