// SPDX-License-Identifier: Apache-2.0
// The end of the daemon, whatever it is doing: within its seconds, with an answer for what is
// broken off, and with nothing half done.

import Foundation
import Glibc
import Testing

@testable import SealServer
@testable import Stage

@Suite("Drain", .serialized) struct DrainTests {
    /// A file of devices whose passwords take far longer to hash than a drain.
    private static let file: String = {
        var text = "ID,CREDENTIALS,AUTH_TYPE\n"
        for index in 0..<5000 { text += "drain-\(index),a-long-password-\(index),BASIC\n" }
        return text
    }()

    private func send(_ port: Int, _ authorization: String) throws -> WireClient {
        let client = try WireClient(port, seconds: 30)
        let path = "/devicecontrol/bulkNewDeviceRequests"
        let more = authorization + "Content-Type: text/csv\r\nAccept: application/json\r\n"
        client.send(RunningAPI.head("POST", path, Self.file.utf8.count, more: more) + Self.file)
        return client
    }

    /// A folder with a configuration and a filled registry that nobody has open.
    private func prepared() throws -> (folder: TestFolder, authorization: String) {
        let running = try RunningAPI(drain: 2)
        return (running.folder, running.authorization())
    }

    /// Starts the daemon as soon as nobody has the registry open.
    private func serve(_ folder: TestFolder) throws -> (program: Program, ports: [String: Int]) {
        for _ in 0..<20 {
            if let served = try? Program.serve("\(folder.path)/sealwire.conf") { return served }
            Foundation.Thread.sleep(forTimeInterval: 0.2)
        }
        return try Program.serve("\(folder.path)/sealwire.conf")
    }

    @Test("a file under way is broken off with a reason, and the daemon ends within its seconds")
    func fileUnderWay() throws {
        let running = try RunningAPI(drain: 3)
        let client = try send(try running.port, running.authorization())
        Foundation.Thread.sleep(forTimeInterval: 1.5)
        let begin = Date()
        #expect(running.daemon.drain())
        #expect(Date().timeIntervalSince(begin) < 4)
        let answer = client.receiveAllText()
        #expect(statuses(answer) == [503], "\(answer)")
        #expect(answer.contains("\"reason\":\"api.ending\""))
        #expect(answer.contains("\r\nRetry-After: "))
    }

    @Test("the process ends within its seconds while files, slow and silent clients are there")
    func process() throws {
        let (folder, authorization) = try prepared()
        let (program, ports) = try serve(folder)
        let port = try #require(ports["api"])
        let file = try send(port, authorization)
        let half = try WireClient(port)
        half.send("POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
        let silent = try WireClient(port)
        let device = try WireClient(try #require(ports["mqtt"]))
        Foundation.Thread.sleep(forTimeInterval: 1.5)
        let begin = Date()
        program.signal(SIGTERM)
        let end = program.finish()
        let seconds = Date().timeIntervalSince(begin)
        #expect(end.code == 0)
        #expect(seconds < 3, "\(seconds) s")
        #expect(statuses(file.receiveAllText()) == [503])
        withExtendedLifetime((half, silent, device)) {}
        let again = try serve(folder)
        defer { again.program.signal(SIGTERM) }
        let client = try WireClient(try #require(again.ports["api"]))
        client.send(
            RunningAPI.head(
                "GET",
                "/api/v1/devices?text=drain",
                0,
                more: authorization + "Connection: close\r\n"
            )
        )
        #expect(client.receiveAllText().contains("\"total\":0"))
    }
}
