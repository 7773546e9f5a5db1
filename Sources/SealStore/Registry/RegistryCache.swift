// SPDX-License-Identifier: Apache-2.0
// What is kept of the registry in memory, and what a change takes out of it.
//
// Why an entry is never stale: whoever reads from the disk notes the number of changes before, and
// its answer is kept only while that number still stands. A change first becomes visible on the
// disk, and then, in one step under the lock, takes its entries out and counts the number up. An
// answer from before the change is therefore either taken out by that step or not kept after it.

internal import SealBroker

/// What a change takes out of the memory.
enum CacheTouch: Sendable {
    case tenant(number: UInt32, id: String, domains: [String])
    /// The tenant is gone with everything in it.
    case everything(of: UInt32)
    case account(number: Int64, tenant: UInt32, names: [String])
    case anchor(number: Int64)
    case device(number: Int64, tenant: UInt32, identifiers: [String])
    case credential(kind: CredentialKind, lookup: String)
    case revocation(tenant: UInt32, serial: String)
    case option(tenant: UInt32, category: String, key: String)
    case policy(tenant: UInt32)
    case token(tenant: UInt32, id: String)
    case family(tenant: UInt32, id: String)
}

/// A change of the anchors' keys.
enum AnchorMove: Sendable {
    case added(AnchorMark)
    case removed(Int64)
    case removedAll(tenant: UInt32)
}

/// A name as it stands on the disk: two texts that Swift takes for equal, because they look alike,
/// are two names when their bytes differ.
struct NameKey: Hashable, Sendable {
    private let text: String

    init(_ text: String) { self.text = text }

    static func == (left: NameKey, right: NameKey) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }
}

/// A name in a tenant.
struct TenantKey: Hashable, Sendable {
    let tenant: UInt32
    private let name: NameKey

    init(tenant: UInt32, name: String) {
        self.tenant = tenant
        self.name = NameKey(name)
    }
}

/// An option's name.
struct OptionKey: Hashable, Sendable {
    let tenant: UInt32
    private let category: NameKey
    private let key: NameKey

    init(tenant: UInt32, category: String, key: String) {
        self.tenant = tenant
        self.category = NameKey(category)
        self.key = NameKey(key)
    }
}

/// What a credential is found by.
struct CredentialKey: Hashable, Sendable {
    private let kind: CredentialKind
    private let lookup: NameKey

    init(kind: CredentialKind, lookup: String) {
        self.kind = kind
        self.lookup = NameKey(lookup)
    }
}

/// The memory.
///
/// Optional values are answers, too: there is no such thing.
struct RegistryCache: Sendable {
    /// How many changes were committed.
    private(set) var changeNumber: UInt64 = 0
    var anchorIndex: AnchorIndex
    /// The tenants that ever revoked anything; in the others no serial number is looked for.
    private(set) var revokingTenants: Set<UInt32>

    var tenantsByNumber: RecentEntries<UInt32, Tenant>
    var tenantNumbersByID: RecentEntries<NameKey, UInt32>
    var tenantNumbersByDomain: RecentEntries<NameKey, UInt32>
    var accountsByNumber: RecentEntries<Int64, Account>
    var accountsByName: RecentEntries<TenantKey, Account>
    var anchors: RecentEntries<Int64, TrustAnchor>
    var devicesByNumber: RecentEntries<Int64, Device>
    var devicesByIdentifier: RecentEntries<TenantKey, Device>
    /// Of all tenants, because the same may be registered in several.
    var credentials: RecentEntries<CredentialKey, [Credential]>
    var revocations: RecentEntries<TenantKey, [Revocation]>
    var options: RecentEntries<OptionKey, String?>
    var rules: RecentEntries<UInt32, [PolicyRule]>
    var withdrawnTokens: RecentEntries<TenantKey, Bool>
    var openFamilies: RecentEntries<TenantKey, Bool>

    init(
        _ limits: RegistryLimits,
        anchors marks: [AnchorMark],
        revokingTenants: Set<UInt32>
    ) {
        self.revokingTenants = revokingTenants
        let (entries, records) = (limits.cachedEntriesMax, limits.cachedRecordsMax)
        anchorIndex = AnchorIndex(marks)
        tenantsByNumber = RecentEntries(max: records)
        tenantNumbersByID = RecentEntries(max: records)
        tenantNumbersByDomain = RecentEntries(max: records)
        accountsByNumber = RecentEntries(max: records)
        accountsByName = RecentEntries(max: records)
        anchors = RecentEntries(max: records)
        devicesByNumber = RecentEntries(max: entries)
        devicesByIdentifier = RecentEntries(max: entries)
        credentials = RecentEntries(max: entries)
        revocations = RecentEntries(max: entries)
        options = RecentEntries(max: entries)
        rules = RecentEntries(max: records)
        withdrawnTokens = RecentEntries(max: entries)
        openFamilies = RecentEntries(max: entries)
    }

    /// Ends a change: takes out what it concerns and counts up to the number of its last part.
    mutating func publish(
        _ touches: CacheTouches,
        moves: [AnchorMove],
        revokingTenants revoking: Set<UInt32>,
        changeNumber newest: UInt64
    ) {
        revokingTenants.formUnion(revoking)
        for move in moves {
            switch move {
            case .added(let mark): anchorIndex.add(mark)
            case .removed(let number): anchorIndex.remove(number)
            case .removedAll(let tenant): anchorIndex.removeAll(of: tenant)
            }
        }
        switch touches {
        case .some(let touches): for touch in touches { take(touch) }
        case .all: forgetAll()
        }
        changeNumber = newest
    }

    private mutating func take(_ touch: CacheTouch) {
        switch touch {
        case .tenant(let number, let id, let domains):
            tenantsByNumber.forget(number)
            tenantNumbersByID.forget(NameKey(id))
            for domain in domains { tenantNumbersByDomain.forget(NameKey(domain)) }
        case .everything(let tenant): forgetEverything(of: tenant)
        case .account(let number, let tenant, let names):
            accountsByNumber.forget(number)
            for name in names { accountsByName.forget(TenantKey(tenant: tenant, name: name)) }
        case .anchor(let number): anchors.forget(number)
        case .device(let number, let tenant, let identifiers):
            devicesByNumber.forget(number)
            for identifier in identifiers {
                devicesByIdentifier.forget(TenantKey(tenant: tenant, name: identifier))
            }
        case .credential(let kind, let lookup):
            credentials.forget(CredentialKey(kind: kind, lookup: lookup))
        case .revocation(let tenant, let serial):
            revocations.forget(TenantKey(tenant: tenant, name: serial))
        case .option(let tenant, let category, let key):
            options.forget(OptionKey(tenant: tenant, category: category, key: key))
        case .policy(let tenant): rules.forget(tenant)
        case .token(let tenant, let id):
            withdrawnTokens.forget(TenantKey(tenant: tenant, name: id))
        case .family(let tenant, let id):
            openFamilies.forget(TenantKey(tenant: tenant, name: id))
        }
    }

    private mutating func forgetEverything(of tenant: UInt32) {
        tenantsByNumber.forget(tenant)
        tenantNumbersByID.forgetAll { $1 == tenant }
        tenantNumbersByDomain.forgetAll { $1 == tenant }
        accountsByNumber.forgetAll { $1.tenant == tenant }
        accountsByName.forgetAll { key, _ in key.tenant == tenant }
        anchors.forgetAll { $1.tenant == tenant }
        devicesByNumber.forgetAll { $1.tenant == tenant }
        devicesByIdentifier.forgetAll { key, _ in key.tenant == tenant }
        credentials.forgetAll { $1.contains { $0.tenant == tenant } }
        revocations.forgetAll { key, _ in key.tenant == tenant }
        options.forgetAll { key, _ in key.tenant == tenant }
        rules.forget(tenant)
        withdrawnTokens.forgetAll { key, _ in key.tenant == tenant }
        openFamilies.forgetAll { key, _ in key.tenant == tenant }
    }

    private mutating func forgetAll() {
        tenantsByNumber.forgetAll()
        tenantNumbersByID.forgetAll()
        tenantNumbersByDomain.forgetAll()
        accountsByNumber.forgetAll()
        accountsByName.forgetAll()
        anchors.forgetAll()
        devicesByNumber.forgetAll()
        devicesByIdentifier.forgetAll()
        credentials.forgetAll()
        revocations.forgetAll()
        options.forgetAll()
        rules.forgetAll()
        withdrawnTokens.forgetAll()
        openFamilies.forgetAll()
    }
}

/// What a change takes out, or all when that is a lot.
enum CacheTouches: Sendable {
    case some([CacheTouch])
    case all

    /// So many are remembered one by one; a bulk of more empties the memory.
    static let countMax = 16_384

    mutating func add(_ touch: CacheTouch) {
        guard case .some(var touches) = self else { return }
        guard touches.count < Self.countMax else {
            self = .all
            return
        }
        // The array is this function's alone meanwhile, or every addition would copy it.
        self = .all
        touches.append(touch)
        self = .some(touches)
    }
}
