// SPDX-License-Identifier: Apache-2.0
// A server that follows a script, for what a real one does not do when asked.

import Foundation
import SealNet

/// What a scripted server does next.
enum ScriptStep: Sendable {
    /// Takes the next connection.
    case accept
    /// Reads so many packets and keeps them.
    case read(Int)
    /// Sends bytes, in hexadecimal digits.
    case send(String)
    /// Hangs up.
    case hangUp
    /// Does nothing any more, but keeps the connection.
    case rest
}

/// A server that follows a script on a thread of its own, then ends.
// SAFETY: what two threads touch is touched with the condition locked.
final class ScriptedServer: @unchecked Sendable {
    let port: UInt16
    private let listener: ListeningSocket
    private let condition = NSCondition()
    private var packets: [String] = []
    private var isDone = false

    init(_ script: [ScriptStep]) throws {
        listener = try ListeningSocket.open(host: "127.0.0.1", port: 0)
        port = listener.address.port
        _ = fcntl(listener.descriptor, F_SETFL, 0)
        Foundation.Thread.detachNewThread { [self] in follow(script) }
    }

    /// The packets that were read, in hexadecimal digits, when the script is done.
    func read() -> [String] {
        condition.lock()
        defer { condition.unlock() }
        while !isDone { if !condition.wait(until: Date(timeIntervalSinceNow: 20)) { break } }
        return packets
    }

    private func follow(_ script: [ScriptStep]) {
        var connection: Int32 = -1
        for step in script {
            switch step {
            case .accept: connection = accept(listener.descriptor, nil, nil)
            case .read(let count): for _ in 0..<count { keep(packet(connection)) }
            case .send(let hex):
                let bytes = Self.bytes(hex)
                _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            case .hangUp: close(connection)
            case .rest: break
            }
        }
        condition.lock()
        isDone = true
        condition.broadcast()
        condition.unlock()
    }

    private func keep(_ packet: String) {
        condition.lock()
        packets.append(packet)
        condition.unlock()
    }

    /// One packet with a length below 128.
    private func packet(_ connection: Int32) -> String {
        guard let head = bytes(2, from: connection) else { return "end" }
        guard let body = bytes(Int(head[1]), from: connection) else { return "end" }
        return (head + body).map { String(format: "%02x", $0) }.joined()
    }

    private func bytes(_ count: Int, from connection: Int32) -> [UInt8]? {
        var all: [UInt8] = []
        while all.count < count {
            var part = [UInt8](repeating: 0, count: count - all.count)
            let got = recv(connection, &part, part.count, 0)
            guard got > 0 else { return nil }
            all += part[..<got]
        }
        return all
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.filter { $0 != " " })
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(digits[$0...($0 + 1)]), radix: 16)
        }
    }

    deinit { listener.close() }
}
