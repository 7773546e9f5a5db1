// SPDX-License-Identifier: Apache-2.0
// The client's end of a connection to a bench: bytes in, bytes out, and the wire to be cut.

internal import SealBroker
public import SealBytes

/// A connection as its client sees it.
public final class BenchClient {
    /// The host's name for the connection.
    public let transport: UInt64
    /// The listener it came in by.
    public let listener: Int
    /// The partition that serves it now.
    public internal(set) var partition: Int
    /// Its name in that partition.
    public internal(set) var link: Handle
    /// The broker, or the client itself, closed the connection.
    public internal(set) var isClosed = false
    /// Bytes the client takes from the network; what is above waits at the broker.
    public var receivesBytesMax = Int.max
    /// Bytes sent that the broker has not used yet.
    public internal(set) var unread: [UInt8] = []

    var received: [UInt8] = []
    var isHeld = false
    /// On its way to another partition.
    var isMoving = false
    /// The unread bytes were offered, and more are needed before they can be used.
    var awaitsMore = false
    /// To be closed when everything was sent.
    var closesWhenSent = false
    /// The broker; who keeps a client keeps the broker too.
    public unowned let bench: BrokerBench

    init(_ bench: BrokerBench, transport: UInt64, listener: Int, partition: Int) {
        self.bench = bench
        self.transport = transport
        self.listener = listener
        self.partition = partition
        link = .none
    }

    /// Sends bytes; on a bench that settles by itself, everything that follows happens now.
    public func send(_ bytes: [UInt8]) {
        guard !isClosed else { return }
        unread += bytes
        awaitsMore = false
        if bench.settlesItself { bench.settle() }
    }

    /// Takes what has arrived since the last call.
    public func take() -> [UInt8] {
        if bench.settlesItself { bench.settle() }
        let bytes = received
        received = []
        return bytes
    }

    /// Cuts the wire, as a network does that fails.
    public func cut() { cut(because: "peer-closed") }

    /// Cuts the wire for a reason that the host would give.
    public func cut(because reason: String) {
        guard !isClosed else { return }
        if bench.settlesItself { bench.settle() }
        bench.end(self, reason: reason)
        if bench.settlesItself { bench.settle() }
    }
}
