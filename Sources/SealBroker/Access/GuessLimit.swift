// SPDX-License-Identifier: Apache-2.0
// How often logins may fail from one address, and for one user from it. The time is an argument;
// who shares one among threads puts a lock around it.

public import SealBytes

/// Counts failed logins in a sliding window.
///
/// Failures count for the pair of source and user, and for the source. So nobody can lock a user
/// out from another address, and an address that tries many users comes to its end as well.
public struct GuessLimit: Sendable {
    /// The bounds.
    public struct Bounds: Sendable, Equatable {
        /// Failures of one user from one source.
        public var perUser = 10
        /// Failures of one source.
        public var perSource = 100
        /// The length of the window in seconds.
        public var windowSeconds: Int64 = 60
        /// Pairs and sources that are remembered.
        public var entriesMax = 65_536

        /// The usual ones.
        public init() {}
    }

    private struct Key: Hashable {
        var source: Name
        /// nil counts for the source; by bytes, because names that differ in them are two.
        var user: [UInt8]?
    }

    /// Failures in the window that runs, and in the one before it.
    private struct Count {
        var window: Int64
        var now = 0
        var before = 0
    }

    /// The bounds.
    public let bounds: Bounds
    private var counts: [Key: Count] = [:]

    /// Nobody failed yet.
    public init(_ bounds: Bounds = Bounds()) { self.bounds = bounds }

    /// The number of remembered pairs and sources, for the test of the bound.
    var entryCount: Int { counts.count }

    /// Why a login may not be tried now; nil when it may.
    ///
    /// `now` is in seconds of any clock.
    public func refusal(source: String, user: Name?, now: Int64) -> Reason? {
        let source = Self.network(of: source)
        if failures(Key(source: source, user: nil), now) >= bounds.perSource {
            return Reason(.tooManyGuesses, detail: source.text)
        }
        let key = Key(source: source, user: Self.bytes(user))
        guard failures(key, now) >= bounds.perUser else { return nil }
        return Reason(.tooManyGuesses, detail: source.text)
    }

    /// A login failed with these reasons; those that nobody guessed at are not counted.
    public mutating func note(_ reasons: [Reason], source: String, user: Name?, now: Int64) {
        guard let first = reasons.first, first.code.isGuess else { return }
        let source = Self.network(of: source)
        add(Key(source: source, user: Self.bytes(user)), now)
        add(Key(source: source, user: nil), now)
    }

    /// A login succeeded: the user's failures from there are forgotten, the source's are not.
    public mutating func noteSuccess(source: String, user: Name?) {
        counts[Key(source: Self.network(of: source), user: Self.bytes(user))] = nil
    }

    /// The failures within the last window, with the share of the one before it that is left.
    private func failures(_ key: Key, _ now: Int64) -> Int {
        guard let count = counts[key] else { return 0 }
        let length = max(bounds.windowSeconds, 1)
        let window = now / length
        let passed = Int(now % length)
        switch window - count.window {
        case 0: return count.now + count.before * (Int(length) - passed) / Int(length)
        case 1: return count.now * (Int(length) - passed) / Int(length)
        default: return window < count.window ? count.now : 0
        }
    }

    private mutating func add(_ key: Key, _ now: Int64) {
        let window = now / max(bounds.windowSeconds, 1)
        if counts[key] == nil, counts.count >= bounds.entriesMax { makeRoom(window) }
        var count = counts[key] ?? Count(window: window)
        if window > count.window {
            count.before = window == count.window + 1 ? count.now : 0
            count.now = 0
            count.window = window
        }
        count.now = min(count.now + 1, 1 << 30)
        counts[key] = count
    }

    /// Lets go of what has run out; when that is nothing, of half of the single failures.
    private mutating func makeRoom(_ window: Int64) {
        counts = counts.filter { $0.value.window >= window - 1 }
        guard counts.count >= bounds.entriesMax else { return }
        // A flood of invented users fills the table with single failures: those go first, and
        // what is near its bound stays.
        counts = counts.filter { $0.value.now + $0.value.before > 1 || $0.key.user == nil }
        if counts.count >= bounds.entriesMax {
            counts = counts.filter { $0.key.user == nil }
        }
        if counts.count >= bounds.entriesMax { counts.removeAll(keepingCapacity: true) }
    }

    /// Long names are cut: nobody has one of that length.
    private static func bytes(_ user: Name?) -> [UInt8] { Array((user ?? .empty).utf8.prefix(256)) }

    /// The network that one customer has: of IPv6 the first 64 bits, of IPv4 the address.
    static func network(of address: String) -> Name {
        guard address.utf8.contains(UInt8(ascii: ":")) else { return Name(address) }
        let text = address.split(separator: "%", maxSplits: 1).first ?? ""
        // An IPv4 address in the form of IPv6.
        if text.contains("."), let last = text.split(separator: ":").last { return Name(last) }
        let halves = text.split(separator: "::", maxSplits: 1, omittingEmptySubsequences: false)
        guard let front = halves.first else { return Name(address) }
        var groups = front.split(separator: ":").map(String.init)
        if halves.count == 2 {
            let behind = halves[1].split(separator: ":").map(String.init)
            while groups.count + behind.count < 8 { groups.append("0") }
            groups += behind
        }
        return Name(groups.prefix(4).joined(separator: ":") + "::/64")
    }
}
