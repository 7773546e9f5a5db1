// SPDX-License-Identifier: Apache-2.0
// A slot table against a dictionary, and what it gives back.

import Testing

@testable import SealBytes

@Suite("Slot table") struct SlotTableTests {
    @Test("a handle names its row as long as it lives, and nothing afterwards, whatever comes")
    func names() {
        var dice = SystemRandomNumberGenerator()
        var table = SlotTable<Int>()
        var alive: [Handle: Int] = [:]
        var gone: [Handle] = []
        for phase in 0..<12 {
            let grows = phase % 2 == 0
            for round in 0..<3000 {
                if grows ? round % 8 != 0 : round % 8 == 0 {
                    alive[table.insert(round)] = round
                } else if let handle = alive.keys.randomElement(using: &dice) {
                    #expect(table.remove(handle) == alive.removeValue(forKey: handle))
                    gone.append(handle)
                }
            }
            #expect(table.count == alive.count)
            #expect(alive.allSatisfy { table[$0.key] == $0.value })
            #expect(!gone.contains { table.contains($0) })
        }
    }

    @Test("a crowd that has gone gives its memory back, and its handles name nobody who comes then")
    func givesBack() {
        var table = SlotTable<Int>()
        let keeper = table.insert(-1)
        let crowd = (0..<50_000).map { table.insert($0) }
        #expect(table.places >= 50_000)
        for handle in crowd { _ = table.remove(handle) }
        #expect(table.places <= 256)
        #expect(table[keeper] == -1)
        let later = (0..<50_000).map { table.insert($0) }
        #expect(!crowd.contains { table.contains($0) })
        #expect(later.allSatisfy { table.contains($0) })
    }
}
