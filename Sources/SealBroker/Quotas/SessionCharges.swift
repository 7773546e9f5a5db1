// SPDX-License-Identifier: Apache-2.0
// What a session holds, as it is charged in the ledger.

/// Bytes charged for one session.
struct SessionCharges {
    /// The session itself and its will.
    var base = 0
    var subscriptions = 0
    /// Of these what counts against the bound of one session: the nodes in one partition.
    var ownSubscriptions = 0
    var queued = 0
    var inFlight = 0
    var aliases = 0
}
