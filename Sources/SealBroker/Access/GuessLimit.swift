// SPDX-License-Identifier: Apache-2.0
// How often logins may fail from one address, and for one user from it. The time is an argument;
// who shares one among threads puts a lock around it.

public import SealBytes

/// Counts failed logins in a sliding window, and those that are being decided.
///
/// Failures count for the pair of source and user, and for the source. So nobody can lock a user
/// out from another address, and an address that tries many users comes to its end as well. A try
/// counts from the moment it begins, and is given back when it was none; so those who try at once
/// get no more tries than those who try one after the other.
public struct GuessLimit: Sendable {
    /// The bounds.
    public struct Bounds: Sendable, Equatable {
        /// Failures of one user from one source.
        public var perUser = 10
        /// Failures of one source.
        public var perSource = 100
        /// The length of the window in seconds.
        public var windowSeconds: Int64 = 60
        /// Pairs and sources that are remembered, each.
        public var entriesMax = 65_536
        /// Comparisons that wait for one user from one source.
        public var waitingPerUser = 100
        /// Comparisons that wait from one source.
        public var waitingPerSource = 2000
        /// Comparisons that wait.
        public var waitingMax = 10_000

        /// The usual ones.
        public init() {}
    }

    /// What came of a try.
    public enum Outcome: Sendable {
        /// It was right: the user's failures from there are forgotten, the source's are not.
        case right
        /// It was a wrong guess.
        case wrong
        /// It was no guess, or is not decided: it does not count.
        case neither
    }

    private struct Key: Hashable {
        var source: [UInt8]
        /// nil counts for the source; by bytes, because names that differ in them are two.
        var user: [UInt8]?
    }

    /// Failures in the window that runs and in the one before it, and what is under way.
    private struct Count {
        var window: Int64
        var now = 0
        var before = 0
        /// Tries that are being decided.
        var open = 0
        /// Tries that wait for their turn.
        var waiting = 0

        var isUnderWay: Bool { open > 0 || waiting > 0 }
    }

    /// The bounds.
    public private(set) var bounds: Bounds
    private var pairs: [Key: Count] = [:]
    private var sources: [Key: Count] = [:]
    /// Comparisons that wait.
    public private(set) var waiting = 0

    /// Nobody failed yet.
    public init(_ bounds: Bounds = Bounds()) { self.bounds = bounds }

    /// The number of remembered pairs and sources, for the test of the bound.
    var entryCount: Int { pairs.count + sources.count }

    /// Takes other bounds; what was counted stays.
    public mutating func update(_ bounds: Bounds) { self.bounds = bounds }

    // MARK: Tries

    /// Why a login may not be tried now; nil when it may.
    ///
    /// `now` is in seconds of any clock.
    public func refusal(source: String, user: Name?, now: Int64) -> Reason? {
        let (pair, all) = Self.keys(source, user)
        let isTooMany =
            failures(sources[all], now) >= bounds.perSource
            || failures(pairs[pair], now) >= bounds.perUser
        return isTooMany ? Reason(.tooManyGuesses, detail: Self.text(all)) : nil
    }

    /// A try begins, and counts as if it had failed until `end`; or why it may not.
    public mutating func begin(source: String, user: Name?, now: Int64) -> Reason? {
        if let refusal = refusal(source: source, user: user, now: now) { return refusal }
        let (pair, all) = Self.keys(source, user)
        Self.change(bounds, &pairs, pair, now) { $0.open += 1 }
        Self.change(bounds, &sources, all, now) { $0.open += 1 }
        return nil
    }

    /// A try that began has ended.
    public mutating func end(_ outcome: Outcome, source: String, user: Name?, now: Int64) {
        let (pair, all) = Self.keys(source, user)
        let isWrong = outcome == .wrong
        Self.close(bounds, &sources, all, now, isWrong: isWrong)
        Self.close(bounds, &pairs, pair, now, isWrong: isWrong)
        if outcome == .right { forget(pair) }
    }

    /// A login failed with these reasons; those that nobody guessed at are not counted.
    public mutating func note(_ reasons: [Reason], source: String, user: Name?, now: Int64) {
        guard let first = reasons.first, first.code.isGuess else { return }
        let (pair, all) = Self.keys(source, user)
        Self.change(bounds, &pairs, pair, now) { $0.now = min($0.now + 1, 1 << 30) }
        Self.change(bounds, &sources, all, now) { $0.now = min($0.now + 1, 1 << 30) }
    }

    /// A login succeeded: the user's failures from there are forgotten, the source's are not.
    public mutating func noteSuccess(source: String, user: Name?) {
        forget(Self.keys(source, user).pair)
    }

    private mutating func forget(_ pair: Key) {
        guard var count = pairs[pair] else { return }
        count.now = 0
        count.before = 0
        pairs[pair] = count.isUnderWay ? count : nil
    }

    // MARK: Waiting

    /// A comparison waits for its turn until `waited`; or why it may not.
    public mutating func wait(source: String, user: Name?, now: Int64) -> Reason? {
        let (pair, all) = Self.keys(source, user)
        guard waiting < bounds.waitingMax,
            sources[all]?.waiting ?? 0 < bounds.waitingPerSource,
            pairs[pair]?.waiting ?? 0 < bounds.waitingPerUser
        else { return Reason(.loginsWaiting, detail: Self.text(all)) }
        waiting += 1
        Self.change(bounds, &pairs, pair, now) { $0.waiting += 1 }
        Self.change(bounds, &sources, all, now) { $0.waiting += 1 }
        return nil
    }

    /// A comparison waits no more: its turn has come, or it was given up.
    public mutating func waited(source: String, user: Name?) {
        let (pair, all) = Self.keys(source, user)
        waiting -= 1
        Self.unwait(&pairs, pair)
        Self.unwait(&sources, all)
    }

    private static func unwait(_ table: inout [Key: Count], _ key: Key) {
        guard var count = table[key] else { return }
        count.waiting = max(count.waiting - 1, 0)
        table[key] = count.isUnderWay || count.now + count.before > 0 ? count : nil
    }

    // MARK: Counts

    /// The failures within the last window, with the share of the one before it that is left, and
    /// the tries that may become failures.
    private func failures(_ count: Count?, _ now: Int64) -> Int {
        guard let count else { return 0 }
        let length = max(bounds.windowSeconds, 1)
        let window = now / length
        let passed = Int(now % length)
        switch window - count.window {
        case 0: return count.open + count.now + count.before * (Int(length) - passed) / Int(length)
        case 1: return count.open + count.now * (Int(length) - passed) / Int(length)
        default: return count.open + (window < count.window ? count.now : 0)
        }
    }

    private static func close(
        _ bounds: Bounds,
        _ table: inout [Key: Count],
        _ key: Key,
        _ now: Int64,
        isWrong: Bool
    ) {
        change(bounds, &table, key, now) { count in
            count.open = max(count.open - 1, 0)
            if isWrong { count.now = min(count.now + 1, 1 << 30) }
        }
        if let count = table[key], !count.isUnderWay, count.now + count.before == 0 {
            table[key] = nil
        }
    }

    private static func change(
        _ bounds: Bounds,
        _ table: inout [Key: Count],
        _ key: Key,
        _ now: Int64,
        _ body: (inout Count) -> Void
    ) {
        let window = now / max(bounds.windowSeconds, 1)
        if table[key] == nil, table.count >= bounds.entriesMax {
            makeRoom(bounds, &table, window)
        }
        var count = table[key] ?? Count(window: window)
        if window > count.window {
            count.before = window == count.window + 1 ? count.now : 0
            count.now = 0
            count.window = window
        }
        body(&count)
        table[key] = count
    }

    /// Lets go of what has run out; when that is too little, of those with the fewest failures.
    ///
    /// Whoever floods the table to have his own failures forgotten loses nothing but single ones.
    private static func makeRoom(
        _ bounds: Bounds,
        _ table: inout [Key: Count],
        _ window: Int64
    ) {
        let goal = bounds.entriesMax - bounds.entriesMax / 8
        table = table.filter { $0.value.isUnderWay || $0.value.window >= window - 1 }
        var most = 1
        while table.count >= bounds.entriesMax {
            var left = table.count - min(goal, bounds.entriesMax - 1)
            table = table.filter { _, count in
                guard left > 0, !count.isUnderWay, count.now + count.before <= most else {
                    return true
                }
                left -= 1
                return false
            }
            guard most < 1 << 30 else { return }
            most *= 2
        }
    }

    private static func keys(_ source: String, _ user: Name?) -> (pair: Key, source: Key) {
        let network = Array(network(of: source).utf8)
        // Long names are cut: nobody has one of that length.
        let name = Array((user ?? .empty).utf8.prefix(256))
        return (Key(source: network, user: name), Key(source: network, user: nil))
    }

    private static func text(_ key: Key) -> String { String(decoding: key.source, as: UTF8.self) }

    // MARK: Networks

    /// The network of an address with or without its port.
    static func network(ofPeer peer: String) -> String {
        if peer.begins(with: "[") {
            let end = peer.utf8.firstIndex(of: UInt8(ascii: "]")) ?? peer.endIndex
            return network(of: String(peer[..<end].dropping(bytes: 1)))
        }
        let hasPort = peer.utf8.count { $0 == UInt8(ascii: ":") } == 1
        return hasPort ? peer.split(atByte: ":")[0] : network(of: peer)
    }

    /// The network that one customer has: of IPv6 the first 64 bits, of IPv4 the address.
    public static func network(of address: String) -> String {
        guard address.utf8.contains(UInt8(ascii: ":")) else { return address }
        let text = address.split(atByte: "%", maxSplits: 1)[0]
        let parts = text.split(atByte: ":")
        // An IPv4 address in the form of IPv6.
        if text.holds("."), let last = parts.last { return last }
        // An empty group in the middle stands for as many zeros as are missing.
        let gap = parts.indices.first { parts[$0].isEmpty && $0 > 0 } ?? parts.endIndex
        var groups = parts[..<gap].filter { !$0.isEmpty }
        if gap < parts.endIndex {
            let behind = parts[gap...].filter { !$0.isEmpty }
            while groups.count + behind.count < 8 { groups.append("0") }
            groups += behind
        }
        return groups.prefix(4).joined(separator: ":") + "::/64"
    }
}
