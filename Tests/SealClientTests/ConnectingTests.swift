// SPDX-License-Identifier: Apache-2.0
// How connecting fails, each way with its own code and reason.

import Foundation
import SealClient
import SealMQTT
import Testing

@Suite("Connecting")
struct ConnectingTests {
    let server: TestServer

    init() throws { server = try TestServer() }

    private func failure(_ settings: MQTTClientSettings) async throws -> MQTTClientError {
        let client = try MQTTClient(settings)
        return try #require(
            await #expect(throws: MQTTClientError.self) { try await client.connect() }
        )
    }

    @Test("a server of another authority is refused")
    func wrongAuthority() async throws {
        let error = try await failure(
            server.settings { [folder = server.folder] in
                $0.tls?.trustFiles = [folder + "/other.crt"]
            }
        )
        #expect(error.code == .tls)
        #expect(error.refusal?.code == .unknownAuthority)
        #expect(error.reason.contains("CN=localhost"))
    }

    @Test("a server of another name is refused, unless names do not count")
    func wrongName() async throws {
        // The certificate has the name localhost and no address.
        var settings = try server.settings { $0.host = "127.0.0.1" }
        let error = try await failure(settings)
        #expect(error.code == .tls)
        #expect(error.refusal?.code == .wrongName)
        settings.tls?.checksName = false
        let client = try MQTTClient(settings)
        try await client.connect()
        await client.disconnect()
    }

    @Test("names that do not count are no reason to trust a foreign authority")
    func insecure() async throws {
        let error = try await failure(
            server.settings { [folder = server.folder] in
                $0.tls?.trustFiles = [folder + "/other.crt"]
                $0.tls?.checksName = false
            }
        )
        #expect(error.refusal?.code == .unknownAuthority)
    }

    @Test("nothing is checked only when it is said")
    func unchecked() async throws {
        let client = try await server.client {
            $0.tls = TLSClientSettings()
            $0.tls?.checksChain = false
        }
        try await client.publish("x", to: "y", qos: 1)
        await client.disconnect()
    }

    @Test("TLS without any trust is refused before connecting")
    func noTrust() async throws {
        let error = try await failure(server.settings { $0.tls = TLSClientSettings() })
        #expect(error.code == .settings)
    }

    @Test("a file that is missing is named")
    func missingFile() async throws {
        let error = try await failure(server.settings { $0.tls?.trustFiles = ["/no/such.crt"] })
        #expect(error.code == .settings)
        #expect(error.reason.contains("/no/such.crt"))
    }

    @Test("a listener that requires a certificate says so")
    func noCertificate() async throws {
        let error = try await failure(server.settings("mtls") { $0.tls?.identity = nil })
        #expect(error.code == .tls)
        #expect(error.reason.contains("certificate"))
    }

    @Test("a login that is refused carries the server's code", arguments: ProtocolVersion.allCases)
    func refusedLogin(version: ProtocolVersion) async throws {
        let error = try await failure(
            server.settings("closed") {
                $0.version = version
                $0.clientID = "a"
            }
        )
        #expect(error.code == .refused)
        #expect(error.reasonCode == .notAuthorized)
    }

    @Test("a port where nobody listens is unreachable")
    func unreachable() async throws {
        let error = try await failure(server.settings { $0.port = 1 })
        #expect(error.code == .unreachable)
        #expect(error.reason.contains("Connection refused"))
    }

    @Test("a name without an address is told")
    func lookup() async throws {
        let error = try await failure(server.settings { $0.host = "nosuch.invalid" })
        #expect(error.code == .lookup)
    }

    @Test("TLS to a port without it is told as such")
    func plainPort() async throws {
        let port = try server.port("plain")
        let error = try await failure(server.settings { $0.port = port })
        #expect(error.code == .tls)
    }

    @Test("a server that does not answer CONNECT is given up in time")
    func silentServer() async throws {
        let silent = try ScriptedServer([.accept, .read(1), .rest])
        let error = try await failure(
            server.settings("plain") {
                $0.host = "127.0.0.1"
                $0.port = silent.port
                $0.connectSecondsMax = 1
            }
        )
        #expect(error.code == .timeout)
    }

    @Test("connecting is given up when the client is disconnected meanwhile")
    func givenUp() async throws {
        // An address that drops packets is not to be had on loopback; a server that never says
        // hello in TLS is as slow.
        let silent = try ScriptedServer([.accept, .rest])
        let client = try MQTTClient(server.settings { $0.port = silent.port })
        let connecting = Task { try await client.connect() }
        try await Task.sleep(nanoseconds: 100_000_000)
        await client.disconnect()
        let error = await #expect(throws: MQTTClientError.self) { try await connecting.value }
        #expect(error?.code == .cancelled)
    }
}
