// SPDX-License-Identifier: Apache-2.0
// A session's subscriptions against a plain list, and how many of them a lookup compares.

import Testing

@testable import SealBroker

@Suite("Subscriptions of a session")
struct SubscriptionListTests {
    private func record(_ number: Int, group: String? = nil) -> Subscription {
        Subscription(
            filter: Array("a/\(number)".utf8),
            group: group.map { Array("\($0)/a/\(number)".utf8) },
            options: SubscriptionOptions(qos: UInt8(number % 3)),
            node: nil,
            position: number
        )
    }

    @Test("at 10,000 subscriptions a lookup compares no more than with a handful")
    func lookup() {
        var list = SubscriptionList()
        for number in 0..<10_000 {
            list.append(record(number))
            let few = min(number + 1, SubscriptionList.comparedMax)
            #expect(list.candidates(Array("a/0".utf8), nil).count <= few)
        }
        for number in 0..<10_000 {
            let filter = Array("a/\(number)".utf8)
            #expect(list.candidates(filter, nil).count == 1)
            #expect(list.place(of: filter, nil) == number)
        }
        #expect(list.candidates(Array("b".utf8), nil).isEmpty)
    }

    @Test("the last one compared one by one and the first one looked up are both found")
    func bound() {
        var list = SubscriptionList()
        for number in 0...SubscriptionList.comparedMax {
            list.append(record(number))
            for earlier in 0...number {
                #expect(list.place(of: Array("a/\(earlier)".utf8), nil) == earlier)
            }
            #expect(list.place(of: Array("a/\(number + 1)".utf8), nil) == nil)
        }
        while !list.isEmpty {
            _ = list.remove(at: list.count - 1)
            for earlier in 0..<list.count {
                #expect(list.place(of: Array("a/\(earlier)".utf8), nil) == earlier)
            }
        }
    }

    @Test("a filter alone and in groups are different subscriptions")
    func groups() {
        var list = SubscriptionList()
        for number in 0..<20 {
            list.append(record(number))
            list.append(record(number, group: "g"))
            list.append(record(number, group: "h"))
        }
        let filter = Array("a/7".utf8)
        #expect(list.place(of: filter, nil) == 21)
        #expect(list.place(of: filter, Array("g/a/7".utf8)) == 22)
        #expect(list.place(of: filter, Array("h/a/7".utf8)) == 23)
        #expect(list.place(of: filter, Array("i/a/7".utf8)) == nil)
    }

    @Test("it holds what a plain list holds, whatever comes and goes")
    func model() {
        var list = SubscriptionList()
        var model: [Int] = []
        var dice = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let number = Int.random(in: 0..<40, using: &dice)
            let place = list.place(of: Array("a/\(number)".utf8), nil)
            #expect((place != nil) == model.contains(number))
            if let place {
                #expect(list[place].position == number)
                let removed = list.remove(at: place)
                #expect(removed.position == number)
                model.removeAll { $0 == number }
            } else {
                list.append(record(number))
                model.append(number)
            }
            #expect(list.count == model.count)
        }
        #expect(Set(list.all.map(\.position)) == Set(model))
    }
}
