// SPDX-License-Identifier: Apache-2.0
// What a loop tells its handler, and what the handler answers. The loop knows sockets and TLS;
// the handler knows what the bytes mean.

public import SealBytes

/// How a connection came in.
public struct Arrival: Sendable {
    /// Which listener took it.
    public var listener: Int
    /// Who is at the other end.
    public var peer: PeerAddress
    /// What the handshake found; nil on a plain listener.
    public var tls: TLSPeer?
    /// The handler's own number for it, when it comes from another loop; 0 else.
    public var tag: UInt64
    /// How long the handshake took; 0 without one.
    public var handshakeMicroseconds: UInt64 = 0

    init(listener: Int, peer: PeerAddress, tls: TLSPeer?, tag: UInt64) {
        self.listener = listener
        self.peer = peer
        self.tls = tls
        self.tag = tag
    }
}

/// What became of received bytes.
public struct Consumption: Sendable {
    /// What the loop does next with the connection.
    public enum Fate: UInt8, Sendable {
        /// Goes on reading.
        case read
        /// Keeps what is left and reads nothing until `resume`.
        case hold
        /// Takes the connection out of this loop; `detached` gets it.
        case detach
    }

    /// How many bytes were used up.
    public var used: Int
    /// How many bytes must be there after those before the handler can do more; 0 is unknown.
    public var needs: Int
    /// What the loop does next.
    public var fate: Fate
    /// Whether the handler knows who it is; from a stranger little is read at a time.
    public var isKnown: Bool

    /// Makes the answer.
    public init(used: Int, needs: Int = 0, fate: Fate = .read, isKnown: Bool = true) {
        self.used = used
        self.needs = needs
        self.fate = fate
        self.isKnown = isKnown
    }
}

/// Why a connection ended.
public enum Ending: Sendable, Equatable {
    /// The peer closed it.
    case peer
    /// The handler asked for it.
    case handler
    /// The network failed, by the kernel's error number.
    case network(Int32)
    /// TLS failed.
    case tls(TLSRefusal.Code)
}

/// Something the operator may want to know that concerns no open connection.
public enum LoopEvent: Sendable {
    /// A connection was turned away.
    case turnedAway(AdmissionRefusal, peer: PeerAddress, listener: Int)
    /// A handshake failed; the seconds say how long it took.
    case handshakeRefused(TLSRefusal, peer: PeerAddress, listener: Int)
    /// A handshake was not finished in time.
    case handshakeTimedOut(peer: PeerAddress, listener: Int)
    /// A handshake lost its place to another one.
    case handshakeWithdrawn(peer: PeerAddress, listener: Int)
    /// The kernel gave no more descriptors or memory for a connection.
    case acceptFailed(NetError)
}

/// The owner of a loop's connections.
public protocol LoopHandler: AnyObject {
    /// What other threads may send to this loop.
    associatedtype Letter: Sendable

    /// A connection is ready; the answer is the tag it is called by from now on.
    func opened(_ id: Handle, _ arrival: Arrival) -> UInt64

    /// Bytes arrived.
    func received(_ id: Handle, tag: UInt64, _ bytes: RawSpan) -> Consumption

    /// A held-up connection has sent what it had to send.
    func drained(_ id: Handle, tag: UInt64)

    /// A connection is gone.
    func closed(_ id: Handle, tag: UInt64, _ ending: Ending)

    /// What waits of a connection is too much beside all others: it has to go, in words or not.
    func overflowed(_ id: Handle, tag: UInt64)

    /// Whom what waits of a connection is counted for, beside its address.
    func payer(tag: UInt64) -> UInt32

    /// A connection left this loop, as its `received` asked for.
    func detached(_ transfer: Transfer)

    /// Letters arrived.
    func delivered(_ letters: [Letter])

    /// Something happened that concerns no open connection.
    func happened(_ event: LoopEvent)

    /// There is no place for a newcomer; whether the handler closed something for it.
    func makeRoom(for peer: PeerAddress, _ refusal: AdmissionRefusal) -> Bool

    /// The clock was read; once each turn, before anything else.
    func turnBegan(now: UInt64)

    /// Everything of this turn was handled: the time to send.
    func turnEnded()

    /// Whether nobody would notice a delay of a millisecond at present.
    var isQuiet: Bool { get }

    /// When the handler must be called again at the latest, in milliseconds of the clock.
    var nextDeadline: UInt64? { get }
}

extension LoopHandler {
    /// Who is in stays in.
    public func makeRoom(for peer: PeerAddress, _ refusal: AdmissionRefusal) -> Bool { false }
    /// Everybody pays for himself.
    public func payer(tag: UInt64) -> UInt32 { 0 }
}

/// A connection on its way from one loop to another.
public struct Transfer: Sendable {
    var descriptor: Int32
    var stream: TLSStream?
    var cipherRest: [UInt8]
    /// Decrypted bytes that nobody used yet.
    public internal(set) var unread: [UInt8]
    /// How it came in.
    public var arrival: Arrival
}

/// What a loop counts.
public struct LoopCounters: Sendable {
    /// Connections accepted.
    public var accepted: UInt64 = 0
    /// Connections open now, handshakes included.
    public var open: Int64 = 0
    /// Bytes of connections' input that nobody used yet, with the memory reserved for more.
    public var inputBytes = 0
    /// Bytes read from sockets.
    public var bytesReceived: UInt64 = 0
    /// Bytes written to sockets.
    public var bytesSent: UInt64 = 0
    /// Turns of the loop.
    public var turns: UInt64 = 0
    /// The longest turn since the counters were last read, in nanoseconds.
    public var longestTurnNanoseconds: UInt64 = 0
    /// Handshakes that succeeded.
    public var handshakes: UInt64 = 0
    /// Handshakes that failed.
    public var handshakesRefused: UInt64 = 0
    /// Microseconds that successful handshakes took in all.
    public var handshakeMicroseconds: UInt64 = 0
}
