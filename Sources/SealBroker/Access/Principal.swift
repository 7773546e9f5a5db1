// SPDX-License-Identifier: Apache-2.0
// Who a client is once the login is done, and the questions asked about it from then on.

public import SealBytes

/// What made a login succeed.
public enum LoginMethod: String, Sendable, CaseIterable {
    /// A certificate: its name by the listener's files, or an authority a tenant trusts.
    case certificate
    /// A certificate that stands in the device's credentials.
    case pinnedCertificate = "pinned-certificate"
    /// An access token as user name.
    case accessToken = "access-token"
    /// Client id, user name and password in ThingsBoard's mix.
    case basic = "mqtt-basic"
    /// User name and password.
    case password
    /// A JSON Web Token in place of the password.
    case jwt
    /// SCRAM-SHA-256.
    case scram
    /// Nothing at all.
    case anonymous

    /// The reason of a login that succeeded so.
    public var reason: ReasonCode {
        switch self {
        case .certificate: .loginCertificate
        case .pinnedCertificate: .loginPinnedCertificate
        case .accessToken: .loginAccessToken
        case .basic: .loginBasic
        case .password: .loginPassword
        case .jwt: .loginJWT
        case .scram: .loginScram
        case .anonymous: .loginAnonymous
        }
    }
}

/// The device a client is.
public struct PrincipalDevice: Sendable, Equatable {
    /// Its number in the registry.
    public var number: Int64
    /// Its identifier, unique in the tenant.
    public var identifier: Name

    /// Makes the value.
    public init(number: Int64, identifier: Name) {
        self.number = number
        self.identifier = identifier
    }
}

/// What a client may do: by an ACL file, or by its tenant's rules.
public enum AccessPolicy: Sendable {
    case file(Policy)
    case tenant(TenantPolicy)
}

/// A client that is logged in.
public struct Principal: Sendable {
    /// The user name, proved by what it showed; nil for anonymous clients.
    ///
    /// A device's is `device_<identifier>`.
    public var name: Name?
    /// The client id in force, after the listener's rule.
    public var clientID: Name
    /// What proved the name.
    public var method: LoginMethod
    /// The listener it came in by.
    public var listener: String
    /// What it may do.
    public var policy: AccessPolicy
    /// It may read `$SYS/#`, as far as the policy lets it.
    public var readsSys: Bool
    /// The tenant's number; 0 for listeners that judge by files.
    public var tenant: UInt32 = 0
    /// The tenant's id; empty for listeners that judge by files.
    public var tenantID = Name.empty
    /// The device it is, if it is one.
    public var device: PrincipalDevice?
    /// The account it is, if it is one.
    public var account: Int64?
    /// What the account may do.
    public var roles: Set<Role> = []
    /// What the login stands on.
    public var reliance = Reliance()
    /// What proved it, for people: such as the serial number and the authority.
    public var proof = ""
    /// What is left to write down about its login.
    var notes = LoginNotes()
    /// Its names as they stand in topics; empty for listeners that judge by files.
    var topicNames = TopicNames()

    /// An account that may only fetch credentials for a new device.
    private(set) var isBootstrapping = false

    /// No file and no rule restricts it.
    public var isUnrestricted: Bool {
        switch policy {
        case .file(let policy): policy.allowsEverything
        case .tenant(let policy): policy.rules.isEmpty && !isBootstrapping
        }
    }

    /// Nothing needs to be asked about topics outside of `TopicSpace.isReserved`.
    var needsNoQuestions: Bool {
        switch policy {
        case .file: isUnrestricted && readsSys
        case .tenant: isUnrestricted
        }
    }

    /// Its tenant's rules; nil when an ACL file holds.
    var tenantPolicy: TenantPolicy? {
        get { if case .tenant(let policy) = policy { policy } else { nil } }
        set { if let newValue { policy = .tenant(newValue) } }
    }

    /// A client of a listener that judges by files.
    init(
        name: Name?,
        clientID: Name,
        method: LoginMethod,
        listener: String,
        policy: Policy,
        readsSys: Bool
    ) {
        self.name = name
        self.clientID = clientID
        self.method = method
        self.listener = listener
        self.policy = .file(policy)
        self.readsSys = readsSys
    }

    /// A client of a tenant.
    public init(
        name: Name?,
        clientID: Name,
        method: LoginMethod,
        listener: String,
        tenant: Tenant,
        policy: TenantPolicy,
        device: PrincipalDevice? = nil,
        account: Account? = nil
    ) {
        self.name = name
        self.clientID = clientID
        self.method = method
        self.listener = listener
        self.policy = .tenant(policy)
        readsSys = false
        self.tenant = tenant.number
        tenantID = tenant.id
        self.device = device
        self.account = account?.number
        roles = account?.roles ?? (device == nil ? [] : [.device])
        isBootstrapping = account.map { !$0.roles.contains(where: \.maySendMessages) } ?? false
        topicNames = TopicNames(clientID: clientID, user: name, device: device?.identifier)
    }

    /// May this client do that? `topic` is the filter when `act` is `.subscribe`.
    public func decide(_ act: AccessAct, topic: [UInt8]) -> Decision {
        switch policy {
        case .tenant(let policy): return policy.decide(act, topic: topic, for: self)
        case .file(let policy):
            let levels = Policy.plainLevels(act, topic)
            if act == .publish, levels.first == TopicRule.Level("$share".utf8) {
                // Nobody could read it: in a filter `$share` is not a level (MQTT 5.0 §4.8.2).
                return .refused([Reason(.accessReserved)])
            }
            if levels.first == TopicRule.Level("$SYS".utf8) {
                // Publishing there would let a client speak for the broker.
                if act == .publish { return .refused([Reason(.sysReadOnly)]) }
                if !readsSys { return .refused([Reason(.sysForbidden)]) }
            }
            return policy.decide(act, topic: topic, user: name, clientID: clientID)
        }
    }
}
