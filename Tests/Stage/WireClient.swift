// SPDX-License-Identifier: Apache-2.0
// A client that sends and receives bytes on loopback, waiting at most a few seconds.

import Glibc
import Testing

/// A plain connection.
final class WireClient {
    private let descriptor: Int32

    init(_ port: Int, seconds: Int = 10) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let outcome = withUnsafePointer(to: &address) { place in
            place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(outcome == 0)
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) {
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// What comes next; empty at the end, nil when nothing comes.
    func receive() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        if count < 0 { return errno == ECONNRESET ? [] : nil }
        return Array(bytes[..<count])
    }

    /// At least so many bytes, or all there are before the end.
    func receive(_ least: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < least, let more = receive(), !more.isEmpty { bytes += more }
        return bytes
    }

    /// Everything until the other side closes.
    func receiveAll() -> [UInt8] { receive(.max) }

    /// CONNECT of MQTT 5.0 with a clean start; the answer's reason code.
    func connectMQTT(
        _ clientID: String,
        user: String? = nil,
        password: String? = nil,
        expirySeconds: UInt8? = nil
    ) -> UInt8? {
        send(connectBytes(clientID, user: user, password: password, expirySeconds: expirySeconds))
        let answer = receive(4)
        return answer.count >= 4 && answer[0] == 0x20 ? answer[3] : nil
    }

    /// CONNECT of MQTT 5.0 with a clean start.
    func connectBytes(
        _ clientID: String,
        user: String? = nil,
        password: String? = nil,
        expirySeconds: UInt8? = nil
    ) -> [UInt8] {
        var body: [UInt8] = [0, 4] + Array("MQTT".utf8) + [5]
        body.append(2 | (user == nil ? 0 : 0x80) | (password == nil ? 0 : 0x40))
        body += [0, 60]
        body += expirySeconds.map { [5, 0x11, 0, 0, 0, $0] } ?? [0]
        for text in [clientID, user, password].compactMap(\.self) {
            body += [0, UInt8(text.utf8.count)] + Array(text.utf8)
        }
        return [0x10, UInt8(body.count)] + body
    }

    /// Ends the connection with a reset instead of an orderly end.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        let size = socklen_t(MemoryLayout<linger>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, size)
    }

    /// The reason code of a DISCONNECT and nothing else; nil when the connection goes on.
    func disconnectCode() -> UInt8? {
        let bytes = receive(3)
        return bytes.count >= 3 && bytes[0] == 0xE0 ? bytes[2] : nil
    }

    /// Whether PINGREQ is answered.
    func isAlive() -> Bool {
        send([0xC0, 0])
        return receive(2) == [0xD0, 0]
    }

    /// An HTTP request's whole answer.
    static func http(_ port: Int, _ request: String) throws -> String {
        let client = try WireClient(port)
        client.send(request)
        return String(decoding: client.receiveAll(), as: UTF8.self)
    }

    static func get(_ port: Int, _ path: String) throws -> String {
        try http(port, "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    }
}
