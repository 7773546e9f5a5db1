// SPDX-License-Identifier: Apache-2.0
// What a bench begins with. Everything that would be chance elsewhere is a number here.

public import SealBroker

/// How a bench is set up.
public struct BenchSetup {
    /// How many partitions.
    public var partitions = 1
    /// Decides, in all partitions alike, which one is home of a name.
    ///
    /// With the default and two partitions "pub" and "sub" live apart.
    public var homeSeed: UInt64 = 13
    /// Seeds the tables of the partitions.
    public var tableSeed: UInt64 = 0x5EA1
    /// What the partitions allow.
    public var limits = BrokerLimits()
    /// What each listener grants.
    public var listeners = [ListenerGrant()]
    /// How each listener judges who connects.
    public var access: [AccessRules]
    /// The clock at the beginning, in milliseconds.
    public var startMilliseconds: UInt64 = 1_000_000
    /// Compares passwords: the slow part of a login.
    public var checksPassword: (PasswordQuestion) -> Bool = { _ in false }

    /// Decides logins of listeners that ask the registry.
    public var asksRegistry: (RegistryQuestion) -> LoginStep = { _ in
        .refused([Reason(.registryFailed, detail: "there is no registry")])
    }
    /// Judges messages of enhanced authentication.
    public var authenticates: (AuthQuestion) -> AuthReply = { _ in
        .decided(.refused([Reason(.registryFailed)]), message: [], user: "")
    }
    /// Does what devices ask for.
    public var serves: (ServiceRequest, Principal) -> ServiceAnswer = { _, _ in .silence }

    /// One partition, one listener that lets everybody in, all limits at their defaults.
    public init() {
        var rules = AccessRules()
        rules.allowsAnonymous = true
        access = [rules]
    }
}
