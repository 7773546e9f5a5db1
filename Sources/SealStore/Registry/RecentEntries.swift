// SPDX-License-Identifier: Apache-2.0
// A bounded table that forgets what was not asked for the longest time.

/// Entries by key, the least recently used of which goes when there is no room.
struct RecentEntries<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Slot {
        var key: Key
        var value: Value?
        var weight: Int
        var newer: Int
        var older: Int
    }

    private let weightMax: Int
    private var weight = 0
    private var places: [Key: Int] = [:]
    private var slots: [Slot] = []
    private var free: [Int] = []
    private var newest = -1
    private var oldest = -1

    /// A table of this many entries, or of entries that weigh so much together.
    init(max: Int) { weightMax = max }

    var count: Int { places.count }

    /// The entry, which counts as used by this.
    mutating func find(_ key: Key) -> Value? {
        guard let place = places[key] else { return nil }
        if place != newest {
            unlink(place)
            link(place)
        }
        return slots[place].value
    }

    mutating func keep(_ value: Value, for key: Key, weight entryWeight: Int = 1) {
        forget(key)
        guard entryWeight <= weightMax else { return }
        while weight + entryWeight > weightMax, oldest >= 0 { forget(slots[oldest].key) }
        let slot = Slot(key: key, value: value, weight: entryWeight, newer: -1, older: -1)
        let place: Int
        if let reused = free.popLast() {
            place = reused
            slots[place] = slot
        } else {
            place = slots.count
            slots.append(slot)
        }
        places[key] = place
        weight += entryWeight
        link(place)
    }

    mutating func forget(_ key: Key) {
        guard let place = places.removeValue(forKey: key) else { return }
        unlink(place)
        weight -= slots[place].weight
        // Secrets do not stay in a free slot.
        slots[place].value = nil
        free.append(place)
    }

    mutating func forgetAll(where isConcerned: (Key, Value) -> Bool) {
        let keys = places.compactMap { key, place in
            slots[place].value.map { isConcerned(key, $0) } == true ? key : nil
        }
        for key in keys { forget(key) }
    }

    mutating func forgetAll() { self = RecentEntries(max: weightMax) }

    private mutating func link(_ place: Int) {
        slots[place].older = newest
        slots[place].newer = -1
        if newest >= 0 { slots[newest].newer = place }
        newest = place
        if oldest < 0 { oldest = place }
    }

    private mutating func unlink(_ place: Int) {
        let (newer, older) = (slots[place].newer, slots[place].older)
        if newer >= 0 { slots[newer].older = older } else { newest = older }
        if older >= 0 { slots[older].newer = newer } else { oldest = newer }
    }
}
