// SPDX-License-Identifier: Apache-2.0
// Decisions of one tenant of one kind. When one has to go it is the oldest of the source that has
// most of them, so that a flood from one address washes out nothing but itself; and what a source
// is refused again and again is one entry with a count.

internal import SealBytes

/// Decisions in the order they were made.
struct DecisionRing: Sendable {
    private struct Entry {
        var record: DecisionRecord
        var source: [UInt8]
        var bytes: Int
    }

    /// About what a ring costs before anything is in it.
    static let emptyBytes = 512
    /// Of a source so many of its last refusals are looked at for an equal one.
    private static let equalsLookedAt = 8

    private var entries: [UInt64: Entry] = [:]
    /// The numbers of each source's entries, the oldest first.
    private var sources: [[UInt8]: [UInt64]] = [:]
    /// What they cost.
    private(set) var bytes = DecisionRing.emptyBytes

    /// The number of the last decision.
    private(set) var newest: UInt64 = 0

    var count: Int { entries.count }

    mutating func note(_ record: DecisionRecord, number: UInt64) {
        let source = Array(GuessLimit.network(ofPeer: record.peer).utf8)
        var record = record
        if !record.isAllowed, let equal = equal(record, source) {
            record.count = min(equal.record.count, .max - 1) + 1
            remove(equal.number, source)
        }
        let entry = Entry(record: record, source: source, bytes: record.bytesKept + source.count)
        bytes += entry.bytes
        entries[number] = entry
        newest = number
        sources[source, default: []].append(number)
    }

    private func equal(
        _ record: DecisionRecord,
        _ source: [UInt8]
    ) -> (number: UInt64, record: DecisionRecord)? {
        for number in (sources[source] ?? []).suffix(Self.equalsLookedAt).reversed() {
            guard let other = entries[number]?.record, other.isSame(as: record) else { continue }
            return (number, other)
        }
        return nil
    }

    private mutating func remove(_ number: UInt64, _ source: [UInt8]) {
        guard let entry = entries.removeValue(forKey: number) else { return }
        bytes -= entry.bytes
        if let index = sources[source]?.firstIndex(of: number) {
            sources[source]?.remove(at: index)
        }
        if sources[source]?.isEmpty == true { sources[source] = nil }
    }

    /// Lets go of one: the oldest of the source with most entries.
    mutating func dropOne() {
        let fullest = sources.max { left, right in
            if left.value.count != right.value.count {
                return left.value.count < right.value.count
            }
            return (left.value.first ?? 0) > (right.value.first ?? 0)
        }
        guard let fullest, let number = fullest.value.first else { return }
        remove(number, fullest.key)
    }

    /// Those about a device, client id or user; all when the name is empty.
    func about(_ name: Name) -> [(number: UInt64, record: DecisionRecord)] {
        entries.compactMap { number, entry in
            let record = entry.record
            let names = [record.device, record.clientID, record.user]
            guard name.isEmpty || names.contains(name) else { return nil }
            return (number, record)
        }
    }
}

extension DecisionRecord {
    /// About what it costs to keep it.
    var bytesKept: Int {
        let names = [
            protocolName.utf8.count, listener.utf8.count, peer.utf8.count, clientID.utf8.count,
            user.utf8.count, device.utf8.count, act.utf8.count, subject.utf8.count,
        ]
        // Each text of more than 15 bytes has an allocation of its own.
        let texts = names.reduce(0) { $0 + ($1 > 15 ? $1 + 48 : 0) }
        return 640 + texts
            + reasons.reduce(64) { $0 + 96 + $1.detail.utf8.count + $1.file.utf8.count }
    }

    /// The same with names, details and the number of reasons cut.
    func cut(nameBytesMax most: Int, reasonsMax: Int) -> DecisionRecord {
        var record = self
        record.protocolName = protocolName.cut(toBytes: most)
        record.listener = listener.cut(toBytes: most)
        record.peer = peer.cut(toBytes: most)
        record.clientID = clientID.cut(toBytes: most)
        record.user = user.cut(toBytes: most)
        record.device = device.cut(toBytes: most)
        record.subject = subject.cut(toBytes: most)
        record.reasons = reasons.prefix(reasonsMax).map { reason in
            var reason = reason
            reason.detail = reason.detail.cut(toBytes: most)
            reason.file = reason.file.cut(toBytes: most)
            return reason
        }
        return record
    }

    /// Whether another decision says the same of the same; when, and how often, apart.
    func isSame(as other: DecisionRecord) -> Bool {
        func pairs(_ record: DecisionRecord) -> [Name] {
            [
                record.clientID, record.user, record.device, record.subject, Name(record.act),
                Name(record.listener), Name(record.protocolName),
            ]
        }
        return tenant == other.tenant && isAllowed == other.isAllowed
            && reasons.map(\.code) == other.reasons.map(\.code) && pairs(self) == pairs(other)
    }
}
