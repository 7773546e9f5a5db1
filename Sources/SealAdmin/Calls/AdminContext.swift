// SPDX-License-Identifier: Apache-2.0
// What the calls need of the world, as values and protocols. Nothing is started here.

public import SealBroker

/// Settings of the administration.
public struct AdminSettings: Sendable {
    /// The address under which clients know this server, such as `https://iot.example.com`; empty:
    /// whatever host the request names.
    public var address = ""
    /// The most certificates from a device's to its anchor, both counted.
    public var chainLengthMax = 2
    /// Certificates in one bulk upload.
    public var bulkAnchorsMax = 500
    /// How long a code to be signed counts, in seconds.
    public var proofSeconds: Int64 = 86_400
    /// How long a token of a device counts unless its tenant says otherwise, in seconds.
    public var deviceTokenSeconds: Int64 = 3600
    /// How many days the certificate of a tenant's own authority is valid.
    public var authorityDays = 3650
    /// How many days the certificate of a device that enrols here is valid.
    public var deviceCertificateDays = 365
    /// How long a device may still renew a certificate that has expired, in seconds; 0 is not at
    /// all.
    public var enrolmentGraceSeconds: Int64 = 0
    /// The version in the document.
    public var version = "1.0"

    /// Makes the default settings.
    public init() {}
}

/// Everything the calls need.
public struct AdminContext: Sendable {
    /// What logins need.
    public let environment: LoginEnvironment
    /// The registry.
    public var registry: any Registry
    /// Certificates.
    public var chains: any ChainJudge
    /// Tokens.
    public var tokens: any TokenOffice
    /// Secrets that are read again.
    public var vault: any Vault
    /// What is kept of new secrets.
    public var forge: any SecretForge
    /// Those who are connected.
    public var sessions: any SessionControl
    /// In seconds since 1970.
    public var clock: @Sendable () -> Int64
    /// Judges what a caller shows, passwords and the limit on guesses included; never answers that
    /// a password is still to be compared.
    public var login: @Sendable (Credentials) -> LoginStep
    /// Why nobody with such a certificate, or without one, is heard; empty for most listeners.
    public var certificateRefusal: @Sendable (Credentials) -> [Reason] = { _ in [] }
    /// The same without a slow comparison: then it answers that one is needed.
    public var quickLogin: (@Sendable (Credentials) -> LoginStep)?
    /// The settings.
    public var settings: AdminSettings
    /// Which tenants have a file under way.
    public let bulkPlaces: BulkPlaces
    /// Whether the server ends: then long work is broken off.
    public var isEnding: @Sendable () -> Bool = { false }
    /// How often wrong enrolment codes may come.
    public var enrolmentGuesses = EnrolmentGuesses()
    /// Does slow work, such as hashing the passwords of a file.
    public var crew: any WorkCrew = LoneWorker()
    /// Compares a configuration text with what the daemon runs with.
    public var compareConfiguration: @Sendable ([UInt8]) -> ConfigurationComparison = { _ in
        ConfigurationComparison(faults: ["this server does not tell what it runs with"])
    }

    /// Puts it together.
    public init(
        environment: LoginEnvironment,
        vault: any Vault,
        forge: any SecretForge,
        sessions: any SessionControl,
        settings: AdminSettings = AdminSettings(),
        bulkPlaces: BulkPlaces = BulkPlaces(),
        login: @escaping @Sendable (Credentials) -> LoginStep
    ) {
        self.environment = environment
        registry = environment.registry
        chains = environment.chains
        tokens = environment.tokens
        clock = environment.clock
        self.vault = vault
        self.forge = forge
        self.sessions = sessions
        self.settings = settings
        self.bulkPlaces = bulkPlaces
        self.login = login
    }
}
