// SPDX-License-Identifier: Apache-2.0
// What a shard hands over to threads that may wait: questions to the registry, and what devices ask
// the broker for. Each is answered by a letter, always.

internal import SealBroker

/// Where a shard's slow questions go.
struct ShardDoors: Sendable {
    /// Decides a login by the registry.
    var login: @Sendable (RegistryQuestion, @escaping @Sendable (LoginStep) -> Void) -> Void
    /// Judges a message of an exchange of enhanced authentication.
    var authenticate: @Sendable (AuthQuestion, @escaping @Sendable (AuthReply) -> Void) -> Void
    /// Does what a device asked for.
    var serve:
        @Sendable (ServiceRequest, Principal, @escaping @Sendable (ServiceAnswer) -> Void) -> Void
    /// Remembers a decision about access; nil when nobody wants to know.
    var note: (@Sendable (DecisionRecord) -> Void)?

    /// Those of a daemon without registry.
    static let closed = ShardDoors(
        login: { _, answer in
            answer(.refused([Reason(.registryFailed, detail: "there is no registry")]))
        },
        authenticate: { _, answer in
            let reason = Reason(.registryFailed, detail: "there is no registry")
            answer(.decided(.refused([reason]), message: [], user: ""))
        },
        serve: { _, _, answer in answer(.failed(ServiceFault(.server, "", "No registry"))) },
        note: nil
    )
}
