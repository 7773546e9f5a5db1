// SPDX-License-Identifier: Apache-2.0
// A question to the daemon that runs: what a configuration would change in it. By its REST API,
// with an operator's token; for the machine the daemon is on, so by address and not by name.

internal import SealBytes
internal import SealHTTP
internal import SealNet

/// The API of a running daemon.
struct RunningDaemon {
    /// Its address in digits.
    let host: String
    /// Its port.
    let port: UInt16
    /// The file with its authority; nil takes the system's.
    let authorityFile: String?
    /// The operator's token.
    let token: String

    /// How long it may take to answer.
    static let seconds = 15

    /// Takes `https://HOST:PORT` apart; nil when it is something else.
    static func address(_ text: String) -> (host: String, port: UInt16)? {
        guard text.hasPrefix("https://") else { return nil }
        let rest = text.dropFirst("https://".count).prefix { $0 != "/" }
        guard let colon = rest.lastIndex(of: ":"),
            let port = UInt16(rest[rest.index(after: colon)...])
        else { return nil }
        var host = String(rest[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard let first = NetworkAddress.expanded(host).first, host != "*" else { return nil }
        return (first, port)
    }

    /// Sends a configuration and gives the lines that say what it would change.
    func compare(_ configuration: [UInt8]) throws(ProbeError) -> [String] {
        let (status, body) = try post("/api/v1/config/diff", configuration)
        let document: JSONValue
        do throws(JSONError) { document = try JSONValue(parsing: body) } catch {
            throw ProbeError("the answer with status \(status) cannot be read")
        }
        guard status == 200 else {
            let why = document["detail"]?.text ?? "there is no reason in the answer"
            throw ProbeError("the daemon refused with status \(status): \(why)")
        }
        if let faults = document["faults"]?.elements, !faults.isEmpty {
            return faults.compactMap(\.text)
        }
        return (document["changes"]?.elements ?? []).map { change in
            let moment = change["takesEffect"]?.text ?? ""
            func shown(_ name: String) -> String {
                let text = change[name]?.text ?? ""
                return text.isEmpty ? "none" : text
            }
            return "\(change["setting"]?.text ?? ""): \(shown("running")) -> \(shown("given")) "
                + "(\(Self.words[moment] ?? moment))"
        }
    }

    private static let words = [
        "reload": "applies now", "new-connections": "applies now, to new connections",
        "restart": "needs restart",
    ]

    private func post(
        _ path: String,
        _ body: [UInt8]
    ) throws(ProbeError) -> (status: Int, body: [UInt8]) {
        var settings = TLSClientSettings()
        settings.trustFiles = authorityFile.map { [$0] } ?? []
        settings.usesSystemRoots = authorityFile == nil
        let context: TLSClientContext
        do throws(TLSError) { context = try TLSClientContext.load(settings) } catch {
            throw ProbeError(error.description)
        }
        let connection = try ProbeConnection(
            host: host,
            port: port,
            tls: context,
            seconds: Self.seconds
        )
        let shown = host.contains(":") ? "[\(host)]" : host
        let head =
            "POST \(path) HTTP/1.1\r\nHost: \(shown):\(port)\r\nAuthorization: Bearer \(token)\r\n"
            + "Content-Type: text/plain\r\nContent-Length: \(body.count)\r\n"
            + "Accept: application/json\r\nConnection: close\r\n\r\n"
        try connection.send(Array(head.utf8) + body)
        return try answer(connection)
    }

    private func answer(
        _ connection: ProbeConnection
    ) throws(ProbeError) -> (status: Int, body: [UInt8]) {
        var limits = HTTPLimits()
        limits.bodyBytesMax = 8 << 20
        var parser = ResponseParser(to: "POST", limits: limits)
        var status = 0
        var body: [UInt8] = []
        do {
            while true {
                while let event = try parser.next() {
                    switch event {
                    case .head(let head): status = head.status.code
                    case .body(let piece): body += piece
                    case .end: return (status, body)
                    }
                }
                parser.append(try connection.receive())
            }
        } catch let error as ProbeError {
            throw error
        } catch {
            throw ProbeError("the answer is no HTTP: \(error)")
        }
    }
}
