// SPDX-License-Identifier: Apache-2.0
// What a loop knows of one connection. An idle one owns no buffer.

internal import SealBytes

struct Connection {
    enum Stage: UInt8 {
        case handshake
        case open
        /// Everything was said; waits for the peer to close, so that nothing sent is lost.
        case lingering
    }

    var descriptor: Int32
    var listener: Int32
    var peer: PeerAddress
    var stream: TLSStream?
    var tag: UInt64 = 0
    var stage: Stage
    /// The handshake's number in this loop.
    var handshakeNumber: UInt64 = 0
    /// A handshake step is being computed elsewhere.
    var isComputing = false
    /// The handler takes nothing for now.
    var isHeld = false
    /// Whether epoll reports readable.
    var isWatchedForInput = true
    /// Whether the kernel took less than was to be sent, and epoll reports writable.
    var isBlocked = false
    /// To be closed when everything was sent.
    var closesWhenSent = false
    /// The peer takes nothing any more; what it sent before is still read, to its end.
    var isDeaf = false
    /// The peer hung up while it was held or its handshake computed; epoll, which would say so
    /// without end, no longer knows the descriptor.
    var isForgotten = false
    /// The peer ended TLS in order while it was held; `unread` is the last of it.
    var isFinished = false
    /// Bytes wanted before the handler is asked again.
    var needs: Int32 = 0
    /// Decrypted bytes nobody used yet.
    var unread: [UInt8] = []
    /// Handshake bytes that arrived while a step was computed.
    var cipherWaiting: [UInt8] = []
    /// Ciphertext (or, on a plain connection, nothing) the kernel did not take yet.
    var cipherRest: [UInt8] = []
    /// Memory of the three, as it was counted last.
    var countedBytes = 0
    /// Since when something of its input waits.
    var waitsSince: UInt64 = 0
    /// The handler knows who it is.
    var isKnown = false
    /// When the connection was accepted, in milliseconds.
    var acceptedAt: UInt64
    /// Waits for the handshake, or for the peer to close.
    var timer = TimerWheel.Name.none

    init(
        descriptor: Int32,
        listener: Int,
        peer: PeerAddress,
        stream: TLSStream?,
        stage: Stage,
        acceptedAt: UInt64
    ) {
        self.descriptor = descriptor
        self.listener = Int32(listener)
        self.peer = peer
        self.stream = stream
        self.stage = stage
        self.acceptedAt = acceptedAt
    }
}

/// A connection that was accepted and has no place yet.
struct Newcomer {
    var descriptor: Int32
    var peer: PeerAddress
    var listener: LoopListener
    /// How long it waits for one, in milliseconds of the clock.
    var until: UInt64
}

/// What the loop's timers are about.
enum LoopTimer: UInt8 {
    case handshake = 1
    case linger = 2
    case accept = 3
}

/// How a connection ended while the handler was sending.
enum Parting {
    /// Everything was sent, as the handler had asked for.
    case finished(Handle)
    /// The network or TLS failed.
    case failed(Handle, Ending)
}
