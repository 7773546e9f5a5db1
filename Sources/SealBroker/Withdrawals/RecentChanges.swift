// SPDX-License-Identifier: Apache-2.0
// The last changes of the registry that took something away, or changed a tenant's rules. A login
// whose look-ups are older than the youngest of them is checked against those it missed.

/// A bounded list of changes, the youngest last.
struct RecentChanges {
    /// A change, with the tenant's new rules when it is about them.
    struct Entry {
        var change: IdentityChange
        var policy: TenantPolicy?
    }

    /// So many are remembered.
    static let entriesMax = 4096

    private var entries: [Entry] = []
    /// The number of the youngest change that was forgotten: logins that may have missed it cannot
    /// be judged.
    private(set) var forgottenThrough: UInt64 = 0

    var count: Int { entries.count }

    mutating func append(_ entry: Entry) {
        entries.append(entry)
        // In one go now and then, so that each costs a constant.
        guard entries.count >= Self.entriesMax * 2 else { return }
        let surplus = entries.count - Self.entriesMax
        forgottenThrough = max(forgottenThrough, entries[surplus - 1].change.number)
        entries.removeFirst(surplus)
    }

    // BOUND: the ring of recent changes.
    /// The changes with a higher number, the oldest first.
    func since(_ number: UInt64) -> ArraySlice<Entry> {
        var start = entries.endIndex
        while start > entries.startIndex, entries[start - 1].change.number > number { start -= 1 }
        return entries[start...]
    }
}
