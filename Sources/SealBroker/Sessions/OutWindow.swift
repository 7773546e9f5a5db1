// SPDX-License-Identifier: Apache-2.0
// Messages under way to one session: a ring indexed by packet id minus the first id.

internal import SealBytes
internal import SealMQTT

/// What a message under way waits for.
enum FlightState: UInt8 {
    case acknowledged
    case awaitsPuback
    case awaitsPubrec
    case awaitsPubcomp
}

/// What an acknowledgement comes to.
enum AcknowledgementStep: Equatable {
    /// Nothing is to be said.
    case taken
    /// PUBREL is to be sent, to unknown ids too.
    case release
    /// The message waits for another one.
    case outOfOrder
}

/// One message under way.
struct Flight {
    var state: FlightState
    var isRetained: Bool = false
    /// Kept only when it may have to be sent again: the session outlives its connection, or the
    /// message came through a shared subscription.
    var message: Message?
    var identifiers: [UInt32]?
    var group: Handle = .none
    /// The partition whose name `group` is.
    var groupHome: UInt8 = 0
}

/// The in-flight window of a session, in the order of sending.
struct OutWindow {
    private var ring: [Flight] = []
    private var head = 0
    private var span = 0
    private var firstID: UInt16 = 1

    /// Messages not yet acknowledged to the end.
    private(set) var inFlight = 0
    /// The memory of the messages that are kept.
    private(set) var bytes = 0
    /// The receiver's bound (MQTT 5.0 §3.1.2.11.3); our own bound for older versions.
    var limit = 65_535

    var hasRoom: Bool { inFlight < limit && span < 65_535 }
    var isEmpty: Bool { span == 0 }

    private static func advance(_ id: UInt16, by count: Int) -> UInt16 {
        // Packet ids run from 1 to 65,535.
        UInt16((Int(id) - 1 + count) % 65_535 + 1)
    }

    private func offset(of id: UInt16) -> Int? {
        guard id != 0 else { return nil }
        let distance = (Int(id) - Int(firstID) + 65_535) % 65_535
        return distance < span ? distance : nil
    }

    /// Takes the next packet id for a message.
    mutating func push(_ flight: Flight) -> UInt16 {
        if span == ring.count { grow() }
        if let message = flight.message { bytes += Weight.waiting(message, flight.identifiers) }
        ring[(head + span) & (ring.count - 1)] = flight
        let id = Self.advance(firstID, by: span)
        span += 1
        inFlight += 1
        return id
    }

    /// Passes over the next packet id: a message that is not sent, being too large for its receiver
    /// or too old, takes its id with it, as in other brokers.
    mutating func skip() {
        finish(push(Flight(state: .awaitsPuback)))
    }

    /// Whether a message waits for its first answer and was not sent before `other`.
    func isUnanswered(_ id: UInt16, behind other: UInt16) -> Bool {
        guard let offset = offset(of: id), let first = self.offset(of: other), offset >= first
        else { return false }
        let state = state(of: id)
        return state == .awaitsPuback || state == .awaitsPubrec
    }

    func state(of id: UInt16) -> FlightState? {
        guard let offset = offset(of: id) else { return nil }
        let state = ring[(head + offset) & (ring.count - 1)].state
        return state == .acknowledged ? nil : state
    }

    /// Takes PUBACK, PUBREC or PUBCOMP of the receiver.
    ///
    /// One of an unknown id may be a late answer (MQTT 5.0 §4.13.1).
    mutating func acknowledge(
        _ type: PacketType,
        _ id: UInt16,
        refuses: Bool
    ) -> AcknowledgementStep {
        let isRec = type == .pubrec
        let asksRelease = isRec && !refuses
        guard let offset = offset(of: id) else {
            return asksRelease ? .release : .taken
        }
        let index = (head + offset) & (ring.count - 1)
        switch ring[index].state {
        case .acknowledged: return asksRelease ? .release : .taken
        case .awaitsPuback:
            guard type == .puback else { return .outOfOrder }
            finish(at: index)
            return .taken
        case .awaitsPubrec:
            guard isRec else { return .outOfOrder }
            if refuses {
                // MQTT 5.0 §4.3.3: the receiver refuses; the message is done.
                finish(at: index)
                return .taken
            }
            release(at: index)
            return .release
        case .awaitsPubcomp:
            if isRec { return refuses ? .taken : .release }
            guard type == .pubcomp else { return .outOfOrder }
            finish(at: index)
            return .taken
        }
    }

    /// A message under way; nil when there is none with this id.
    func flight(of id: UInt16) -> Flight? {
        guard let offset = offset(of: id) else { return nil }
        let flight = ring[(head + offset) & (ring.count - 1)]
        return flight.state == .acknowledged ? nil : flight
    }

    /// A QoS 2 message was received; only its id is needed from now on.
    private mutating func release(at index: Int) {
        forget(at: index)
        ring[index].state = .awaitsPubcomp
        ring[index].message = nil
        ring[index].identifiers = nil
    }

    /// A message is not kept any more.
    private mutating func forget(at index: Int) {
        guard let message = ring[index].message else { return }
        bytes -= Weight.waiting(message, ring[index].identifiers)
    }

    /// A message is done.
    mutating func finish(_ id: UInt16) {
        guard let offset = offset(of: id) else { return }
        let index = (head + offset) & (ring.count - 1)
        guard ring[index].state != .acknowledged else { return }
        finish(at: index)
    }

    private mutating func finish(at index: Int) {
        let mask = ring.count - 1
        forget(at: index)
        ring[index] = Flight(state: .acknowledged)
        inFlight -= 1
        while span > 0, ring[head].state == .acknowledged {
            head = (head + 1) & mask
            span -= 1
            firstID = Self.advance(firstID, by: 1)
        }
        // A burst's memory is not kept for a session that may be idle from now on.
        if span == 0, ring.count > 512 {
            ring = []
            head = 0
        }
    }

    /// All that is not done, oldest first, with its id.
    var waiting: [(id: UInt16, flight: Flight)] {
        var all: [(id: UInt16, flight: Flight)] = []
        for offset in 0..<span {
            let flight = ring[(head + offset) & (ring.count - 1)]
            if flight.state != .acknowledged {
                all.append((Self.advance(firstID, by: offset), flight))
            }
        }
        return all
    }

    private mutating func grow() {
        let larger = max(ring.count * 2, 8)
        var moved: [Flight] = []
        moved.reserveCapacity(larger)
        for offset in 0..<span { moved.append(ring[(head + offset) & (ring.count - 1)]) }
        while moved.count < larger { moved.append(Flight(state: .acknowledged)) }
        ring = moved
        head = 0
    }
}

/// A set of packet ids, small while few are in it.
struct PacketIDSet {
    private var table: [UInt16] = []
    private(set) var count = 0

    private func index(of id: UInt16) -> Int {
        let mask = table.count - 1
        var index = (Int(id) &* 40_503) & mask
        while table[index] != 0, table[index] != id { index = (index + 1) & mask }
        return index
    }

    func contains(_ id: UInt16) -> Bool {
        table.isEmpty ? false : table[index(of: id)] == id
    }

    /// Puts an id in; false when it was there.
    ///
    /// Zero is never an id.
    @discardableResult
    mutating func insert(_ id: UInt16) -> Bool {
        if count * 2 >= table.count { resize(max(table.count * 2, 8)) }
        let place = index(of: id)
        if table[place] == id { return false }
        table[place] = id
        count += 1
        return true
    }

    /// Takes an id out; false when it was not there.
    @discardableResult
    mutating func remove(_ id: UInt16) -> Bool {
        guard !table.isEmpty else { return false }
        var hole = index(of: id)
        guard table[hole] == id, id != 0 else { return false }
        let mask = table.count - 1
        table[hole] = 0
        count -= 1
        // Entries behind the hole move up when their own place is not between.
        var next = (hole + 1) & mask
        while table[next] != 0 {
            let home = (Int(table[next]) &* 40_503) & mask
            if (next - home) & mask >= (next - hole) & mask {
                table[hole] = table[next]
                table[next] = 0
                hole = next
            }
            next = (next + 1) & mask
        }
        return true
    }

    var all: [UInt16] { table.filter { $0 != 0 } }

    private mutating func resize(_ size: Int) {
        let old = table
        table = Array(repeating: 0, count: size)
        for id in old where id != 0 { table[index(of: id)] = id }
    }
}
