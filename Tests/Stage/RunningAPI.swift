// SPDX-License-Identifier: Apache-2.0
// A daemon in this process with a registry and its REST API on loopback, for attacks over HTTP.

import Foundation
import SealBroker
import SealBytes
import SealTelemetry
import Testing

@testable import SealServer

/// A daemon with the tenant `dev` and its operator.
final class RunningAPI {
    let folder: TestFolder
    let daemon: Daemon
    let password: String

    /// The configuration; what is added goes into [api].
    static func configuration(_ api: String = "", drain: Int = 5) -> String {
        """
        [registry]
        folder = "registry"

        [[listener]]
        name = "api"
        bind = ["127.0.0.1"]
        port = 0
        tls = false
        service = "api"

        [[listener]]
        name = "mqtt"
        bind = ["127.0.0.1"]
        port = 0
        tls = false
        login = "registry"

        [metrics]
        port = 0

        [drain]
        seconds = \(drain)

        [api]
        \(api)
        """
    }

    init(_ api: String = "", drain: Int = 5) throws {
        folder = try TestFolder()
        try folder.write("sealwire.conf", Self.configuration(api, drain: drain))
        let file = "\(folder.path)/sealwire.conf"
        let loaded = try Configuration.load(
            Array(Self.configuration(api, drain: drain).utf8),
            file: file,
            environment: [:]
        )
        let logger = Logger(level: .error, format: .logfmt, clock: { SystemClock.now }) { _ in }
        daemon = try Daemon(
            loaded.configuration,
            logger: logger,
            source: ConfigurationSource(file: file)
        )
        let secrets = try #require(daemon.identity).prepare(
            FirstRun(tenant: "dev"),
            trusting: folder.authority.certificate,
            enrols: false
        )
        password = try #require(secrets.passwords.first { $0.user == "dev/admin" }?.password)
    }

    deinit { daemon.stop() }

    var identity: IdentityService {
        get throws { try #require(daemon.identity) }
    }

    var port: Int {
        get throws { Int(try #require(daemon.apiPorts.first).port) }
    }

    /// The field that says who calls.
    func authorization(_ password: String? = nil) -> String {
        let text = Base64.encode(Array("dev/admin:\(password ?? self.password)".utf8))
        return "Authorization: Basic \(text)\r\n"
    }

    /// The head of a request with a body of so many bytes.
    static func head(_ method: String, _ path: String, _ bytes: Int, more: String = "") -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(bytes)\r\n"
            + "\(more)\r\n"
    }

    /// A whole call of the operator with JSON, and its answer.
    func ask(_ method: String, _ path: String, _ json: String = "") throws -> String {
        let client = try WireClient(try port, seconds: 30)
        client.send(
            Self.head(
                method,
                path,
                json.utf8.count,
                more: authorization()
                    + "Content-Type: application/json\r\nAccept: application/json\r\n"
                    + "Connection: close\r\n"
            ) + json
        )
        return client.receiveAllText()
    }
}
