// SPDX-License-Identifier: Apache-2.0
// A story has a broker and clients that send bytes and compare what comes back, byte for byte.
// Where the broker runs is the stage's matter.

import Foundation
import SealBroker
import SealTesting
import Testing

/// Where a story is played.
enum Stage: CustomTestStringConvertible {
    /// One partition in memory.
    case onePartition
    /// Two of them; "pub" and "sub" live apart.
    case twoPartitions
    /// A daemon with one shard, spoken to with TLS over loopback.
    case oneShard
    /// The same with two shards.
    case twoShards

    /// For stories that set the clock or look into the broker.
    static let inMemory: [Stage] = [.onePartition, .twoPartitions]
    /// For all others: with SEALWIRE_WIRE_STAGE=tls they are played over TLS too.
    static let allCases: [Stage] =
        ProcessInfo.processInfo.environment["SEALWIRE_WIRE_STAGE"] == "tls"
        ? inMemory + [.oneShard, .twoShards] : inMemory

    var partitions: Int { self == .onePartition || self == .oneShard ? 1 : 2 }
    var isReal: Bool { self == .oneShard || self == .twoShards }

    var testDescription: String {
        (partitions == 1 ? "1 " : "2 ") + (isReal ? "over TLS" : "in memory")
    }
}

/// A client's end of a connection, wherever the broker is.
protocol Line: AnyObject {
    var isClosed: Bool { get }
    func send(_ bytes: [UInt8])
    /// Takes what has arrived, waiting for so many bytes where that is not at once.
    func take(atLeast count: Int) -> [UInt8]
    /// Waits a moment for the broker to close the connection.
    func waitForEnd()
    func cut()
}

extension BenchClient: Line {
    func take(atLeast count: Int) -> [UInt8] { take() }
    func waitForEnd() {}
}

/// A broker and its clients.
final class Story {
    /// The broker in memory.
    let bench: BrokerBench
    private let real: TLSStage?

    /// A story that changes the set-up is played in memory on every stage.
    init(_ stage: Stage = .onePartition, _ change: ((inout BenchSetup) -> Void)? = nil) {
        var setup = BenchSetup()
        setup.partitions = stage.partitions
        change?(&setup)
        bench = BrokerBench(setup)
        real = stage.isReal && change == nil ? TLSStage(shards: stage.partitions) : nil
    }

    /// A connection that has said nothing yet.
    func open(_ version: Version = .v311, listener: Int = 0) -> Player {
        if let real { return Player(real.open(), version: version, keeping: real) }
        return Player(bench.open(listener: listener), version: version, keeping: bench)
    }

    /// A client that is connected; the CONNACK is taken off.
    func join(
        _ clientID: String,
        _ version: Version = .v5,
        clean: Bool = true,
        keepAlive: Int = 0,
        _ properties: [UInt8] = [],
        will: Wire.Will? = nil,
        present: Bool? = nil,
        listener: Int = 0,
        at location: SourceLocation = #_sourceLocation
    ) -> Player {
        let player = open(version, listener: listener)
        var options = Wire.Connect()
        options.clean = clean
        options.keepAlive = keepAlive
        options.properties = properties
        options.will = will
        player.send(Wire.connect(version, clientID, options))
        let answer = player.nextPacket()
        #expect(answer.first == 0x20, "no CONNACK", sourceLocation: location)
        let body = Array(answer.dropFirst(2))
        #expect(body.dropFirst().first == 0, "\(clientID) is refused", sourceLocation: location)
        if let present {
            #expect(body.first == (present ? 1 : 0), "session present", sourceLocation: location)
        }
        return player
    }

    /// A client of MQTT 5.0 with properties.
    func join(
        _ clientID: String,
        _ properties: [UInt8],
        clean: Bool = true,
        will: Wire.Will? = nil,
        present: Bool? = nil,
        at location: SourceLocation = #_sourceLocation
    ) -> Player {
        join(clientID, .v5, clean: clean, properties, will: will, present: present, at: location)
    }

    func advance(seconds: Int) { bench.advance(milliseconds: UInt64(seconds) * 1000) }
    func advance(milliseconds: Int) { bench.advance(milliseconds: UInt64(milliseconds)) }
}

/// A client of a story.
final class Player {
    let version: Version
    private let line: any Line
    private let broker: AnyObject
    private var pending: [UInt8] = []

    init(_ line: any Line, version: Version, keeping broker: AnyObject) {
        self.line = line
        self.version = version
        self.broker = broker
    }

    /// The client's end in memory.
    var wire: BenchClient {
        guard let client = line as? BenchClient else {
            preconditionFailure("this story is for stages in memory")
        }
        return client
    }

    func send(_ packets: [UInt8]...) { line.send(packets.flatMap(\.self)) }
    func send(_ text: String) { line.send(hex(text)) }

    /// The wire is cut.
    func cut() { line.cut() }

    var isClosed: Bool {
        pending += line.take(atLeast: 0)
        return line.isClosed
    }

    /// The broker has closed the connection, or does so in a moment.
    func expectClosed(at location: SourceLocation = #_sourceLocation) {
        line.waitForEnd()
        #expect(line.isClosed, "the connection is open", sourceLocation: location)
    }

    /// Everything that has arrived; waits for so many bytes where that is not at once.
    func take(atLeast count: Int = 0) -> [UInt8] {
        defer { pending = [] }
        return pending + line.take(atLeast: max(count - pending.count, 0))
    }

    /// Undoes a `take`.
    func putBack(_ bytes: [UInt8]) { pending = bytes + pending }

    /// The first packet that has arrived; empty when there is none.
    func nextPacket() -> [UInt8] {
        if packetCount == nil { pending += line.take(atLeast: 1) }
        let count = packetCount ?? pending.count
        defer { pending.removeFirst(count) }
        return Array(pending.prefix(count))
    }

    /// The bytes of the first packet that is pending, if it is complete.
    private var packetCount: Int? {
        var length = 0
        var index = 1
        while index < pending.count {
            length |= Int(pending[index] & 0x7F) << (7 * (index - 1))
            index += 1
            if pending[index - 1] & 0x80 == 0 {
                return index + length <= pending.count ? index + length : nil
            }
        }
        return nil
    }

    /// Exactly these packets have arrived, in this order, and nothing else.
    func expect(
        _ packets: [UInt8]...,
        at location: SourceLocation = #_sourceLocation
    ) {
        let expected = packets.flatMap(\.self)
        let found = take(atLeast: expected.count)
        #expect(show(found) == show(expected), sourceLocation: location)
    }

    /// Exactly these bytes have arrived.
    func expect(_ text: String, at location: SourceLocation = #_sourceLocation) {
        expect(hex(text), at: location)
    }

    func expectNothing(at location: SourceLocation = #_sourceLocation) {
        #expect(show(take()) == "", sourceLocation: location)
        #expect(!line.isClosed, "the connection is closed", sourceLocation: location)
    }

    /// These bytes came, and then the connection was closed.
    func expectEnd(
        _ packets: [UInt8]...,
        at location: SourceLocation = #_sourceLocation
    ) {
        let expected = packets.flatMap(\.self)
        line.waitForEnd()
        #expect(show(take()) == show(expected), sourceLocation: location)
        #expect(line.isClosed, "the connection is open", sourceLocation: location)
    }

    /// A DISCONNECT with this code, whatever its words, and then the end.
    ///
    /// Before MQTT 5.0 the end alone.
    func expectDisconnect(_ code: UInt8, at location: SourceLocation = #_sourceLocation) {
        line.waitForEnd()
        let found = take()
        if version == .v5 {
            #expect(found.first == 0xE0, "\(show(found))", sourceLocation: location)
            let offset = found.count > 1 && found[1] & 0x80 != 0 ? 3 : 2
            #expect(
                show(found.dropFirst(offset).prefix(1)) == show([code]),
                sourceLocation: location
            )
        } else {
            #expect(show(found) == "", sourceLocation: location)
        }
        #expect(line.isClosed, "the connection is open", sourceLocation: location)
    }

    /// A CONNACK with this code, whatever its words, and then the end.
    func expectRefusal(_ code: UInt8, at location: SourceLocation = #_sourceLocation) {
        line.waitForEnd()
        let found = take()
        let offset = found.count > 1 && found[1] & 0x80 != 0 ? 3 : 2
        #expect(found.first == 0x20, "\(show(found))", sourceLocation: location)
        #expect(
            show(found.dropFirst(offset).prefix(2)) == show([0, code]),
            sourceLocation: location
        )
        #expect(line.isClosed, "the connection is open", sourceLocation: location)
    }

    /// Subscribes and takes the SUBACK off.
    func subscribe(
        _ filter: String,
        _ options: UInt8 = 0,
        _ properties: [UInt8] = [],
        at location: SourceLocation = #_sourceLocation
    ) {
        send(Wire.subscribe(version, 0x7000, [(filter, options)], properties))
        let answer = nextPacket()
        #expect(
            show(answer) == show(Wire.suback(version, 0x7000, [options & 3])),
            sourceLocation: location
        )
    }
}

func show(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }
        .joined(separator: " ")
}
