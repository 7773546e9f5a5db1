// SPDX-License-Identifier: Apache-2.0
// Limits that hold for all loops together: connections in total and by source address, and
// handshakes under way.

internal import SealBytes

/// Why a connection was turned away before anything was read from it.
public enum AdmissionRefusal: String, Sendable, CaseIterable {
    /// The daemon has as many connections as it may have.
    case connections
    /// This address has as many connections as one address may have.
    case connectionsPerSource = "connections-per-source"
    /// The listener has as many connections as it may have.
    case connectionsPerListener = "max-connections"
    /// As many handshakes wait as may wait, and none can be withdrawn.
    case handshakesWaiting = "handshakes-waiting"
    /// As many handshakes wait from this address as may wait from one.
    case handshakesPerSource = "handshakes-per-source"
}

extension AdmissionRefusal {
    /// Somebody who leaves makes room.
    var isAboutPlaces: Bool {
        switch self {
        case .connections, .connectionsPerSource, .connectionsPerListener: true
        case .handshakesWaiting, .handshakesPerSource: false
        }
    }
}

/// The limits; every one has a setting.
public struct AdmissionLimits: Sendable, Equatable {
    /// Connections in total.
    public var connectionsMax: Int
    /// Connections from one address.
    public var connectionsPerSourceMax: Int
    /// Handshakes not yet finished, in total.
    public var handshakesWaitingMax: Int
    /// Handshakes not yet finished from one address.
    public var handshakesPerSourceMax: Int
    /// Connections of each listener, by its number; 0 is no limit of its own.
    public var connectionsPerListenerMax: [Int] = []

    /// Makes limits.
    public init(
        connectionsMax: Int = 100_000,
        connectionsPerSourceMax: Int = 100_000,
        handshakesWaitingMax: Int = 1000,
        handshakesPerSourceMax: Int = 100
    ) {
        self.connectionsMax = connectionsMax
        self.connectionsPerSourceMax = connectionsPerSourceMax
        self.handshakesWaitingMax = handshakesWaitingMax
        self.handshakesPerSourceMax = handshakesPerSourceMax
    }
}

/// A handshake under way, and how its loop is told to give its place up.
public struct HandshakePlace: Sendable {
    /// The loop's own name for it.
    public var number: UInt64
    /// Tells the loop, from any thread, that the handshake of this number has lost its place.
    public var withdraw: @Sendable (UInt64) -> Void

    /// Makes one.
    public init(number: UInt64, withdraw: @escaping @Sendable (UInt64) -> Void) {
        self.number = number
        self.withdraw = withdraw
    }
}

/// Counts connections of all loops against the limits.
public final class Admission: Sendable {
    private struct Waiting {
        /// Lower is older, among all loops.
        var order: UInt64
        var peer: PeerAddress
        var place: HandshakePlace
    }

    private struct Counts {
        var limits: AdmissionLimits
        var total = 0
        var waiting = 0
        var bySource: [PeerAddress: Int] = [:]
        /// Of each address the handshakes under way, the oldest first.
        var waitingBySource: [PeerAddress: [Waiting]] = [:]
        var byListener: [Int: Int] = [:]
        var entered: UInt64 = 0

        /// Whether a listener has all the connections it may have.
        func isFull(_ listener: Int) -> Bool {
            guard limits.connectionsPerListenerMax.indices.contains(listener) else { return false }
            let most = limits.connectionsPerListenerMax[listener]
            return most > 0 && (byListener[listener] ?? 0) >= most
        }

        /// Takes the place of the oldest handshake of the address that has most of them under
        /// way, the newcomer counted; among equals of the address that waits longest.
        mutating func displace(for newcomer: PeerAddress) -> HandshakePlace? {
            var victim: (source: PeerAddress, count: Int, order: UInt64)?
            for (source, all) in waitingBySource {
                guard let order = all.first?.order else { continue }
                let count = all.count + (source == newcomer ? 1 : 0)
                if let best = victim, (best.count, order) > (count, best.order) { continue }
                victim = (source, count, order)
            }
            guard let source = victim?.source else { return nil }
            let place = waitingBySource[source]?.removeFirst().place
            if waitingBySource[source]?.isEmpty == true { waitingBySource[source] = nil }
            waiting -= 1
            return place
        }
    }

    private let counts: Locked<Counts>

    /// Starts with nobody connected.
    public init(_ limits: AdmissionLimits) { counts = Locked(Counts(limits: limits)) }

    /// Replaces the limits; who is in stays in.
    public func update(_ limits: AdmissionLimits) { counts.withLock { $0.limits = limits } }

    /// Asks for a place; nil when it was given.
    ///
    /// When all places for handshakes are taken, the one that matters least is withdrawn for the
    /// newcomer: nobody shuts others out with handshakes that lead to nothing.
    public func enter(
        _ peer: PeerAddress,
        listener: Int = 0,
        handshake: HandshakePlace? = nil
    ) -> AdmissionRefusal? {
        let source = peer.source
        var withdrawn: [HandshakePlace] = []
        let refusal: AdmissionRefusal? = counts.withLock { counts in
            let mine = counts.bySource[source] ?? 0
            if counts.total >= counts.limits.connectionsMax { return .connections }
            if mine >= counts.limits.connectionsPerSourceMax { return .connectionsPerSource }
            if counts.isFull(listener) { return .connectionsPerListener }
            if let handshake {
                let waiting = counts.waitingBySource[source]?.count ?? 0
                if waiting >= counts.limits.handshakesPerSourceMax { return .handshakesPerSource }
                while counts.waiting >= counts.limits.handshakesWaitingMax {
                    guard let place = counts.displace(for: source) else {
                        return .handshakesWaiting
                    }
                    withdrawn.append(place)
                }
                counts.waiting += 1
                counts.entered += 1
                counts.waitingBySource[source, default: []].append(
                    Waiting(order: counts.entered, peer: peer, place: handshake)
                )
            }
            counts.total += 1
            counts.bySource[source] = mine + 1
            counts.byListener[listener, default: 0] += 1
            return nil
        }
        for place in withdrawn { place.withdraw(place.number) }
        return refusal
    }

    /// Says that a handshake ended, well or badly; of one that was withdrawn this is known.
    public func handshakeEnded(_ peer: PeerAddress, number: UInt64) {
        let source = peer.source
        counts.withLock { counts in
            let index = counts.waitingBySource[source]?.firstIndex {
                $0.place.number == number && $0.peer == peer
            }
            guard let index else { return }
            counts.waitingBySource[source]?.remove(at: index)
            if counts.waitingBySource[source]?.isEmpty == true {
                counts.waitingBySource[source] = nil
            }
            counts.waiting -= 1
        }
    }

    /// Gives a place back.
    public func leave(_ peer: PeerAddress, listener: Int = 0) {
        counts.withLock { counts in
            counts.total -= 1
            counts.byListener[listener, default: 1] -= 1
            Self.decrement(&counts.bySource, peer.source)
        }
    }

    /// How many connections and waiting handshakes there are.
    public var current: (connections: Int, handshakesWaiting: Int) {
        counts.withLock { ($0.total, $0.waiting) }
    }

    private static func decrement(_ counts: inout [PeerAddress: Int], _ source: PeerAddress) {
        guard let count = counts[source] else { return }
        counts[source] = count > 1 ? count - 1 : nil
    }
}
