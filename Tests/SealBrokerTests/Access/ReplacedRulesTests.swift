// SPDX-License-Identifier: Apache-2.0
// Rules of access that are replaced while clients are connected, logging in, or moving.

import SealBytes
import SealTelemetry
import Testing

@testable import SealBroker

@Suite("Replaced rules of access") struct ReplacedRulesTests {
    private let rules: AccessRules = {
        var rules = AccessRules()
        rules.passwords = PasswordTable(
            parsing: Array("ann:\(PasswordTableTests.argon)\n".utf8),
            file: "pw"
        )
        return rules
    }()

    private func partition(index: Int = 0, of count: Int = 1, places: Int = 10) -> Partition {
        var limits = BrokerLimits()
        limits.connectionsPerTenantMax = places
        let setup = PartitionSetup(
            index: index,
            count: count,
            homeSeed: 7,
            tableSeed: 9,
            limits: limits,
            listeners: [ListenerGrant()]
        )
        return Partition(setup, access: [rules], now: 0)
    }

    /// CONNECT of MQTT 5.0 with ann's password.
    private func connect(_ clientID: String = "c") -> [UInt8] {
        var body: [UInt8] = [0, 4] + Array("MQTT".utf8) + [5, 0xC2, 0, 60, 0]
        for text in [clientID, "ann", "right"] {
            body += [0, UInt8(text.utf8.count)] + Array(text.utf8)
        }
        return [0x10, UInt8(body.count)] + body
    }

    /// A link whose password is being compared, and the question.
    private func begin(
        _ partition: Partition,
        _ clientID: String = "c",
        transport: UInt64 = 1
    ) throws -> (Handle, PasswordQuestion) {
        let id = partition.opened(transport: transport, listener: 0, facts: ArrivalFacts())
        _ = partition.receive(id, connect(clientID).span.bytes)
        for action in partition.actions {
            if case .login(let link, let question) = action, link == id {
                partition.actions = []
                return (id, question)
            }
        }
        throw Missing()
    }

    private struct Missing: Error {}

    private func sent(_ partition: Partition, _ id: Handle) -> [UInt8] {
        partition.out.withBytes(Int(id.slot)) { Array($0) }
    }

    @Test("a login that began with the old rules is judged by the new ones")
    func loginUnderWay() throws {
        let partition = partition()
        let (id, question) = try begin(partition)
        partition.replaceAccess([AccessRules()])
        partition.loginDecided(id, Login.finish(question, matches: true))
        // MQTT 5.0 §3.2.2.2: 0x86 is "Bad User Name or Password".
        #expect(sent(partition, id).prefix(4).last == 0x86)
        #expect(partition.counters.connections == 0)
    }

    @Test("a login that began with the old rules goes on when the new ones say the same")
    func loginConfirmed() throws {
        let partition = partition()
        let (id, question) = try begin(partition)
        partition.replaceAccess([rules])
        partition.loginDecided(id, Login.finish(question, matches: true))
        #expect(sent(partition, id).prefix(4).last == 0)
        #expect(partition.counters.connections == 1)
    }

    @Test("a client that moves is judged again by a home that has newer rules")
    func movedClient() throws {
        let entry = partition(index: 0, of: 2)
        let home = partition(index: 1, of: 2)
        home.replaceAccess([AccessRules()])
        for number in 0..<64 {
            let (id, question) = try begin(entry, "client-\(number)")
            entry.loginDecided(id, Login.finish(question, matches: true))
            for case .move(let link, _, let target, let admitted) in entry.actions
            where target == 1 {
                entry.moved(link)
                let arrived = home.arrived(transport: 2, listener: 0, admitted)
                #expect(sent(home, arrived).prefix(4).last == 0x86)
                #expect(home.counters.connections == 0)
                return
            }
            entry.actions = []
        }
        Issue.record("no client had its home in the other partition")
    }

    @Test("a home that has older rules does not judge by them whom the new ones let in")
    func newerClient() throws {
        let entry = partition(index: 0, of: 2)
        let home = partition(index: 1, of: 2)
        var newer = AccessRules()
        // The same user with another password: the home's old rules know only the old one.
        newer.passwords = PasswordTable(
            parsing: Array("ann:\(PasswordTableTests.argon.replacing("AAAA", with: "BAAA"))".utf8),
            file: "pw"
        )
        entry.replaceAccess([newer])
        for number in 0..<64 {
            let (id, question) = try begin(entry, "client-\(number)")
            entry.loginDecided(id, Login.finish(question, matches: true))
            for case .move(let link, _, let target, let admitted) in entry.actions
            where target == 1 {
                entry.moved(link)
                _ = home.arrived(transport: 2, listener: 0, admitted)
                home.replaceAccess([newer])
                #expect(home.counters.connections == 1)
                return
            }
            entry.actions = []
        }
        Issue.record("no client had its home in the other partition")
    }

    @Test("a place is taken by the login and given back by the end, however it comes")
    func places() throws {
        let partition = partition(places: 1)
        let (first, question) = try begin(partition, "a")
        let (second, other) = try begin(partition, "b", transport: 2)
        partition.loginDecided(first, Login.finish(question, matches: true))
        partition.loginDecided(second, Login.finish(other, matches: true))
        #expect(sent(partition, first).prefix(4).last == 0)
        // MQTT 5.0 §3.2.2.2: 0x97 is "Quota exceeded".
        #expect(sent(partition, second).prefix(4).last == 0x97)
        partition.closed(second, reason: "test")
        partition.closed(first, reason: "test")
        let (third, last) = try begin(partition, "c", transport: 3)
        partition.loginDecided(third, Login.finish(last, matches: true))
        #expect(sent(partition, third).prefix(4).last == 0)
    }

    @Test("a login that ends while the broker drains is refused")
    func draining() throws {
        let partition = partition()
        let (id, question) = try begin(partition)
        partition.drain()
        partition.loginDecided(id, Login.finish(question, matches: true))
        // MQTT 5.0 §3.2.2.2: 0x8B is "Server shutting down" in DISCONNECT; CONNACK has 0x88 too.
        #expect(partition.counters.connections == 0)
        #expect(sent(partition, id).prefix(4).last != 0)
    }
}
