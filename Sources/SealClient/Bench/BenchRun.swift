// SPDX-License-Identifier: Apache-2.0
// One measurement under way: its connections, and how they come to be. What flows over them is
// in BenchRun+Traffic, the other rows in BenchRun+Connections.

internal import SealBytes
internal import SealMQTT
internal import SealNet
internal import SealPKI

final class BenchRun: OutgoingHandler {
    /// What connections are for at present.
    enum Purpose {
        /// Every peer connects once and stays.
        case gathering
        /// Peers connect, end and begin anew.
        case cycling
        /// Messages flow.
        case flowing
        /// Everything is over.
        case over
    }

    let settings: BenchSettings
    let loop = OutgoingLoop()
    let gauge: ServerGauge?
    let runNumber: UInt32
    var purpose = Purpose.gathering
    var result = BenchResult()
    var peers: [BenchPeer] = []
    var readyCount = 0
    var ledger: BenchLedger
    var scratch = ByteWriter(capacity: 64 << 10)
    var payload: ByteWriter
    var topics: [[UInt8]] = []
    /// Publishers whose window may have opened, and whether each is on the list.
    var awake: [Int] = []
    var isAwake: [Bool] = []
    /// With a rate: when each publisher's next messages were due.
    var dues: [[UInt64]] = []
    var lastDelivery: [UInt64] = []
    /// How many acknowledgements came.
    var acknowledgements: UInt64 = 0
    /// The bounds of the measured time, in nanoseconds.
    var measured: ClosedRange<UInt64> = .max ... .max

    private let address: PeerAddress
    private let contexts: [TLSClientContext]
    private var dialCount = 0
    private var underWay = 0
    private var waiting: [Int] = []
    private var retrying: [(due: UInt64, peer: Int)] = []

    init(_ settings: BenchSettings) throws(BenchError) {
        self.settings = settings
        do throws(NetError) {
            address = try OutgoingSocket.resolve(host: settings.host, port: settings.port)
        } catch {
            throw BenchError(.network, error.description)
        }
        do throws(TLSError) {
            contexts = try settings.tls?.contexts() ?? []
        } catch {
            throw BenchError(.tls, error.description)
        }
        gauge = settings.serverProcess.map { ServerGauge(process: $0) }
        if let gauge, gauge.nanoseconds == 0 {
            throw BenchError(.process, "there is no process \(gauge.process) to be watched")
        }
        var number: UInt32 = 0
        for byte in (try? Cryptography.randomBytes(4)) ?? [1, 2, 3, 4] {
            number = number << 8 | UInt32(byte)
        }
        runNumber = number
        let sides = settings.sides
        ledger = BenchLedger(
            publishers: sides.publishers,
            receivers: settings.row == .pairs ? 1 : max(sides.subscribers, 1),
            window: settings.window
        )
        payload = ByteWriter(capacity: settings.payloadBytes)
        payload.put(number)
        for index in 4..<settings.payloadBytes {
            payload.put(UInt8(truncatingIfNeeded: index &* 31))
        }
        lastDelivery = Array(repeating: 0, count: sides.publishers)
        isAwake = Array(repeating: false, count: sides.publishers)
        dues = Array(repeating: [], count: sides.publishers)
        for index in 0..<sides.publishers { topics.append(topic("\(index)")) }
        for index in 0..<sides.subscribers { peers.append(BenchPeer(role: .subscriber(index))) }
        for index in 0..<sides.publishers { peers.append(BenchPeer(role: .publisher(index))) }
    }

    var name: String { String(runNumber, radix: 16) }

    /// A topic or filter of this run.
    func topic(_ last: String) -> [UInt8] {
        Array("\(settings.topicPrefix)/\(name)/\(last)".utf8)
    }

    /// The peer of a publisher.
    func publisher(_ index: Int) -> Int { settings.sides.subscribers + index }

    // MARK: Connecting

    /// Connects all peers; false when not all of them came.
    func gather() -> Bool {
        let begin = OutgoingLoop.nanoseconds
        waiting = Array(peers.indices.reversed())
        while readyCount + Int(result.failedConnections) < peers.count {
            dialMore()
            loop.turn(self, until: OutgoingLoop.nanoseconds + 100_000_000)
            // A server that answers nobody for a minute will not answer at all.
            if OutgoingLoop.nanoseconds - begin > 600_000_000_000 { break }
        }
        result.connectSeconds = Double(OutgoingLoop.nanoseconds - begin) / 1e9
        result.connectionCount = readyCount
        return readyCount == peers.count
    }

    /// Begins as many connections as may be under way.
    func dialMore() {
        let present = OutgoingLoop.nanoseconds
        if !retrying.isEmpty {
            waiting.append(contentsOf: retrying.filter { $0.due <= present }.map(\.peer))
            retrying.removeAll { $0.due <= present }
        }
        while underWay < settings.parallelCount, let peer = waiting.popLast() { dial(peer) }
    }

    /// Begins a peer's connection.
    func dial(_ peer: Int) {
        let number = dialCount
        dialCount += 1
        var target = OutgoingTarget(address: address, host: settings.host)
        if settings.sourceCount > 0 {
            target.source = OutgoingSocket.loopback(number % settings.sourceCount)
        }
        if !contexts.isEmpty {
            // Who stays keeps its identity, so that two never have the same while they can.
            let identity = (purpose == .cycling ? number : peer) % contexts.count
            peers[peer].identity = identity
            target.tls = contexts[identity]
        }
        peers[peer].stage = .connecting
        peers[peer].began = OutgoingLoop.nanoseconds
        underWay += 1
        do throws(NetError) {
            peers[peer].handle = try loop.dial(target, tag: peer)
        } catch {
            failed(peer, error.description)
        }
    }

    /// A peer's connection could not be made or broke.
    func failed(_ peer: Int, _ reason: String) {
        let stage = peers[peer].stage
        peers[peer].stage = .ended
        if stage == .connecting || stage == .subscribing { underWay -= 1 }
        guard purpose != .over else { return }
        if stage == .ready { readyCount -= 1 }
        if settings.retries, purpose != .flowing {
            result.retriedConnections += 1
            peers[peer].stage = .waiting
            // Between a quarter and one and a quarter seconds, differently for each.
            let pause = 250_000_000 + UInt64(dialCount &* 7919 % 1000) * 1_000_000
            retrying.append((OutgoingLoop.nanoseconds + pause, peer))
            return
        }
        result.failedConnections += 1
        if result.firstFailure == nil { result.firstFailure = reason }
    }

    func opened(_ id: Handle, tag: Int) {
        scratch.removeAll()
        var packet = Connect(
            version: settings.version,
            clientID: Array(clientID(tag).utf8),
            keepAliveSeconds: 0
        )
        packet.username = settings.username.map { Array($0.utf8) }
        packet.password = settings.password.map { Array($0.utf8) }
        Encode.connect(packet, into: &scratch)
        loop.write(id, scratch)
    }

    private func clientID(_ peer: Int) -> String {
        if let names = settings.tls?.identityNames, !names.isEmpty {
            return names[peers[peer].identity % names.count]
        }
        let kind =
            switch peers[peer].role {
            case .publisher(let index): "p\(index)"
            case .subscriber(let index): "s\(index)"
            case .lone: "c\(peer)"
            }
        return "\(settings.topicPrefix)-\(name)-\(kind)"
    }

    func closed(_ id: Handle, tag: Int, _ reason: String) { failed(tag, reason) }

    /// CONNACK came.
    func accepted(_ peer: Int, _ answer: Connack) {
        guard peers[peer].stage == .connecting else { return mistake("a second CONNACK") }
        guard answer.reason == .success else {
            loop.close(peers[peer].handle)
            return failed(peer, "CONNACK says \(answer.reason)")
        }
        if purpose == .cycling { return cycled(peer) }
        let most = Int(answer.properties.receiveMaximum ?? 65_535)
        peers[peer].allow(min(settings.inFlightCount, most))
        let filter: [UInt8]
        switch peers[peer].role {
        case .publisher: return ready(peer)
        case .subscriber(let index): filter = topic(settings.row == .pairs ? "\(index)" : "+")
        case .lone:
            guard settings.subscribes else { return ready(peer) }
            filter = topic("idle/\(peer)")
        }
        peers[peer].stage = .subscribing
        scratch.removeAll()
        Encode.subscribe(
            Subscribe(
                packetID: 1,
                filters: [SubscriptionRequest(filter: filter, qos: settings.qos)]
            ),
            version: settings.version,
            into: &scratch
        )
        loop.write(peers[peer].handle, scratch)
    }

    /// SUBACK came.
    func subscribed(_ peer: Int, _ answer: Suback) {
        guard peers[peer].stage == .subscribing else { return mistake("a SUBACK too many") }
        guard answer.codes.count == 1, answer.codes[0].rawValue == settings.qos else {
            loop.close(peers[peer].handle)
            return failed(peer, "SUBACK says \(answer.codes)")
        }
        ready(peer)
    }

    private func ready(_ peer: Int) {
        peers[peer].stage = .ready
        underWay -= 1
        readyCount += 1
        if purpose == .gathering { dialMore() }
    }

    /// One of the peers that connect again and again is through: it ends and begins anew.
    private func cycled(_ peer: Int) {
        let present = OutgoingLoop.nanoseconds
        if measured.contains(present) {
            result.count += 1
            result.latency.record(present - peers[peer].began)
        }
        scratch.removeAll()
        Encode.disconnect(into: &scratch)
        loop.write(peers[peer].handle, scratch)
        loop.close(peers[peer].handle)
        underWay -= 1
        dial(peer)
    }

    /// Something came that should not have.
    func mistake(_ what: String) {
        result.errors += 1
        if result.firstFailure == nil { result.firstFailure = what }
    }

    /// Ends all connections.
    func disconnectAll() {
        purpose = .over
        for index in peers.indices where peers[index].stage == .ready {
            scratch.removeAll()
            Encode.disconnect(into: &scratch)
            loop.write(peers[index].handle, scratch)
            loop.close(peers[index].handle)
        }
    }
}
