// SPDX-License-Identifier: Apache-2.0
// One thing that was checked, and all of them as an answer. Checking is done elsewhere.

/// One checked condition of the daemon.
public struct HealthCheck: Sendable, Equatable {
    /// How a check stands.
    public enum Status: String, Sendable {
        /// All is well.
        case pass
        /// An operator should look; the service goes on.
        case warn
        /// The service cannot do its work.
        case fail
    }

    /// What was checked, such as `listeners`.
    public var name: String
    /// How it stands.
    public var status: Status
    /// Since when it stands so.
    public var since: Timestamp
    /// A sentence a person can act on; empty when all is well.
    public var reason: String
    /// The stable code of the reason; empty when all is well.
    public var code: String

    /// Makes a check.
    public init(
        name: String,
        status: Status,
        since: Timestamp,
        reason: String = "",
        code: String = ""
    ) {
        self.name = name
        self.status = status
        self.since = since
        self.reason = reason
        self.code = code
    }

    /// The same check with a new standing; `since` moves only when the status changes.
    public func changed(
        to status: Status,
        at now: Timestamp,
        reason: String = "",
        code: String = ""
    ) -> HealthCheck {
        HealthCheck(
            name: name,
            status: status,
            since: status == self.status ? since : now,
            reason: reason,
            code: code
        )
    }
}
