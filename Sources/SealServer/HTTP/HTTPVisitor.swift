// SPDX-License-Identifier: Apache-2.0
// What an HTTP server knows of one connection.

internal import SealBytes
internal import SealHTTP
internal import SealNet

/// One connection of an HTTP server.
struct HTTPVisitor {
    /// What was known when it came.
    struct Facts {
        var peerAddress: String
        var source: PeerAddress
        var chain: [[UInt8]]
        var serverName: String?
        var isEncrypted: Bool
        var port: Int

        var scheme: String { isEncrypted ? "https" : "http" }
    }

    var transport: Handle
    var facts: Facts
    var machine: ServerConnection
    /// Nothing is read from it for now.
    var isHeld = false
    /// It has something to send in this turn.
    var isDirty = false
    /// It ends when everything was sent.
    var closesWhenSent = false
    /// Somebody whose credentials were good asked on it.
    var isKnown = false
    /// When it is given up; `.max` while an answer is made.
    var deadline: UInt64
    /// When a timer looks after the deadline.
    var timerAt: UInt64
    /// Since when nothing came or went, in milliseconds.
    var quietSince: UInt64
    /// That timer.
    var timer = TimerWheel.Name.none
    /// When the request that is being read began.
    var requestBegan: UInt64?
    /// Since when an answer is being taken.
    var sendingSince: UInt64?
    /// Bytes of that request so far.
    var requestBytes = 0
    /// What it holds of requests.
    var holding: HTTPHolding
    /// What was taken for the request when its head was judged.
    var permit: (any AnyObject & Sendable)?
    /// The method of the request that is being answered, for the log.
    var method = Method.get
    /// The second that its common fields show.
    var dateSecond: Int64 = -1

    /// A request of it is with the threads.
    var isWithThreads: Bool { deadline == .max }
}

/// An answer on its way from a thread to the connections.
struct HTTPAnswer: Sendable {
    var visitor: UInt64
    var response: Response
    var microseconds: UInt64
    /// What its body held.
    var holding: HTTPHolding
}

/// What is posted to an HTTP server.
enum HTTPLetter: Sendable {
    /// A request was answered.
    case answer(HTTPAnswer)
    /// A head was judged.
    case ruling(visitor: UInt64, HTTPRuling, microseconds: UInt64)
    /// Take no more connections, end each after its present answer, and end when all have gone.
    case drain
}
