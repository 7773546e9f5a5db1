// SPDX-License-Identifier: Apache-2.0
// A connection as the network sees it: bytes on their way in both directions, and what a loop
// keeps for it. Who writes the bytes and what they mean is the client's and the shard's.

internal import SealBroker
internal import SealBytes

/// What a packet of a client meant to the ledger, once a partition has handled it.
enum PacketMark {
    case connect
    case publish(message: Int)
    case subscribe(packetID: UInt16)
    case unsubscribe(packetID: UInt16)
    case disconnect(expirySeconds: UInt32?, keepsWill: Bool)
}

/// What a client said in CONNECT.
struct ConnectFacts {
    var cleanStart: Bool
    var expirySeconds: UInt32
    var isV5: Bool
    var keepAliveSeconds: UInt16
    var will: WillFacts?
    var listener = SimulatedListener.plain
    /// It comes with the wrong password.
    var isImpostor = false
}

/// The will of one connection.
struct WillFacts {
    var message: Int
    var delaySeconds: UInt32
}

final class SimulatedConnection {
    let number: UInt64
    let client: Int
    let facts: ConnectFacts
    var shard: Int
    var link = Handle.none
    /// On the way to the broker.
    var toServer: [UInt8] = []
    /// Arrived at the shard and not used yet.
    var unread: [UInt8] = []
    var needs = 0
    var isHeld = false
    var isResumed = false
    /// On the way to the client.
    var toClient: [UInt8] = []
    var isBlocked = false
    var closesWhenSent = false
    var lingersUntil = UInt64.max
    /// The partition was told that it is over, or is not told any more.
    var isServerGone = false
    /// In the mail between two shards.
    var isMoving = false
    /// The client does not look at it any more.
    var isAbandoned = false
    /// The network was cut: nothing arrives any more once what is on the way is through.
    var isCut = false
    /// The partition asked for the end; what it takes in from then on is not handled.
    var isClosing = false
    /// Where each packet of the client ends in the stream, and what it meant.
    var marks: [(end: Int, mark: PacketMark)] = []
    var written = 0
    var consumed = 0
    /// The number of changes when the registry was asked about it.
    var loginNumber: UInt64 = 0
    /// The session that it was opened for, as the ledger numbers them.
    var incarnation: Int?
    var lastReceived: UInt64 = 0

    init(number: UInt64, client: Int, shard: Int, facts: ConnectFacts) {
        self.number = number
        self.client = client
        self.shard = shard
        self.facts = facts
    }

    /// The client writes a packet.
    func write(_ bytes: [UInt8], _ mark: PacketMark? = nil) {
        guard !isCut else { return }
        toServer += bytes
        written += bytes.count
        if let mark { marks.append((written, mark)) }
    }
}
