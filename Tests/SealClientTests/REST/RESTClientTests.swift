// SPDX-License-Identifier: Apache-2.0
// The client of REST APIs against a server of ours, and against raw sockets that misbehave.

import Foundation
import SealBytes
import SealClient
import SealHTTP
import SealPKI
import SealTelemetry
import Testing

@testable import SealNet
@testable import SealServer

/// A server whose answers a closure makes.
private final class Site: Sendable {
    let port: Int
    private let service: HTTPService
    private let handshakes = HandshakePool(threads: 1)

    init(
        tls: TLSContext? = nil,
        bodyRule: @escaping @Sendable (RequestHead) -> BodyRule = { _ in .take(bytesMax: .max) },
        _ answer: @escaping @Sendable (HTTPExchange) -> Response
    ) throws {
        let socket = try ListeningSocket.open(host: "127.0.0.1", port: 0)
        port = Int(socket.address.port)
        var settings = HTTPServerSettings()
        settings.request.bodyBytesMax = 8 << 20
        let listener = LoopListener(socket: socket, number: 0, tls: tls.map { TLSSource($0) })
        service = HTTPService(
            named: "site",
            settings,
            ports: [HTTPPort(listener: listener, name: "site")],
            site: HTTPSite(bodyRule: bodyRule, answer: answer),
            handshakes: handshakes,
            counters: DaemonCounters(),
            logger: .silent()
        )
    }

    deinit {
        service.stop()
        handshakes.stop()
    }

    func client(_ authorization: HTTPAuthorization? = nil) throws -> RESTClient {
        try RESTClient(
            try RESTTarget("http://127.0.0.1:\(port)/base/"),
            tls: TLSClientSettings(),
            authorization: authorization,
            timeLimitSeconds: 5
        )
    }
}

@Suite("REST client")
struct RESTClientTests {
    @Test(
        "URLs are taken apart",
        arguments: [
            ("https://a.example", "https://a.example", UInt16(443)),
            ("https://a.example:8443/", "https://a.example:8443", 8443),
            ("http://127.0.0.1/x/y//", "http://127.0.0.1/x/y", 80),
            ("https://[::1]:1/p", "https://[::1]:1/p", 1),
        ]
    )
    func urls(text: String, shown: String, port: UInt16) throws {
        let target = try RESTTarget(text)
        #expect(target.description == shown && target.port == port)
    }

    @Test(
        "what is no URL of a server is refused",
        arguments: [
            "", "a.example", "ftp://a", "https://", "https://:1", "https://a:0", "https://a:65536",
            "https://a:b", "https://u:p@a", "https://a b", "https://a/b?c", "https://a/#b",
            "https://[::1", "https://::1", "https://a\r\nX:/",
        ]
    )
    func badURLs(text: String) {
        #expect(throws: RESTError(.url, "")) { try RESTTarget(text) }
    }

    @Test("calls carry path, query, credentials and body, on one connection")
    func calls() throws {
        let site = try Site { exchange in
            let head = exchange.head
            let text =
                "\(head.method) \(head.path)?\(head.query ?? "") "
                + "\(head.fields["Authorization"] ?? "-") "
                + String(decoding: exchange.body, as: UTF8.self)
            return Response(.ok, type: "text/plain", body: Array(text.utf8))
        }
        let client = try site.client(.basic(user: "ä", password: "b"))
        let query = [(name: "a b", value: "1&2")]
        for method: Method in [.get, .get, .delete] {
            let answer = try client.call(
                RESTRequest(method, RESTRequest.path("x", "y/z"), query: query)
            )
            #expect(
                String(decoding: answer.body, as: UTF8.self)
                    == "\(method) /base/x/y%2Fz?a%20b=1%262 Basic w6Q6Yg== "
            )
        }
        let posted = try client.call(RESTRequest(.post, "/p", json: ["a": 1]))
        #expect(String(decoding: posted.body, as: UTF8.self).hasSuffix(" {\"a\":1}"))
    }

    @Test("a refusal that comes while a large body is sent is read")
    func earlyRefusal() throws {
        let site = try Site(
            bodyRule: { _ in .refuse(.problem(.forbidden, code: "x", reason: "No.")) },
            { _ in Response(.ok) }
        )
        var request = RESTRequest(.post, "/large")
        request.body = [UInt8](repeating: 0x61, count: 4 << 20)
        let answer = try site.client().call(request)
        #expect(answer.status == .forbidden)
        #expect(try answer.json()["code"] == "x")
    }

    @Test("a connection that the server has closed meanwhile is made anew")
    func reconnecting() throws {
        let site = try Site { _ in
            var response = Response(.ok, type: "text/plain", body: Array("x".utf8))
            response.fields.append("X", "y")
            return response
        }
        let client = try site.client()
        for _ in 0..<3 {
            #expect(try client.call(RESTRequest(.get, "/")).status == .ok)
            #expect(try client.call(RESTRequest(.post, "/")).status == .ok)
        }
    }

    @Test("credentials do not leave this machine without TLS")
    func plainText() throws {
        let client = try RESTClient(
            try RESTTarget("http://broker.example"),
            tls: TLSClientSettings(),
            authorization: .bearer("x")
        )
        #expect(throws: RESTError(.plainText, "")) { try client.call(RESTRequest(.get, "/")) }
    }

    @Test("a server that says nothing, hangs up or speaks something else is told apart")
    func misbehaving() throws {
        for (answer, code) in [
            (nil, RESTError.Code.timeout), ("", .connection), ("SSH-2.0-x\r\n", .answer),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", .answer),
            ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", .answer),
        ] {
            let socket = try ListeningSocket.open(host: "127.0.0.1", port: 0)
            defer { socket.close() }
            let client = try RESTClient(
                try RESTTarget("http://127.0.0.1:\(socket.address.port)"),
                tls: TLSClientSettings(),
                timeLimitSeconds: 1
            )
            let descriptor = socket.descriptor
            Foundation.Thread.detachNewThread {
                var accepted: Int32 = -1
                while accepted < 0 { accepted = accept(descriptor, nil, nil) }
                guard let answer else {
                    sleep(2)
                    close(accepted)
                    return
                }
                var room = [UInt8](repeating: 0, count: 4096)
                _ = recv(accepted, &room, room.count, 0)
                _ = send(accepted, answer, answer.utf8.count, Int32(MSG_NOSIGNAL))
                shutdown(accepted, Int32(SHUT_WR))
                _ = recv(accepted, &room, room.count, 0)
                close(accepted)
            }
            #expect(throws: RESTError(code, "")) { try client.call(RESTRequest(.get, "/")) }
        }
    }

    @Test("a server is trusted by its authority, and shown a certificate")
    func encryption() throws {
        let folder = NSTemporaryDirectory() + "seal-rest-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let authority = try CertificateAuthority.makeRoot(
            subject: DistinguishedName(commonName: "CA")
        )
        try Files.write(authority.certificate.pem, to: folder + "/ca.crt")
        for (name, purpose) in [("server", CertificatePurpose.server), ("device", .device)] {
            let identity = try authority.issue(
                CertificateOrder(
                    subject: DistinguishedName(commonName: name),
                    names: SubjectNames(dns: ["localhost"], addresses: ["127.0.0.1"]),
                    purpose: purpose,
                    days: 2
                )
            )
            try Files.write(identity.certificate.pem, to: "\(folder)/\(name).crt")
            try Files.write(identity.key.pem(), to: "\(folder)/\(name).key", mode: 0o600)
        }
        func identity(_ name: String) -> IdentitySource {
            .files(
                TLSIdentityFiles(
                    chainFile: "\(folder)/\(name).crt",
                    keyFile: "\(folder)/\(name).key"
                )
            )
        }
        var server = TLSSettings(identities: [identity("server")])
        server.clientCertificates = .ask
        server.trustFiles = [folder + "/ca.crt"]
        let site = try Site(tls: try TLSContext.load(server)) { exchange in
            Response(.ok, type: "application/json", body: Array("[\(exchange.chain.count)]".utf8))
        }
        var settings = TLSClientSettings()
        settings.trustFiles = [folder + "/ca.crt"]
        settings.identity = identity("device")
        let target = try RESTTarget("https://127.0.0.1:\(site.port)")
        let client = try RESTClient(target, tls: settings, authorization: .bearer("x"))
        #expect(try client.call(RESTRequest(.get, "/")).json().elements?.count == 1)
        var stranger = TLSClientSettings()
        stranger.usesSystemRoots = true
        let distrusting = try RESTClient(target, tls: stranger)
        #expect(throws: RESTError(.connection, "")) {
            try distrusting.call(RESTRequest(.get, "/"))
        }
        stranger.trustFiles = [folder + "/missing.crt"]
        #expect(throws: RESTError(.settings, "")) { try RESTClient(target, tls: stranger) }
    }
}
