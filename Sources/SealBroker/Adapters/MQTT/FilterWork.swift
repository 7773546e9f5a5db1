// SPDX-License-Identifier: Apache-2.0
// A SUBSCRIBE or UNSUBSCRIBE while its filters are handled, and a SUBSCRIBE that waits for other
// partitions.

internal import SealBytes
internal import SealMQTT

/// A SUBSCRIBE that waits for other partitions.
struct PendingSubscribe {
    var link: Handle
    var session: Handle
    var tenant: UInt32
    var packetID: UInt16
    var codes: [UInt8] = []
    var waitsFor = 0
    /// Shared groups whose home is elsewhere and was asked.
    var joins: [GroupMember] = []
    /// Filters whose retained messages are to be sent behind the SUBACK.
    var filters: [[UInt8]] = []
    /// Places in the tree that the other partitions are being told of.
    var nodes: [TopicNode] = []
    /// How many retained messages, by home and by partition, had been posted when it was known.
    var after: [[UInt64]] = []

    /// Every partition has answered.
    var isKnown: Bool { waitsFor <= 0 }
}

/// The filters of a SUBSCRIBE or UNSUBSCRIBE, as far as they are handled.
final class FilterWork {
    enum Packet {
        case subscribe(Subscribe)
        case unsubscribe(Unsubscribe)
    }

    let packet: Packet
    /// The filters under the broker's names; nil where one is written correctly, but not accepted
    /// here.
    var mounted: [TopicFilter?] = []
    /// How many of them are handled.
    var handled = 0
    var pending: PendingSubscribe
    var asked: [(filter: [UInt8], wantsRetained: Bool)] = []

    init(_ packet: Packet, _ pending: PendingSubscribe) {
        self.packet = packet
        self.pending = pending
    }

    var count: Int {
        switch packet {
        case .subscribe(let packet): packet.filters.count
        case .unsubscribe(let packet): packet.filters.count
        }
    }

    func filter(_ index: Int) -> [UInt8] {
        switch packet {
        case .subscribe(let packet): packet.filters[index].filter
        case .unsubscribe(let packet): packet.filters[index]
        }
    }
}
