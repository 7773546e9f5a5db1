// SPDX-License-Identifier: Apache-2.0
// Who does a call, once the login said so.

public import SealBroker
public import SealBytes

/// Whoever does a call.
public struct Caller: Sendable {
    /// The tenant.
    public var tenant: Tenant
    /// The user: an account's name, or `device_<identifier>`.
    public var user: Name
    /// What it may do.
    public var roles: Set<Role>
    /// The account, when it is one.
    public var account: Account?
    /// The device, when it is one.
    public var device: Device?
    /// The token it showed, when it showed one.
    public var token: String?

    /// Makes the value.
    public init(
        tenant: Tenant,
        user: Name,
        roles: Set<Role>,
        account: Account? = nil,
        device: Device? = nil,
        token: String? = nil
    ) {
        self.tenant = tenant
        self.user = user
        self.roles = roles
        self.account = account
        self.device = device
        self.token = token
    }

    /// Whether it has one of these roles; the administrator of a tenant has all of it.
    public func holds(_ any: Set<Role>) -> Bool {
        any.isEmpty || !roles.isDisjoint(with: any) || roles.contains(.tenantAdmin)
    }
}
