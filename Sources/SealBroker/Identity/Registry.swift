// SPDX-License-Identifier: Apache-2.0
// What the domain asks of the registry of identities. SealStore answers it with SQLite; nothing
// here assumes that it is in this process. Calls may wait for a disk: never on a shard.

public import SealBytes

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
    func tenant(id: Name) throws(RegistryError) -> Tenant?
    func tenant(domain: Name) throws(RegistryError) -> Tenant?
    /// The anchors with this certificate: of a tenant, or, with nil, of all tenants.
    ///
    /// Those that are proved come first, then the older ones; at most `RegistryBounds` says how
    /// many.
    func anchors(sha256: [UInt8], tenant: UInt32?) throws(RegistryError) -> [TrustAnchor]
    /// The anchors with this subject, in the same way.
    func anchors(subjectKey: [UInt8], tenant: UInt32?) throws(RegistryError) -> [TrustAnchor]
    func device(number: Int64) throws(RegistryError) -> Device?
    func device(tenant: UInt32, identifier: Name) throws(RegistryError) -> Device?
    /// The credential of a tenant that is found by this.
    func credential(
        tenant: UInt32,
        kind: CredentialKind,
        lookup: Name
    ) throws(RegistryError) -> Credential?
    /// The credentials of all tenants that are found by this: those that are proved first, then
    /// those with a password, then the older ones; at most `RegistryBounds` says how many.
    ///
    /// Only for a login that does not know its tenant.
    func credentials(kind: CredentialKind, lookup: Name) throws(RegistryError) -> [Credential]
    func account(tenant: UInt32, name: Name) throws(RegistryError) -> Account?
    func account(number: Int64) throws(RegistryError) -> Account?
    /// The revocation of a serial number that holds for this issuer, if there is one.
    func revocation(
        tenant: UInt32,
        serial: Name,
        issuerKey: [UInt8]
    ) throws(RegistryError) -> Revocation?
    func option(tenant: UInt32, category: Name, key: Name) throws(RegistryError) -> String?
    /// The tenant's rules in order.
    func policyRules(tenant: UInt32) throws(RegistryError) -> [PolicyRule]
    /// The token was withdrawn before its time.
    func isWithdrawn(tokenID: Name) throws(RegistryError) -> Bool
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
public protocol Registry: IdentityDirectory {
    func tenants(_ page: PageRequest) throws(RegistryError) -> Page<Tenant>
    func anchors(tenant: UInt32, _ page: PageRequest) throws(RegistryError) -> Page<TrustAnchor>
    func anchor(number: Int64) throws(RegistryError) -> TrustAnchor?
    func anchor(tenant: UInt32, fingerprint: Name) throws(RegistryError) -> TrustAnchor?
    func device(uuid: Name) throws(RegistryError) -> Device?
    func devices(
        tenant: UInt32,
        _ query: DeviceQuery,
        _ page: PageRequest
    ) throws(RegistryError) -> Page<Device>
    func credentials(device: Int64) throws(RegistryError) -> [Credential]
    func credential(uuid: Name) throws(RegistryError) -> Credential?
    func accounts(tenant: UInt32, _ page: PageRequest) throws(RegistryError) -> Page<Account>
    func revocations(tenant: UInt32, _ page: PageRequest) throws(RegistryError) -> Page<Revocation>
    func optionRecord(
        tenant: UInt32,
        category: Name,
        key: Name
    ) throws(RegistryError) -> TenantOption?
    /// The options of a tenant, of one category or of all.
    func options(
        tenant: UInt32,
        category: Name?,
        _ page: PageRequest
    ) throws(RegistryError) -> Page<TenantOption>
    func requests(
        tenant: UInt32,
        _ page: PageRequest
    ) throws(RegistryError) -> Page<RegistrationRequest>
    func request(tenant: UInt32, identifier: Name) throws(RegistryError) -> RegistrationRequest?
    func enrolmentCode(tenant: UInt32, identifier: Name) throws(RegistryError) -> EnrolmentCode?
    /// The youngest first.
    func audit(tenant: UInt32?, _ page: PageRequest) throws(RegistryError) -> Page<AuditRecord>
    /// All keys that are still needed to check tokens, the one that signs first.
    func signingKeys() throws(RegistryError) -> [SigningKey]
    func authority(tenant: UInt32) throws(RegistryError) -> TenantAuthority?

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
/// Numbers, UUIDs and times that are 0 or empty are filled in; every method writes its audit
/// record.
public protocol RegistryWriter: AnyObject {
    /// Reads of the state so far, uncommitted changes included.
    var directory: any IdentityDirectory { get }

    func add(_ tenant: Tenant) throws(RegistryError) -> Tenant
    func replace(_ tenant: Tenant) throws(RegistryError)
    /// With everything in it.
    func removeTenant(number: UInt32) throws(RegistryError)

    func add(_ account: Account) throws(RegistryError) -> Account
    func replace(_ account: Account) throws(RegistryError)
    func removeAccount(number: Int64) throws(RegistryError)

    func add(_ anchor: TrustAnchor) throws(RegistryError) -> TrustAnchor
    func replace(_ anchor: TrustAnchor) throws(RegistryError)
    func removeAnchor(number: Int64) throws(RegistryError)

    func add(_ device: Device) throws(RegistryError) -> Device
    func replace(_ device: Device) throws(RegistryError)
    /// With its credentials.
    func removeDevice(number: Int64) throws(RegistryError)

    func add(_ credential: Credential) throws(RegistryError) -> Credential
    /// Refused with `conflict` when the version is not the stored one; counts it up.
    ///
    /// Found by something else it is a new registration: younger than all others, and not proved.
    func replace(_ credential: Credential) throws(RegistryError) -> Credential
    func removeCredential(number: Int64) throws(RegistryError)
    /// Notes how far the proof got that the tenant holds the key of a credential's certificate.
    ///
    /// Whoever relies on another tenant's registration of it is judged again once it is proved.
    func setProof(_ proof: TrustAnchor.Proof, credential number: Int64) throws(RegistryError)
    /// Notes that a credential let in a client that proved nothing by it; the first time counts.
    func noteFirstUse(credential number: Int64) throws(RegistryError)

    /// Adds a revocation or takes the newer date; entries are never removed.
    func revoke(_ revocation: Revocation, keepsOldDate: Bool) throws(RegistryError)

    func setOption(tenant: UInt32, _ option: TenantOption) throws(RegistryError)
    func removeOption(tenant: UInt32, category: Name, key: Name) throws(RegistryError)

    /// Replaces all rules of the tenant.
    func setPolicy(tenant: UInt32, _ rules: [PolicyRule]) throws(RegistryError)

    func set(_ request: RegistrationRequest) throws(RegistryError)
    func removeRequest(tenant: UInt32, identifier: Name) throws(RegistryError)

    func set(_ code: EnrolmentCode) throws(RegistryError)
    func removeEnrolmentCode(tenant: UInt32, identifier: Name) throws(RegistryError)

    func add(_ key: SigningKey) throws(RegistryError)
    func replace(_ key: SigningKey) throws(RegistryError)
    func removeSigningKey(id: Name) throws(RegistryError)
    func set(_ authority: TenantAuthority) throws(RegistryError)

    /// Withdraws a token; the entry may be forgotten after its time, in seconds since 1970.
    func withdrawToken(id: Name, tenant: UInt32, expiresAt: Int64) throws(RegistryError)

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
