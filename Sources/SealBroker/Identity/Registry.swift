// SPDX-License-Identifier: Apache-2.0
// What the domain asks of the registry of identities. SealStore answers it with SQLite; nothing
// here assumes that it is in this process. Calls may wait for a disk: never on a shard.

/// Why the registry did not do it.
public struct RegistryError: Error, Sendable, Equatable {
    /// The kinds.
    public enum Code: String, Sendable, CaseIterable {
        /// There is no such thing.
        case notFound = "not-found"
        /// It is there already.
        case duplicate
        /// It was changed meanwhile.
        case conflict
        /// A value is not allowed.
        case invalid
        /// A limit is reached.
        case full
        /// Whoever makes the change was withdrawn meanwhile.
        case withdrawn
        /// The disk or the database failed.
        case storage
    }

    /// The kind.
    public var code: Code
    /// What happened, as a sentence without full stop.
    public var reason: String

    /// Makes the error.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }
}

/// The look-ups of a login: few, indexed, and cached with exact invalidation.
public protocol IdentityDirectory: Sendable {
    /// How many changes were committed. Read before the look-ups of a decision, it tells whether a
    /// later change can concern the decision.
    var changeNumber: UInt64 { get }

    func tenant(number: UInt32) throws(RegistryError) -> Tenant?
    func tenant(id: String) throws(RegistryError) -> Tenant?
    func tenant(domain: String) throws(RegistryError) -> Tenant?
    /// The anchors with this certificate: of a tenant, or, with nil, of all tenants.
    ///
    /// Those that are proved come first, then the older ones; at most `RegistryBounds` says how
    /// many.
    func anchors(sha256: [UInt8], tenant: UInt32?) throws(RegistryError) -> [TrustAnchor]
    /// The anchors with this subject, in the same way.
    func anchors(subjectKey: [UInt8], tenant: UInt32?) throws(RegistryError) -> [TrustAnchor]
    func device(number: Int64) throws(RegistryError) -> Device?
    func device(tenant: UInt32, identifier: String) throws(RegistryError) -> Device?
    /// The credential of a tenant that is found by this.
    func credential(
        tenant: UInt32,
        kind: CredentialKind,
        lookup: String
    ) throws(RegistryError) -> Credential?
    /// The credentials of all tenants that are found by this: those that are proved first, then
    /// those with a password, then the older ones; at most `RegistryBounds` says how many.
    ///
    /// Only for a login that does not know its tenant.
    func credentials(kind: CredentialKind, lookup: String) throws(RegistryError) -> [Credential]
    func account(tenant: UInt32, name: String) throws(RegistryError) -> Account?
    func account(number: Int64) throws(RegistryError) -> Account?
    /// The revocation of a serial number that holds for a certificate of the first of these
    /// issuers, each of which stands below the next; nil when there is none.
    func revocation(
        tenant: UInt32,
        serial: String,
        issuers: [[UInt8]]
    ) throws(RegistryError) -> Revocation?
    func option(tenant: UInt32, category: String, key: String) throws(RegistryError) -> String?
    /// The tenant's rules in order.
    func policyRules(tenant: UInt32) throws(RegistryError) -> [PolicyRule]
    /// The tenant's token was withdrawn before its time.
    func isWithdrawn(tenant: UInt32, tokenID: String) throws(RegistryError) -> Bool
    /// The family of tokens has not ended.
    func isOpen(tenant: UInt32, family: String) throws(RegistryError) -> Bool
    func anchor(number: Int64) throws(RegistryError) -> TrustAnchor?
}

/// What a change sees besides what logins look up: the state so far, its own part included.
public protocol RegistryState: IdentityDirectory {
    func anchor(tenant: UInt32, fingerprint: String) throws(RegistryError) -> TrustAnchor?
    func credentials(device: Int64) throws(RegistryError) -> [Credential]
    func credential(number: Int64) throws(RegistryError) -> Credential?
    /// The devices people call so.
    func devices(tenant: UInt32, name: String, limit: Int) throws(RegistryError) -> [Device]
    func optionRecord(
        tenant: UInt32,
        category: String,
        key: String
    ) throws(RegistryError) -> TenantOption?
    func request(tenant: UInt32, identifier: String) throws(RegistryError) -> RegistrationRequest?
    func enrolmentCode(tenant: UInt32, identifier: String) throws(RegistryError) -> EnrolmentCode?
    func authority(tenant: UInt32) throws(RegistryError) -> TenantAuthority?
}

/// How many tenants' registrations of the same thing are looked at.
public enum RegistryBounds {
    /// The most credentials that are found by the same look-up.
    public static let candidatesMax = 8
    /// The most trust anchors that are found by a certificate or a subject.
    public static let anchorsMax = 64
    /// The most of them that one tenant has: any tenant can make authorities of the same name.
    public static let anchorsPerTenantMax = 16
}

/// Everything that can be read, and the one door for changes.
public protocol Registry: RegistryState {
    func tenants(_ page: PageRequest) throws(RegistryError) -> Page<Tenant>
    func anchors(tenant: UInt32, _ page: PageRequest) throws(RegistryError) -> Page<TrustAnchor>
    func device(uuid: String) throws(RegistryError) -> Device?
    func devices(
        tenant: UInt32,
        _ query: DeviceQuery,
        _ page: PageRequest
    ) throws(RegistryError) -> Page<Device>
    func credential(uuid: String) throws(RegistryError) -> Credential?
    func accounts(tenant: UInt32, _ page: PageRequest) throws(RegistryError) -> Page<Account>
    func revocations(tenant: UInt32, _ page: PageRequest) throws(RegistryError) -> Page<Revocation>
    /// The options of a tenant, of one category or of all.
    func options(
        tenant: UInt32,
        category: String?,
        _ page: PageRequest
    ) throws(RegistryError) -> Page<TenantOption>
    func requests(
        tenant: UInt32,
        _ page: PageRequest
    ) throws(RegistryError) -> Page<RegistrationRequest>
    /// The youngest first.
    func audit(tenant: UInt32?, _ page: PageRequest) throws(RegistryError) -> Page<AuditRecord>
    /// All keys that are still needed to check tokens, the one that signs first.
    func signingKeys() throws(RegistryError) -> [SigningKey]

    /// Makes changes in one transaction with their audit records: all or none.
    ///
    /// Before it returns, caches are emptied and whoever relied on what was withdrawn is cut off;
    /// the effect says how many.
    func change<Result: Sendable>(
        by author: Author,
        _ body: (any RegistryWriter) throws(RegistryError) -> Result
    ) throws(RegistryError) -> (result: Result, effect: ChangeEffect)
}

/// What can be changed, inside `Registry.change` only.
///
/// What is there already is changed by a body that gets the row as it is then and sets the fields
/// that are meant: no row that was read before can be written, and with it what others changed
/// since. Numbers, UUIDs and times that are 0 or empty are filled in; every method writes its audit
/// record.
public protocol RegistryWriter: AnyObject {
    /// Reads of the state so far, uncommitted changes included.
    var directory: any RegistryState { get }

    func add(_ tenant: Tenant) throws(RegistryError) -> Tenant
    @discardableResult
    func update(
        tenant number: UInt32,
        _ body: (inout Tenant) throws(RegistryError) -> Void
    ) throws(RegistryError) -> Tenant
    /// With everything in it.
    func removeTenant(number: UInt32) throws(RegistryError)

    func add(_ account: Account) throws(RegistryError) -> Account
    @discardableResult
    func update(
        account number: Int64,
        _ body: (inout Account) throws(RegistryError) -> Void
    ) throws(RegistryError) -> Account
    /// Ends everything that was logged in with the account, tokens included.
    func endLogins(account number: Int64) throws(RegistryError)
    func removeAccount(number: Int64) throws(RegistryError)

    func add(_ anchor: TrustAnchor) throws(RegistryError) -> TrustAnchor
    @discardableResult
    func update(
        anchor number: Int64,
        _ body: (inout TrustAnchor) throws(RegistryError) -> Void
    ) throws(RegistryError) -> TrustAnchor
    func removeAnchor(number: Int64) throws(RegistryError)

    func add(_ device: Device) throws(RegistryError) -> Device
    @discardableResult
    func update(
        device number: Int64,
        _ body: (inout Device) throws(RegistryError) -> Void
    ) throws(RegistryError) -> Device
    /// With its credentials.
    func removeDevice(number: Int64) throws(RegistryError)

    func add(_ credential: Credential) throws(RegistryError) -> Credential
    /// Counts its version up.
    ///
    /// Found by something else it is a new registration: younger than all others, and not proved.
    @discardableResult
    func update(
        credential number: Int64,
        _ body: (inout Credential) throws(RegistryError) -> Void
    ) throws(RegistryError) -> Credential
    func removeCredential(number: Int64) throws(RegistryError)
    /// Notes how far the proof got that the tenant holds the key of a credential's certificate.
    ///
    /// Whoever relies on another tenant's registration of it is judged again once it is proved.
    func setProof(_ proof: TrustAnchor.Proof, credential number: Int64) throws(RegistryError)
    /// Notes that a credential let in a client that proved nothing by it; the first time counts.
    func noteFirstUse(credential number: Int64) throws(RegistryError)

    /// Adds a revocation or takes the newer date. A reason that is final stays what it is.
    func revoke(_ revocation: Revocation, keepsOldDate: Bool) throws(RegistryError)
    /// Takes a revocation back; `conflict` unless its reason is `certificateHold`.
    func release(
        tenant: UInt32,
        serial: String,
        issuer: RevokedIssuer
    ) throws(RegistryError)
    /// Lets the entry of a serial number that means every authority mean this one alone.
    func narrow(_ revocation: Revocation) throws(RegistryError)

    /// Sets the value; whether tenants may edit it, stays.
    func setOption(
        tenant: UInt32,
        category: String,
        key: String,
        value: String
    ) throws(RegistryError)
    /// Says whether tenants may edit an option that is there.
    func setOption(
        tenant: UInt32,
        category: String,
        key: String,
        isEditable: Bool
    ) throws(RegistryError)
    func removeOption(tenant: UInt32, category: String, key: String) throws(RegistryError)

    /// Replaces all rules of the tenant.
    func setPolicy(tenant: UInt32, _ rules: [PolicyRule]) throws(RegistryError)

    func add(_ request: RegistrationRequest) throws(RegistryError)
    @discardableResult
    func update(
        request identifier: String,
        tenant: UInt32,
        _ body: (inout RegistrationRequest) throws(RegistryError) -> Void
    ) throws(RegistryError) -> RegistrationRequest
    func removeRequest(tenant: UInt32, identifier: String) throws(RegistryError)

    /// Gives a device a new code; an older one counts no more.
    func give(_ code: EnrolmentCode) throws(RegistryError)
    func removeEnrolmentCode(tenant: UInt32, identifier: String) throws(RegistryError)
    /// Keeps a code for one public key; `conflict` when another key has it, `notFound` when it is
    /// not this code any more.
    func bind(_ code: EnrolmentCode, key: [UInt8]) throws(RegistryError)
    /// Removes a code whose certificate has reached its device, unless it is another one by now.
    func spend(_ code: EnrolmentCode, key: [UInt8]) throws(RegistryError)

    func add(_ key: SigningKey) throws(RegistryError)
    /// From then on the key signs no more; milliseconds since 1970.
    func retireSigningKey(id: String, at time: Int64) throws(RegistryError)
    func removeSigningKey(id: String) throws(RegistryError)
    /// A tenant has one at most.
    func add(_ authority: TenantAuthority) throws(RegistryError)

    /// Withdraws a token; the entry may be forgotten after its time, in seconds since 1970.
    func withdrawToken(id: String, tenant: UInt32, expiresAt: Int64) throws(RegistryError)

    /// Begins a family of tokens; when the account has too many, the oldest ends.
    func open(_ family: TokenFamily) throws(RegistryError)
    /// Uses the refresh token of a generation up: the family as it is from then on, to the time
    /// that is given, in seconds since 1970.
    ///
    /// Whoever shows one a second time ends the family: then, and when it has ended before, the
    /// answer is nil.
    func advance(
        family id: String,
        account: Int64,
        from generation: Int64,
        expiresAt: Int64
    ) throws(RegistryError) -> TokenFamily?
    /// Ends a family, if it has not ended yet.
    func endFamily(id: String, tenant: UInt32) throws(RegistryError)

    /// A record that belongs to no other change.
    ///
    /// Where its author has no name, it is the author of the change.
    func audit(_ record: AuditRecord) throws(RegistryError)

    /// Many changes under one audit record, which the body hands back when it is done.
    ///
    /// Their own records are left out, and so are the `IdentityChange`s of what is new, because
    /// nobody can rely on it yet.
    func inBulk(_ body: () throws(RegistryError) -> AuditRecord) throws(RegistryError)

    /// A part that can fail by itself: when the body throws, nothing of the part remains, and the
    /// rest of the change goes on.
    func separately<Result>(
        _ body: () throws(RegistryError) -> Result
    ) throws(RegistryError) -> Result
}
