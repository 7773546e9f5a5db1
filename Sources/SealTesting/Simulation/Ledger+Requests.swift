// SPDX-License-Identifier: Apache-2.0
// Subscriptions as they are asked for, answered and ended.

extension Ledger {
    /// A client asks to subscribe; an older subscription of the filter is not relied on any more.
    func subscribeAsked(_ client: Int, _ filter: String, _ group: String?) {
        let last = sessions[client].subscriptions.count - 1
        for index in sessions[client].subscriptions.indices
        where index != last && sessions[client].subscriptions[index].filter == filter
            && sessions[client].subscriptions[index].group == group
            && sessions[client].subscriptions[index].endStep == nil
            && sessions[client].subscriptions[index].endAskedStep == nil
        {
            sessions[client].subscriptions[index].endAskedStep = step
        }
    }

    /// A client asks to unsubscribe.
    func unsubscribeAsked(_ client: Int, _ text: String, _ packetID: UInt16) {
        for index in sessions[client].subscriptions.indices {
            let subscription = sessions[client].subscriptions[index]
            guard (subscription.group ?? subscription.filter) == text,
                subscription.endStep == nil
            else { continue }
            if subscription.endAskedStep == nil {
                sessions[client].subscriptions[index].endAskedStep = step
            }
            sessions[client].subscriptions[index].endAskedID = packetID
        }
    }

    /// SUBACK came.
    func subscribeConfirmed(
        _ client: Int,
        _ connection: SimulatedConnection,
        _ packetID: UInt16
    ) {
        guard connection.incarnation == sessions[client].incarnation else { return }
        for index in sessions[client].subscriptions.indices
        where sessions[client].subscriptions[index].packetID == packetID
            && sessions[client].subscriptions[index].connection == connection.number
        {
            if sessions[client].subscriptions[index].confirmedStep == nil {
                sessions[client].subscriptions[index].confirmedStep = step
            }
        }
    }
}
