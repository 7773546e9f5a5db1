// SPDX-License-Identifier: Apache-2.0
// How much the registry holds, and how much of it is kept in memory.

/// Limits of the registry; each is refused with `full` one above it.
public struct RegistryLimits: Sendable, Equatable {
    /// The most tenants.
    public var tenantsMax = 10_000
    /// The most accounts of a tenant.
    public var accountsPerTenantMax = 10_000
    /// The most trust anchors of all tenants.
    public var anchorsMax = 100_000
    /// The most trust anchors of a tenant.
    public var anchorsPerTenantMax = 10_000
    /// The most devices of all tenants.
    public var devicesMax = 10_000_000
    /// The most credentials of a device.
    public var credentialsPerDeviceMax = 16
    /// The most options of a tenant.
    public var optionsPerTenantMax = 1_000
    /// The most policy rules of a tenant.
    public var rulesPerTenantMax = 1_000
    /// The most revocations of a tenant.
    public var revocationsPerTenantMax = 1_000_000
    /// The most registration requests of a tenant.
    public var requestsPerTenantMax = 100_000
    /// The most enrolment codes of a tenant.
    public var codesPerTenantMax = 100_000
    /// The most withdrawn tokens of a tenant whose time is not over.
    public var withdrawnTokensPerTenantMax = 100_000
    /// The most logins of an account that can be renewed with refresh tokens; the one that was
    /// not renewed for the longest time ends.
    public var tokenFamiliesPerAccountMax = 64
    /// The most signing keys.
    public var signingKeysMax = 64
    /// The most audit records; the oldest go.
    public var auditRecordsMax = 1_000_000
    /// The most items of a page; a longer page ends there and says that there are more.
    public var pageItemsMax = 10_000
    /// Devices, credentials, revocations, options and tokens kept in memory, of each.
    public var cachedEntriesMax = 65_536
    /// Tenants, accounts, trust anchors kept in memory, of each, and policy rules of all tenants.
    public var cachedRecordsMax = 16_384
    /// A file up to this size is checked whole when it is opened.
    public var checkedBytesMax = 16 << 20

    /// The defaults.
    public init() {}
}
