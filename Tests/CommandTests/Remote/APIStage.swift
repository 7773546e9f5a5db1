// SPDX-License-Identifier: Apache-2.0
// A server that answers calls of the REST API from a table and writes down what it was asked, and
// the program run against it with a home of its own.

import Foundation
import SealBytes
import SealHTTP
import SealTelemetry

@testable import SealNet
@testable import SealServer

/// A server with canned answers.
final class APIStage: Sendable {
    /// An answer of the table.
    struct Canned: Sendable {
        var status = Status.ok
        var json = JSONValue.null
        var fields: Fields = [:]
    }

    let home: String
    let url: String
    private let service: HTTPService
    private let handshakes = HandshakePool(threads: 1)
    private let asked: MonitoredState<[String]>

    static let token = "tok-1"
    static let password = "s3cret: päss"

    /// What every table has.
    private static let always: [String: Canned] = [
        "GET /tenant/currentTenant": Canned(json: ["name": "t1"])
    ]

    /// Answers by method and path.
    init(_ table: [String: Canned] = [:]) throws {
        home = NSTemporaryDirectory() + "seal-remote-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        let socket = try ListeningSocket.open(host: "127.0.0.1", port: 0)
        url = "http://127.0.0.1:\(socket.address.port)"
        let asked = MonitoredState<[String]>([])
        self.asked = asked
        let all = Self.always.merging(table) { $1 }
        var settings = HTTPServerSettings()
        settings.request.bodyBytesMax = 1 << 20
        service = HTTPService(
            named: "api-stage",
            settings,
            ports: [
                HTTPPort(
                    listener: LoopListener(socket: socket, number: 0, tls: nil),
                    name: "api"
                )
            ],
            site: HTTPSite { exchange in
                let head = exchange.head
                let query = head.query.map { "?\($0)" } ?? ""
                let body = String(decoding: exchange.body, as: UTF8.self)
                asked.change { $0.append("\(head.method.name) \(head.path)\(query) \(body)") }
                return Self.answer(exchange, all)
            },
            handshakes: handshakes,
            counters: DaemonCounters(),
            logger: .silent()
        )
    }

    deinit {
        service.stop()
        handshakes.stop()
        try? FileManager.default.removeItem(atPath: home)
    }

    private static func answer(_ exchange: HTTPExchange, _ table: [String: Canned]) -> Response {
        let head = exchange.head
        let authorization = try? HTTPAuthorization.read(head.fields)
        if head.path == "/api/v1/tokens" {
            guard authorization == .basic(user: "t1/ada", password: password) else {
                return problem(.unauthorized, "user name or password is wrong", "api.credentials")
            }
            return response(
                Canned(
                    status: .created,
                    json: ["token": .string(token), "id": "1", "expiresAt": "2030-01-01T00:00:00Z"]
                )
            )
        }
        guard authorization == .bearer(token) else {
            return problem(.unauthorized, "the token counts no more", "token.expired")
        }
        guard let canned = table["\(head.method.name) \(head.path)"] else {
            return problem(.notFound, "there is no such thing", "api.unknown-object")
        }
        return response(canned)
    }

    private static func response(_ canned: Canned) -> Response {
        let body = canned.json.isNull ? [] : canned.json.bytes
        var response = Response(canned.status, type: "application/json", body: body)
        for field in canned.fields.all { response.fields.append(field.name, field.value) }
        return response
    }

    /// A refusal as our own API writes it.
    static func problem(_ status: Status, _ detail: String, _ reason: String) -> Response {
        let json: JSONValue = ["detail": .string(detail), "reason": .string(reason)]
        return Response(status, type: "application/problem+json", body: json.bytes)
    }

    /// What was asked so far: method, path with query, and body.
    var requests: [String] { asked.change { $0 } }

    /// Runs the program.
    func run(
        _ line: String,
        input: String = "",
        environment: [String: String] = [:]
    ) throws -> Outcome {
        try Shell.run(
            Paths.program,
            Shell.split(line),
            input: input,
            environment: ["HOME": home, "XDG_CONFIG_HOME": ""].merging(environment) { $1 }
        )
    }

    /// Logs in as t1/ada.
    @discardableResult
    func login(_ more: String = "") throws -> Outcome {
        try run(
            "login \(url) --user t1/ada --password-env SECRET \(more)",
            environment: ["SECRET": Self.password]
        )
    }
}
