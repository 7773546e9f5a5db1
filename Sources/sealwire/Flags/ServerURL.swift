// SPDX-License-Identifier: Apache-2.0
// -L: a server, a login and a topic in one word.

/// `mqtt[s]://[user[:password]@]host[:port]/topic`.
struct ServerURL {
    var isEncrypted: Bool
    var host: String
    var port: Int?
    var username: String?
    var password: String?
    var topic: String

    init(_ text: String) throws(UsageError) {
        let example = "mqtts://user:password@host:8883/topic"
        var rest: Substring
        if text.hasPrefix("mqtt://") {
            (isEncrypted, rest) = (false, text.dropFirst(7))
        } else if text.hasPrefix("mqtts://") {
            (isEncrypted, rest) = (true, text.dropFirst(8))
        } else if text.hasPrefix("ws://") || text.hasPrefix("wss://") {
            throw UsageError(
                message: "MQTT over WebSocket is not supported: use mqtt:// or mqtts://"
            )
        } else {
            throw UsageError(message: "a URL begins with mqtt:// or mqtts://", hint: example)
        }
        guard let slash = rest.firstIndex(of: "/") else {
            throw UsageError(message: "the URL has no topic", hint: example)
        }
        topic = String(rest[rest.index(after: slash)...])
        rest = rest[..<slash]
        if let at = rest.lastIndex(of: "@") {
            let login = rest[..<at]
            rest = rest[rest.index(after: at)...]
            let parts = login.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            username = parts.first.map(Self.decoded)
            if parts.count == 2 { password = Self.decoded(parts[1]) }
        }
        let end = rest.lastIndex(of: "]") ?? rest.startIndex
        if let colon = rest[end...].lastIndex(of: ":") {
            let digits = String(rest[rest.index(after: colon)...])
            port = try Numbers.whole(digits, of: "the port in the URL", in: 1...65_535)
            rest = rest[..<colon]
        }
        host = String(rest)
        guard !host.isEmpty else {
            throw UsageError(message: "the URL has no host", hint: example)
        }
    }

    func apply(to options: inout MessagingOptions) {
        options.host = host
        options.isURLEncrypted = isEncrypted
        options.port = port ?? (isEncrypted ? 8883 : 1883)
        if let username { options.username = username }
        if let password { options.password = password }
        if !topic.isEmpty { options.topics.append(topic) }
    }

    /// %40 and the like, as RFC 3986 §2.1 writes them.
    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            if byte == UInt8(ascii: "%"), digits.utf8.count == 2,
                let value = UInt8(digits, radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
