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
    /// As many handshakes wait as may wait.
    case handshakesWaiting = "handshakes-waiting"
    /// As many handshakes wait from this address as may wait from one.
    case handshakesPerSource = "handshakes-per-source"
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

/// Counts connections of all loops against the limits.
public final class Admission: Sendable {
    private struct Counts {
        var limits: AdmissionLimits
        var total = 0
        var waiting = 0
        var bySource: [PeerAddress: Int] = [:]
        var waitingBySource: [PeerAddress: Int] = [:]
        var byListener: [Int: Int] = [:]

        /// Whether a listener has all the connections it may have.
        func isFull(_ listener: Int) -> Bool {
            guard limits.connectionsPerListenerMax.indices.contains(listener) else { return false }
            let most = limits.connectionsPerListenerMax[listener]
            return most > 0 && (byListener[listener] ?? 0) >= most
        }
    }

    private let counts: Locked<Counts>

    /// Starts with nobody connected.
    public init(_ limits: AdmissionLimits) { counts = Locked(Counts(limits: limits)) }

    /// Replaces the limits; who is in stays in.
    public func update(_ limits: AdmissionLimits) { counts.withLock { $0.limits = limits } }

    /// Asks for a place; nil when it was given.
    public func enter(
        _ peer: PeerAddress,
        listener: Int = 0,
        needsHandshake: Bool
    ) -> AdmissionRefusal? {
        let source = peer.source
        return counts.withLock { counts in
            let mine = counts.bySource[source] ?? 0
            if counts.total >= counts.limits.connectionsMax { return .connections }
            if mine >= counts.limits.connectionsPerSourceMax { return .connectionsPerSource }
            if counts.isFull(listener) { return .connectionsPerListener }
            if needsHandshake {
                let waiting = counts.waitingBySource[source] ?? 0
                if counts.waiting >= counts.limits.handshakesWaitingMax {
                    return .handshakesWaiting
                }
                if waiting >= counts.limits.handshakesPerSourceMax { return .handshakesPerSource }
                counts.waiting += 1
                counts.waitingBySource[source] = waiting + 1
            }
            counts.total += 1
            counts.bySource[source] = mine + 1
            counts.byListener[listener, default: 0] += 1
            return nil
        }
    }

    /// Says that a handshake ended, well or badly.
    public func handshakeEnded(_ peer: PeerAddress) {
        counts.withLock { counts in
            counts.waiting -= 1
            Self.decrement(&counts.waitingBySource, peer.source)
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
