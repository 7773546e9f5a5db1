// SPDX-License-Identifier: Apache-2.0
// [registry] and [api]: where tenants and devices are kept, and how the REST API behaves.

/// [registry].
public struct RegistrySettings: SettingsSection {
    /// The folder with the database and the key of the vault; nil: there is no registry.
    public var folder: String?
    /// Failed logins of one user from one address in a minute before further ones are refused.
    public var guessesPerUser = 10
    /// Failed logins from one address in a minute before further ones are refused.
    public var guessesPerSource = 100
    /// Logins of an account that can be renewed with refresh tokens at a time.
    public var loginsPerAccount = 64
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
            "logins-per-account",
            \.loginsPerAccount,
            1...100_000,
            .restart,
            "Logins of an account that can be renewed with refresh tokens at a time. One more ends "
                + "the one that was not renewed for the longest time."
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

/// [api].
public struct APISettings: SettingsSection {
    /// Threads that answer requests.
    public var workers = 4
    /// Requests that wait for a thread.
    public var waitingMax = 256
    /// Connections at a time.
    public var connectionsMax = 1000
    /// The largest body of a bulk import.
    public var bulkBytesMax = 64 << 20
    /// The largest body of another request.
    public var bodyBytesMax = 1 << 20
    /// How long a connection may be silent.
    public var idleSeconds = 60

    /// All settings at their defaults.
    public init() {}

    /// The rows of [api].
    public static let settings: [Setting<APISettings>] = [
        .integer("workers", \.workers, 1...256, .restart, "Threads that answer requests."),
        .integer(
            "waiting",
            \.waitingMax,
            1...100_000,
            .restart,
            "Requests that may wait for a thread; further ones are answered with 503."
        ),
        .integer(
            "connections",
            \.connectionsMax,
            1...1_000_000,
            .restart,
            "Connections at a time, of all listeners with service = \"api\" together."
        ),
        .bytes(
            "body-bytes",
            \.bodyBytesMax,
            1024...1 << 30,
            .restart,
            "Largest body of a request."
        ),
        .bytes(
            "bulk-bytes",
            \.bulkBytesMax,
            1024...1 << 30,
            .restart,
            "Largest body of a bulk registration."
        ),
        .seconds(
            "idle",
            \.idleSeconds,
            1...3600,
            .restart,
            "How long a connection may be silent, and a request may take to arrive."
        ),
    ]
}
