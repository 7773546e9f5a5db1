// SPDX-License-Identifier: Apache-2.0
// A story has a broker and clients that send bytes and compare what comes back, byte for byte.
// Where the broker runs is the stage's matter.

import SealBroker
import SealTesting
import Testing

/// Where a story is played.
enum Stage: CaseIterable, CustomTestStringConvertible {
    /// One partition in memory.
    case onePartition
    /// Two of them; "pub" and "sub" live apart.
    case twoPartitions

    var partitions: Int { self == .onePartition ? 1 : 2 }

    var testDescription: String {
        switch self {
        case .onePartition: "1 partition"
        case .twoPartitions: "2 partitions"
        }
    }
}

/// A broker and its clients.
final class Story {
    let bench: BrokerBench

    init(_ stage: Stage = .onePartition, _ change: (inout BenchSetup) -> Void = { _ in }) {
        var setup = BenchSetup()
        setup.partitions = stage.partitions
        change(&setup)
        bench = BrokerBench(setup)
    }

    /// A connection that has said nothing yet.
    func open(listener: Int = 0, facts: ArrivalFacts = ArrivalFacts()) -> Player {
        Player(bench.open(listener: listener, facts: facts), version: .v311)
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
        let player = Player(bench.open(listener: listener), version: version)
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
    let wire: BenchClient
    let version: Version
    private let bench: BrokerBench
    private var pending: [UInt8] = []

    init(_ wire: BenchClient, version: Version) {
        self.wire = wire
        bench = wire.bench
        self.version = version
    }

    func send(_ packets: [UInt8]...) { wire.send(packets.flatMap(\.self)) }
    func send(_ text: String) { wire.send(hex(text)) }

    /// The wire is cut.
    func cut() { wire.cut() }

    var isClosed: Bool {
        pending += wire.take()
        return wire.isClosed
    }

    /// Everything that has arrived.
    func take() -> [UInt8] {
        defer { pending = [] }
        return pending + wire.take()
    }

    /// Undoes a `take`.
    func putBack(_ bytes: [UInt8]) { pending = bytes + pending }

    /// The first packet that has arrived; empty when there is none.
    func nextPacket() -> [UInt8] {
        pending += wire.take()
        var length = 0
        var index = 1
        while index < pending.count {
            length |= Int(pending[index] & 0x7F) << (7 * (index - 1))
            index += 1
            if pending[index - 1] & 0x80 == 0 { break }
        }
        let count = min(index + length, pending.count)
        defer { pending.removeFirst(count) }
        return Array(pending.prefix(count))
    }

    /// Exactly these packets have arrived, in this order, and nothing else.
    func expect(
        _ packets: [UInt8]...,
        at location: SourceLocation = #_sourceLocation
    ) {
        let expected = packets.flatMap(\.self)
        let found = take()
        #expect(show(found) == show(expected), sourceLocation: location)
    }

    /// Exactly these bytes have arrived.
    func expect(_ text: String, at location: SourceLocation = #_sourceLocation) {
        expect(hex(text), at: location)
    }

    func expectNothing(at location: SourceLocation = #_sourceLocation) {
        #expect(show(take()) == "", sourceLocation: location)
        #expect(!wire.isClosed, "the connection is closed", sourceLocation: location)
    }

    /// These bytes came, and then the connection was closed.
    func expectEnd(
        _ packets: [UInt8]...,
        at location: SourceLocation = #_sourceLocation
    ) {
        let expected = packets.flatMap(\.self)
        #expect(show(take()) == show(expected), sourceLocation: location)
        #expect(wire.isClosed, "the connection is open", sourceLocation: location)
    }

    /// A DISCONNECT with this code, whatever its words, and then the end.
    ///
    /// Before MQTT 5.0 the end alone.
    func expectDisconnect(_ code: UInt8, at location: SourceLocation = #_sourceLocation) {
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
        #expect(wire.isClosed, "the connection is open", sourceLocation: location)
    }

    /// A CONNACK with this code, whatever its words, and then the end.
    func expectRefusal(_ code: UInt8, at location: SourceLocation = #_sourceLocation) {
        let found = take()
        let offset = found.count > 1 && found[1] & 0x80 != 0 ? 3 : 2
        #expect(found.first == 0x20, "\(show(found))", sourceLocation: location)
        #expect(
            show(found.dropFirst(offset).prefix(2)) == show([0, code]),
            sourceLocation: location
        )
        #expect(wire.isClosed, "the connection is open", sourceLocation: location)
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
