// SPDX-License-Identifier: Apache-2.0
// A tenant and who administers it, as plain values. Not here: how they are stored (`Registry`).

/// A name space of its own: topics, devices, trust and rules.
///
/// Nothing crosses it.
///
/// It is also the virtual host of AMQP and the host of STOMP.
public struct Tenant: Sendable, Equatable {
    /// From 1 on, dense, never given twice.
    ///
    /// 0 is the tenant of listeners without registry.
    public var number: UInt32
    /// The stable name, such as `t12345`.
    public var id: String
    /// What people call it.
    public var label: String
    /// The host name that selects it over HTTP; may be empty.
    public var domain: String
    /// Nobody of a disabled tenant gets in.
    public var isEnabled: Bool
    /// When it was made, in milliseconds since 1970.
    public var createdAt: Int64

    /// The tenant that administers the others.
    public static let managementNumber: UInt32 = 1

    /// It administers the others.
    public var isManagement: Bool { number == Self.managementNumber }

    /// Makes the value.
    public init(
        number: UInt32 = 0,
        id: String,
        label: String = "",
        domain: String = "",
        isEnabled: Bool = true,
        createdAt: Int64 = 0
    ) {
        self.number = number
        self.id = id
        self.label = label
        self.domain = domain
        self.isEnabled = isEnabled
        self.createdAt = createdAt
    }
}

/// What an account may do; the words are Cumulocity's.
public enum Role: String, Sendable, CaseIterable {
    case tenantAdmin = "ROLE_TENANT_ADMIN"
    case tenantManagementAdmin = "ROLE_TENANT_MANAGEMENT_ADMIN"
    case tenantManagementRead = "ROLE_TENANT_MANAGEMENT_READ"
    case deviceControlAdmin = "ROLE_DEVICE_CONTROL_ADMIN"
    case deviceControlRead = "ROLE_DEVICE_CONTROL_READ"
    case deviceBootstrap = "ROLE_DEVICE_BOOTSTRAP"
    case device = "ROLE_DEVICE"
    case inventoryAdmin = "ROLE_INVENTORY_ADMIN"
    case inventoryRead = "ROLE_INVENTORY_READ"
    case optionAdmin = "ROLE_OPTION_MANAGEMENT_ADMIN"
    case optionRead = "ROLE_OPTION_MANAGEMENT_READ"
    case userAdmin = "ROLE_USER_MANAGEMENT_ADMIN"
    case userRead = "ROLE_USER_MANAGEMENT_READ"
    case auditRead = "ROLE_AUDIT_READ"
    /// May publish and subscribe over the messaging protocols.
    case messaging = "ROLE_MESSAGING"

    /// Gives the right to publish and subscribe: that role itself, and every administrator's.
    public var maySendMessages: Bool {
        switch self {
        case .messaging, .tenantAdmin, .tenantManagementAdmin, .deviceControlAdmin,
            .inventoryAdmin, .optionAdmin, .userAdmin:
            true
        default: false
        }
    }
}

/// A person or a service of a tenant.
///
/// Devices have credentials instead.
public struct Account: Sendable, Equatable {
    /// Its number in the registry.
    public var number: Int64
    /// Its tenant.
    public var tenant: UInt32
    /// The user name, unique in the tenant.
    public var name: String
    /// What it may do.
    public var roles: Set<Role>
    /// A disabled account gets in nowhere.
    public var isEnabled: Bool
    /// What its password is compared with; nil when it has none.
    public var secret: StoredSecret?
    /// The mail address; may be empty.
    public var email: String
    /// The first name; may be empty.
    public var firstName: String
    /// The last name; may be empty.
    public var lastName: String
    /// The password must be changed at the next login to the API.
    public var mustChangePassword: Bool
    /// When it was made, in milliseconds since 1970.
    public var createdAt: Int64
    /// When its password was set, in milliseconds since 1970; 0 for never.
    public var passwordSetAt: Int64
    /// Counts what ended its logins; tokens of another epoch are refused.
    public var epoch: Int64
    /// The id of the one-time link that counts; empty when none does.
    public var linkID: String

    /// Makes the value.
    public init(tenant: UInt32, name: String, roles: Set<Role> = []) {
        number = 0
        self.tenant = tenant
        self.name = name
        self.roles = roles
        isEnabled = true
        email = ""
        firstName = ""
        lastName = ""
        mustChangePassword = false
        createdAt = 0
        passwordSetAt = 0
        epoch = 1
        linkID = ""
    }
}

/// What is kept of a secret instead of the secret.
public struct StoredSecret: Sendable, Equatable {
    /// A hash in a form `PasswordHash` reads: scrypt for chosen passwords, a salted digest for
    /// generated ones of 128 bits and more.
    public var hash: String
    /// The keys of SCRAM-SHA-256, in the form of RFC 5803; nil when SCRAM is not offered.
    public var scram: String?

    /// Makes the value.
    public init(hash: String, scram: String? = nil) {
        self.hash = hash
        self.scram = scram
    }
}
