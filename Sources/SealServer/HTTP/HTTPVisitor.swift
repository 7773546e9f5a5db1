// SPDX-License-Identifier: Apache-2.0
// What an HTTP server knows of one connection.

internal import SealBytes
internal import SealHTTP

/// One connection of an HTTP server.
struct HTTPVisitor {
    /// What was known when it came.
    struct Facts {
        var peerAddress: String
        var chain: [[UInt8]]
        var serverName: String?
        var isEncrypted: Bool
        var port: Int
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
    /// When it is given up; `.max` while an answer is made.
    var deadline: UInt64
    /// When a timer looks after the deadline.
    var timerAt: UInt64
    /// That timer.
    var timer = TimerWheel.Name.none
    /// When the request that is being read began.
    var requestBegan: UInt64?
    /// Bytes of that request so far.
    var requestBytes = 0
    /// Room for the body of that request.
    var reservedBytes = 0
    /// The method of the request that is being answered, for the log.
    var method = Method.get
}

/// An answer on its way from a thread to the connections.
struct HTTPAnswer: Sendable {
    var visitor: UInt64
    var response: Response
    var microseconds: UInt64
    /// Room that the body took.
    var reservedBytes: Int
}

/// What is posted to an HTTP server.
enum HTTPLetter: Sendable {
    /// A request was answered.
    case answer(HTTPAnswer)
    /// Take no more connections, end each after its present answer, and end when all have gone.
    case drain
}
