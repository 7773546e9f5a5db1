// SPDX-License-Identifier: Apache-2.0
// Answers of one connection that wait for their turn behind a SUBACK. Who puts them in and takes
// them out is in Adapters/MQTT/Partition+Answers.swift.

/// The answers of a connection from the first SUBACK that waits for other partitions on.
///
/// There is one only while such a SUBACK is waited for.
final class AnswerQueue {
    /// One or more answers.
    enum Answer {
        /// A SUBSCRIBE that the other partitions have not all heard of yet.
        case awaited(ticket: UInt64)
        /// Encoded and ready to go.
        case ready([UInt8])
    }

    /// SUBACKs of one connection that may be waited for before reading from it stops.
    static let awaitedMax = 64
    /// Bytes of answers behind them before reading stops.
    static let bytesMax = 65_536

    private(set) var answers: [Answer] = []
    private var awaited = 0
    private var bytes = 0
    /// Reading from the connection has stopped because of this queue.
    var isHolding = false
    /// The client said DISCONNECT: the connection ends behind the last answer.
    var isLeaving = false
    /// It said so without asking for its will.
    var endsWell = false

    var isFull: Bool { awaited >= Self.awaitedMax || bytes >= Self.bytesMax }

    /// A SUBACK has this turn.
    func append(ticket: UInt64) {
        awaited += 1
        answers.append(.awaited(ticket: ticket))
    }

    /// An answer has this turn.
    func append(_ answer: [UInt8]) {
        bytes += answer.count
        // In place, or each short answer would copy those before it.
        if case .ready(var last) = answers.last {
            answers.removeLast()
            last += answer
            answers.append(.ready(last))
        } else {
            answers.append(.ready(answer))
        }
    }

    /// Takes the first one out.
    func removeFirst() {
        guard !answers.isEmpty else { return }
        switch answers.removeFirst() {
        case .awaited: awaited -= 1
        case .ready(let sent): bytes -= sent.count
        }
    }
}
