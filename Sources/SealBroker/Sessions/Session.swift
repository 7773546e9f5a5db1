// SPDX-License-Identifier: Apache-2.0
// What the broker keeps for a client identifier, connected or not. Its subscriptions have a file
// of their own.

internal import SealBytes
internal import SealMQTT

/// A client identifier within a tenant.
struct ClientKey: Hashable {
    var tenant: UInt32
    var identifier: [UInt8]
}

/// Whose a session is.
///
/// A stored session is a key to messages that others meant for its owner. Whoever else may use the
/// client id gets a new session, and the old one is removed: two clients of one id cannot be told
/// apart by anybody else, so it could not be kept beside the new one.
enum SessionOwner: Equatable {
    /// Listeners that judge by files tie sessions to the client id alone, as mosquitto does.
    case anybody
    case device(Int64)
    case account(Int64)
    /// Neither: by the bytes of its user name, if it has one.
    case user([UInt8]?)

    init(_ principal: Principal) {
        if principal.tenant == 0 {
            self = .anybody
        } else if let device = principal.device {
            self = .device(device.number)
        } else if let account = principal.account {
            self = .account(account)
        } else {
            self = .user(principal.name.map { Array($0.utf8) })
        }
    }
}

/// A message to be published when its owner is gone.
struct LastWill {
    var message: Message
    var delaySeconds: UInt32
    /// Relative, because a will's expiry begins when it is published.
    var expirySeconds: UInt32?
}

struct Session {
    let key: ClientKey
    let owner: SessionOwner
    /// The client in one word, the same in all partitions and in all sessions it ever has.
    let clientWord: UInt64
    /// Its client knows some topics by names of its own.
    var hasScope = false
    /// The connection that serves it now.
    var link: Handle = .none
    var principal: PrincipalNumber = 0
    /// The version its client spoke last.
    var version = ProtocolVersion.v311
    /// When its last connection ended.
    var leftAt: UInt64 = 0
    /// `UInt32.max` never ends, 0 ends with the connection.
    var expirySeconds: UInt32
    /// When an offline session ends, in milliseconds; `UInt64.max` is never.
    var expiresAt: UInt64 = .max
    var subscriptions = SubscriptionList()
    var window = OutWindow()
    var queue = MessageQueue()
    /// Ids that are still to be sent again on this connection, the next one last.
    var resend: [UInt16] = []
    /// How many of them are still to be sent; the others were acknowledged late.
    var resendLeft = 0
    /// QoS 2 packet ids received and not yet released.
    var inbound = PacketIDSet()
    /// Retained messages on their way to it.
    var retained: RetainedQueue?
    var will: LastWill?
    /// When a delayed will is due.
    var willAt: UInt64 = .max
    /// What ends it, and what publishes its will, while its client is away.
    var expiryTimer = TimerWheel.Name.none
    var willTimer = TimerWheel.Name.none

    init(key: ClientKey, owner: SessionOwner, clientWord: UInt64, expirySeconds: UInt32) {
        self.key = key
        self.owner = owner
        self.clientWord = clientWord
        self.expirySeconds = expirySeconds
    }

    /// Whose memory it is, in the ledger, and what is charged there.
    var payer = -1
    var charged = SessionCharges()

    /// It has one of the places for stored sessions; so it is as long as `survives`.
    var hasPlace = false

    /// Whether it must remember what is under way.
    var survives: Bool { expirySeconds > 0 }
}

/// Numbers principals for the route cache's answers; never reused within a partition's life.
typealias PrincipalNumber = UInt32
