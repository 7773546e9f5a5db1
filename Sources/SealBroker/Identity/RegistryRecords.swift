// SPDX-License-Identifier: Apache-2.0
// The smaller things the registry holds: options, rules, audit, keys, and pages of anything.

public import SealBytes

/// A setting of a tenant.
public struct TenantOption: Sendable, Equatable {
    /// The group of settings.
    public var category: Name
    /// The name in the group.
    public var key: Name
    /// The value; sealed by the `Vault` when the key begins with `credentials.`.
    public var value: String
    /// The tenant itself may change it.
    public var isEditable: Bool

    /// Makes the value.
    public init(category: Name, key: Name, value: String, isEditable: Bool = true) {
        self.category = category
        self.key = key
        self.value = value
        self.isEditable = isEditable
    }
}

/// One rule about topics, as a tenant writes it.
public struct PolicyRule: Sendable, Equatable {
    /// What it does.
    public enum Effect: String, Sendable, CaseIterable { case allow, deny }
    /// What it is about.
    public enum Act: String, Sendable, CaseIterable { case publish, subscribe, both }

    /// Its number in the registry.
    public var number: Int64
    /// The tenant.
    public var tenant: UInt32
    /// Rules are asked from the lowest position up; the first that applies decides.
    public var position: Int64
    /// What it does.
    public var effect: Effect
    /// What it is about.
    public var act: Act
    /// A topic filter; `%c`, `%u` and `%d` stand for client id, user and device identifier.
    public var filter: Name
    /// Whom it is about: `*`, `devices`, `accounts`, `role:<role>`, `user:<name>` or
    /// `device:<identifier>`.
    public var subject: Name

    /// Makes the value.
    public init(
        tenant: UInt32,
        position: Int64,
        effect: Effect,
        act: Act,
        filter: Name,
        subject: Name = "*"
    ) {
        number = 0
        self.tenant = tenant
        self.position = position
        self.effect = effect
        self.act = act
        self.filter = filter
        self.subject = subject
    }
}

/// Who changes something.
public struct Author: Sendable, Equatable {
    /// `tenant/user`, a device, or `daemon`.
    public var name: Name
    /// The tenant it happens in; 0 when none.
    public var tenant: UInt32
    /// The address it came from; may be empty.
    public var source: String

    /// Makes the value.
    public init(name: Name, tenant: UInt32 = 0, source: String = "") {
        self.name = name
        self.tenant = tenant
        self.source = source
    }

    /// The daemon itself.
    public static let daemon = Author(name: "daemon")
}

/// One change that was made.
public struct AuditRecord: Sendable, Equatable {
    /// Its number; later ones are higher.
    public var number: Int64
    /// When, in milliseconds since 1970.
    public var time: Int64
    /// The tenant concerned; 0 when none.
    public var tenant: UInt32
    /// Who did it.
    public var author: Author
    /// What was done, such as `trust.added`.
    public var act: String
    /// What it was done to, such as the fingerprint.
    public var subject: String
    /// More about it, in words; never a secret.
    public var detail: String

    /// Makes the value.
    public init(
        number: Int64 = 0,
        time: Int64 = 0,
        tenant: UInt32,
        author: Author,
        act: String,
        subject: String,
        detail: String = ""
    ) {
        self.number = number
        self.time = time
        self.tenant = tenant
        self.author = author
        self.act = act
        self.subject = subject
        self.detail = detail
    }
}

/// A key that tokens are signed with.
public struct SigningKey: Sendable, Equatable {
    /// Its name in tokens and in the published key set.
    public var id: Name
    /// The private key in PEM, sealed by the `Vault`.
    public var sealed: [UInt8]
    /// When it was made, in milliseconds since 1970.
    public var createdAt: Int64
    /// Since when it signs no more, in milliseconds since 1970; 0 while it does.
    public var retiredAt: Int64

    /// Makes the value.
    public init(id: Name, sealed: [UInt8], createdAt: Int64, retiredAt: Int64 = 0) {
        self.id = id
        self.sealed = sealed
        self.createdAt = createdAt
        self.retiredAt = retiredAt
    }
}

/// The key of a tenant's own authority; its certificate is a trust anchor.
public struct TenantAuthority: Sendable, Equatable {
    /// The tenant.
    public var tenant: UInt32
    /// The anchor with its certificate.
    public var anchor: Int64
    /// The private key in PEM, sealed by the `Vault`.
    public var sealed: [UInt8]

    /// Makes the value.
    public init(tenant: UInt32, anchor: Int64, sealed: [UInt8]) {
        self.tenant = tenant
        self.anchor = anchor
        self.sealed = sealed
    }
}

/// Which part of a list is wanted.
public struct PageRequest: Sendable, Equatable {
    /// How many are passed over.
    public var offset: Int
    /// How many are wanted at most.
    public var limit: Int
    /// The number of all is wanted, too.
    public var wantsTotal: Bool

    /// Makes the value.
    public init(offset: Int = 0, limit: Int, wantsTotal: Bool = false) {
        self.offset = offset
        self.limit = limit
        self.wantsTotal = wantsTotal
    }
}

/// A part of a list.
public struct Page<Item: Sendable>: Sendable {
    /// The items.
    public var items: [Item]
    /// There are more behind them.
    public var hasMore: Bool
    /// The number of all, when it was asked for.
    public var total: Int?

    /// Makes the value.
    public init(items: [Item], hasMore: Bool, total: Int? = nil) {
        self.items = items
        self.hasMore = hasMore
        self.total = total
    }
}

/// Which devices are wanted.
public struct DeviceQuery: Sendable, Equatable {
    /// Of this type; nil: of any.
    public var type: String?
    /// With this text in identifier or name; nil: any.
    public var text: String?
    /// With exactly this name; nil: any.
    public var name: Name?

    /// Wants all.
    public init() {}
}
