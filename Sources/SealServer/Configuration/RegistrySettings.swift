// SPDX-License-Identifier: Apache-2.0
// [registry]: where tenants and devices are kept, and what guesses and explanations may cost.

/// [registry].
public struct RegistrySettings: SettingsSection {
    /// The folder with the database and the key of the vault; nil: there is no registry.
    public var folder: String?
    /// Failed logins of one user from one address in a minute before further ones are refused.
    public var guessesPerUser = 10
    /// Failed logins from one address in a minute before further ones are refused.
    public var guessesPerSource = 100
    /// Comparisons of passwords that wait.
    public var comparisonsWaiting = 10_000
    /// Comparisons of passwords that wait from one address.
    public var comparisonsPerSource = 2000
    /// Comparisons of passwords that wait for one user from one address.
    public var comparisonsPerUser = 100
    /// Memory for the decisions that `explain` shows.
    public var decisionBytes = 32 << 20
    /// Memory for those of one tenant.
    public var decisionBytesPerTenant = 2 << 20
    /// How long a key signs tokens.
    public var tokenKeySeconds = 30 * 86_400
    /// How long certificates are valid that devices get by enrolment.
    public var enrolledSeconds = 365 * 86_400
    /// How long a device may still renew a certificate that has expired.
    public var enrolmentGraceSeconds = 0

    /// All settings at their defaults.
    public init() {}

    /// The rows of [registry].
    public static let settings: [Setting<RegistrySettings>] = [
        .optional(
            "folder",
            \.folder,
            .path,
            .restart,
            "Folder with the registry's database and the key that protects its secrets. It is "
                + "made when it is not there. Needed by listeners with login = \"registry\" or "
                + "service = \"api\".",
            example: "/var/lib/sealwire"
        ),
        .integer(
            "guesses-per-user",
            \.guessesPerUser,
            1...1_000_000,
            .now,
            "Failed logins of one user name from one address within a minute before further ones "
                + "are refused unheard."
        ),
        .integer(
            "guesses-per-source",
            \.guessesPerSource,
            1...1_000_000,
            .now,
            "Failed logins from one address within a minute before further ones are refused "
                + "unheard."
        ),
        .integer(
            "comparisons-waiting",
            \.comparisonsWaiting,
            1...1_000_000,
            .now,
            "Logins that may wait for the slow comparison of their password; further ones are "
                + "refused with login.too-many-waiting. Addresses take turns."
        ),
        .integer(
            "comparisons-per-source",
            \.comparisonsPerSource,
            1...1_000_000,
            .now,
            "Logins from one address, or from one /64 of IPv6, that may wait for it."
        ),
        .integer(
            "comparisons-per-user",
            \.comparisonsPerUser,
            1...1_000_000,
            .now,
            "Logins of one user name from one address that may wait for it."
        ),
        .bytes(
            "decision-bytes",
            \.decisionBytes,
            1 << 20...1 << 40,
            .now,
            "Memory for the last decisions about access, which sealwire explain shows; the tenant "
                + "with most of it pays when it is full."
        ),
        .bytes(
            "decision-bytes-per-tenant",
            \.decisionBytesPerTenant,
            65_536...1 << 40,
            .now,
            "Memory for the last decisions of one tenant, one half for refusals, the other for "
                + "admissions; those without a known tenant have as much."
        ),
        .seconds(
            "token-key-age-max",
            \.tokenKeySeconds,
            3600...86_400 * 3660,
            .restart,
            "How long a key signs tokens before a new one does. Old keys stay published as long as "
                + "a token they signed is valid."
        ),
        .seconds(
            "enrolled-certificate-life",
            \.enrolledSeconds,
            86_400...86_400 * 36_525,
            .restart,
            "How long certificates are valid that a tenant's own authority gives to devices, in "
                + "whole days; never longer than the authority's."
        ),
        .seconds(
            "enrolment-grace",
            \.enrolmentGraceSeconds,
            0...86_400 * 366,
            .restart,
            "How long a device may still renew a certificate that has expired. It proves with it "
                + "only that it had the key; 0 refuses what has expired."
        ),
    ]
}
