// SPDX-License-Identifier: Apache-2.0
// Clients that leave in the middle of something: a login, a handshake.

import Foundation
import Glibc
import SealPKI
import Testing

@testable import SealServer
@testable import Stage

@Suite("Leaving early", .serialized)
struct LeavingTests {
    @Test(
        "what a client publishes before it hangs up is heard although its login was pending",
        arguments: [1, 2],
        [false, true]
    )
    func pendingLogin(shards: Int, isReset: Bool) throws {
        let folder = try TestFolder()
        // So slow a comparison that the client is gone long before it ends.
        let slow = try Passwords.makePBKDF2(Array("secret".utf8), iterations: 200_000)
        let quick = try TestFolder.password("watcher", "w")
        try folder.write("passwords", "slow:\(slow)\n" + quick)
        let configuration = DaemonTests.configuration(shards: shards) {
            $0.listeners[0].passwordFile = "\(folder.path)/passwords"
        }
        let daemon = try Daemon(configuration, logger: .silent())
        defer { daemon.stop() }
        let port = DaemonTests.port(daemon)
        let watcher = try WireClient(port)
        #expect(watcher.connectMQTT("watcher", user: "watcher", password: "w") == 0)
        // SUBSCRIBE to "a/".
        watcher.send([0x82, 8, 0, 1, 0, 0, 2, 0x61, 0x2F, 0])
        #expect(watcher.receive(6).prefix(2) == [0x90, 4])
        for number in UInt8(0)..<8 {
            let client = try WireClient(port)
            var bytes = client.connectBytes("c\(number)", user: "slow", password: "secret")
            // PUBLISH of topic "a/" with the number as payload.
            bytes += [0x30, 6, 0, 2, 0x61, 0x2F, 0, number]
            client.send(bytes)
            if isReset { client.reset() }
        }
        let heard = watcher.receive(8 * 8)
        #expect(heard.count == 8 * 8)
        #expect(Set(heard.enumerated().filter { $0.offset % 8 == 7 }.map(\.element)) == Set(0..<8))
    }

    @Test("one handshake more than may wait ends the oldest of them, and is counted")
    func handshakesWaiting() throws {
        let folder = try TestFolder()
        try folder.issue("server")
        let lines = DaemonTests.Lines()
        let configuration = DaemonTests.configuration {
            $0.listeners[0].isTLS = true
            $0.listeners[0].certificate = "\(folder.path)/server.crt"
            $0.listeners[0].key = "\(folder.path)/server.key"
            $0.limits.handshakesWaiting = 2
        }
        let daemon = try Daemon(configuration, logger: lines.logger)
        defer { daemon.stop() }
        let port = DaemonTests.port(daemon)
        let metric = "sealwire_limit_hits_total{limit=\"handshakes_waiting\"}"
        let first = try WireClient(port)
        let second = try WireClient(port, seconds: 1)
        // Their places are taken in the order they came.
        usleep(200_000)
        #expect(try DaemonTests.metric(daemon, metric) ?? "0" == "0")
        let third = try WireClient(port, seconds: 1)
        #expect(first.receive() == [])
        #expect(second.receive() == nil)
        #expect(third.receive() == nil)
        #expect(daemon.admission.current.handshakesWaiting == 2)
        #expect(try DaemonTests.metric(daemon, metric) == "1")
        #expect(lines.contains("handshake.withdrawn", "tls.withdrawn", "handshakes-waiting"))
    }
}
