// SPDX-License-Identifier: Apache-2.0
// What the ledger writes down of messages, subscriptions and sessions. It knows nothing of how
// the broker works: matching is done here once more, in the plainest way.

/// A publication, or a will that may become one.
struct LedgerMessage {
    let id: Int
    let topic: String
    let publisher: Int
    let qos: UInt8
    let isRetained: Bool
    /// Its payload is empty: it clears the retained message.
    var isClear = false
    var isWill = false
    /// Its publisher may not publish it.
    var isForbidden = false
    var byteCount = 0
    var expires = false
    /// Its place among its publisher's messages.
    let sequence: Int
    var round: Int
    /// The step in which a partition took it in; nil is not yet.
    var handledStep: Int?
    var handledCount = 0
}

/// A subscription of a session, from the request to its end.
struct LedgerSubscription {
    let filter: String
    let group: String?
    let qos: UInt8
    let noLocal: Bool
    let retainAsPublished: Bool
    let retainHandling: UInt8
    let identifier: UInt32
    let packetID: UInt16
    let connection: UInt64
    let round: Int
    let askedStep: Int
    var wantsRetained = false
    var handledStep: Int?
    var confirmedStep: Int?
    var endAskedStep: Int?
    /// The packet id of the UNSUBSCRIBE.
    var endAskedID: UInt16?
    var endStep: Int?

    /// It is in force, and nobody has asked to end it.
    var isFirm: Bool { confirmedStep != nil && endAskedStep == nil && endStep == nil }
    var isHandled: Bool { handledStep != nil && endStep == nil }
}

/// What first receipts of one publisher, topic and QoS must keep.
struct OrderKey: Hashable {
    var publisher: Int
    var topic: String
    var publishedQoS: UInt8
    var qos: UInt8
}

/// A client's session as it should be.
struct LedgerSession {
    var exists = false
    var incarnation = 0
    var connection: UInt64?
    /// When the present connection was opened.
    var openedStep = 0
    var expirySeconds: UInt32 = 0
    var expiresAt = UInt64.max
    var will: WillFacts?
    var willDue = UInt64.max
    var subscriptions: [LedgerSubscription] = []
    /// First receipts of each message.
    var received: [Int: Int] = [:]
    var receivedQoS1: Set<Int> = []
    var order: [OrderKey: Int] = [:]
    /// The newest retained publication seen of each topic and QoS.
    var retainedSeen: [OrderKey: Int] = [:]
    /// The last receipt on a retained topic.
    var retainedLast: [String: RetainedReceipt] = [:]
    /// Packet ids of messages it has not acknowledged yet, and the message.
    var unacknowledged: [UInt16: Int] = [:]
}

/// What a client last got on a retained topic: the message, or -1 for a removal, and when.
struct RetainedReceipt {
    var message: Int
    var step: Int
    /// It came with the retain flag.
    var isMarked: Bool
}

/// When a will goes out.
enum WillState {
    case unknown
    case due(UInt64)
    case forbidden
    /// Its client was withdrawn: it comes only when it was due before the shard heard of that.
    case withdrawn
}

/// One message as a client received it.
struct Receipt {
    var message: Int?
    var topic: String
    var qos: UInt8
    var packetID: UInt16
    var isDuplicate: Bool
    var isRetained: Bool
    var identifiers: [UInt32]
    /// QoS 2: its packet id was under way already.
    var isKnown: Bool
}

/// Topic filters, matched level by level.
enum PlainMatch {
    static func matches(_ filter: String, _ topic: String) -> Bool {
        let (here, filter) = parted(filter)
        let (there, topic) = parted(topic)
        guard here == there else { return false }
        let levels = filter.split(separator: "/", omittingEmptySubsequences: false)
        let names = topic.split(separator: "/", omittingEmptySubsequences: false)
        if topic.hasPrefix("$"), levels.first == "#" || levels.first == "+" { return false }
        for (index, level) in levels.enumerated() {
            if level == "#" { return true }
            guard index < names.count else { return false }
            if level != "+", level != names[index] { return false }
        }
        return levels.count == names.count
    }

    /// The tenant in front, if there is one, and the rest: nothing matches across.
    private static func parted(_ text: String) -> (tenant: Substring, rest: Substring) {
        guard text.hasPrefix("$T"), let slash = text.firstIndex(of: "/") else {
            return ("", text[...])
        }
        return (text[..<slash], text[slash...].dropFirst())
    }
}
