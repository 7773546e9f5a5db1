// SPDX-License-Identifier: Apache-2.0
// The account of a measurement: what was published, and what of it came how often and in which
// order. It knows no network.

/// The books of one measurement: sequence numbers sent and received.
public struct BenchLedger: Sendable {
    private struct Line {
        /// The sequence number that is due next.
        var next: UInt64 = 0
        /// Numbers that were passed over and may still come.
        var missing: Set<UInt64> = []
    }

    private let receivers: Int
    private let window: Int
    private let ringCount: Int
    private var sent: [UInt64]
    private var open: [Int]
    /// For each publisher's latest messages, how many receivers have not got it.
    private var waiting: [Int32]
    private var lines: [Line]

    /// Deliveries of messages that were new to their receiver.
    public private(set) var delivered: UInt64 = 0
    /// Deliveries that had happened before.
    public private(set) var duplicated: UInt64 = 0
    /// Deliveries after one that was published later.
    public private(set) var late: UInt64 = 0
    /// Messages that were sent.
    public private(set) var published: UInt64 = 0

    /// Opens the books; `receivers` is how many subscribers get each publisher's messages.
    public init(publishers: Int, receivers: Int, window: Int) {
        self.receivers = receivers
        self.window = window
        var ring = 16
        while ring < window * 2 { ring *= 2 }
        ringCount = ring
        sent = Array(repeating: 0, count: publishers)
        open = Array(repeating: 0, count: publishers)
        waiting = Array(repeating: 0, count: publishers * ring)
        lines = Array(repeating: Line(), count: publishers * receivers)
    }

    /// Messages that some receiver has not got, of one publisher.
    public func undelivered(_ publisher: Int) -> Int { open[publisher] }

    /// Whether the window lets the publisher send one more.
    public func mayPublish(_ publisher: Int) -> Bool {
        open[publisher] < window && waiting[place(publisher, sent[publisher])] == 0
    }

    /// Enters a message that is sent now; gives its sequence number.
    public mutating func publish(_ publisher: Int) -> UInt64 {
        let sequence = sent[publisher]
        sent[publisher] += 1
        published += 1
        open[publisher] += 1
        waiting[place(publisher, sequence)] = Int32(truncatingIfNeeded: receivers)
        return sequence
    }

    /// Enters a delivery; false when it was no new one or was never sent.
    public mutating func deliver(
        _ publisher: Int,
        to receiver: Int,
        sequence: UInt64
    ) -> Bool {
        guard sequence < sent[publisher] else { return false }
        let line = publisher * receivers + receiver
        let next = lines[line].next
        if sequence == next {
            lines[line].next = next + 1
        } else if sequence > next {
            for number in next..<sequence { lines[line].missing.insert(number) }
            lines[line].next = sequence + 1
        } else if lines[line].missing.remove(sequence) != nil {
            late += 1
        } else {
            duplicated += 1
            return false
        }
        delivered += 1
        guard sent[publisher] - sequence <= UInt64(ringCount) else { return true }
        let place = place(publisher, sequence)
        guard waiting[place] > 0 else { return true }
        waiting[place] -= 1
        if waiting[place] == 0 { open[publisher] -= 1 }
        return true
    }

    /// Waits no longer for what one publisher has sent.
    public mutating func giveUp(_ publisher: Int) {
        open[publisher] = 0
        for index in publisher * ringCount..<(publisher + 1) * ringCount { waiting[index] = 0 }
    }

    /// Deliveries that should have been and were not.
    public var lost: UInt64 {
        var count: UInt64 = 0
        for (index, line) in lines.enumerated() {
            count += sent[index / receivers] - line.next + UInt64(line.missing.count)
        }
        return count
    }

    /// Whether everything that was sent has arrived.
    public var isComplete: Bool { !open.contains { $0 > 0 } }

    private func place(_ publisher: Int, _ sequence: UInt64) -> Int {
        publisher * ringCount + Int(sequence & UInt64(ringCount - 1))
    }
}
