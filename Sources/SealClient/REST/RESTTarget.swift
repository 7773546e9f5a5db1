// SPDX-License-Identifier: Apache-2.0
// Where a REST API is: `https://host:port/prefix`, taken apart.

/// The address of a REST API.
public struct RESTTarget: Sendable, Equatable, CustomStringConvertible {
    /// Whether it is reached over TLS.
    public let isEncrypted: Bool
    /// A host name or an address, without brackets.
    public let host: String
    /// The port.
    public let port: UInt16
    /// What stands before every path; empty, or begins with `/` and does not end with one.
    public let prefix: String

    /// Takes a URL apart.
    ///
    /// - Throws: `RESTError` when it is none, or holds what does not belong there.
    public init(_ text: String) throws(RESTError) {
        let rest: Substring
        if text.hasPrefix("https://") {
            (isEncrypted, rest) = (true, text.dropFirst(8))
        } else if text.hasPrefix("http://") {
            (isEncrypted, rest) = (false, text.dropFirst(7))
        } else {
            throw Self.malformed(text, "it does not begin with https://")
        }
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.contains("@") else {
            // Whatever is in a URL ends in histories and logs.
            throw RESTError(.url, "a user or a password has no place in a URL")
        }
        var path = rest[end...]
        while path.hasSuffix("/") { path = path.dropLast() }
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !path.contains("?"),
            !path.contains("#")
        else { throw Self.malformed(text, "what follows the host is no plain path") }
        prefix = String(path)
        let (name, digits) = try Self.split(authority, text)
        guard !name.isEmpty,
            name.utf8.allSatisfy({ byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
                    || "-._:".utf8.contains(byte)
            })
        else { throw Self.malformed(text, "it names no host") }
        host = String(name)
        guard let digits else {
            port = isEncrypted ? 443 : 80
            return
        }
        guard let number = UInt16(digits), number > 0 else {
            throw Self.malformed(text, "its port is not a number from 1 to 65535")
        }
        port = number
    }

    private static func malformed(_ text: String, _ why: String) -> RESTError {
        RESTError(.url, "'\(text)' is no URL of a server: \(why)")
    }

    /// Host and port; an IPv6 address stands in brackets.
    private static func split(
        _ authority: Substring,
        _ text: String
    ) throws(RESTError) -> (host: Substring, port: Substring?) {
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else {
                throw malformed(text, "a bracket is not closed")
            }
            let rest = authority[authority.index(after: close)...]
            guard rest.isEmpty || rest.hasPrefix(":") else {
                throw malformed(text, "something follows the address")
            }
            return (
                authority[authority.index(after: authority.startIndex)..<close],
                rest.isEmpty ? nil : rest.dropFirst()
            )
        }
        guard let colon = authority.firstIndex(of: ":") else { return (authority, nil) }
        guard !authority[authority.index(after: colon)...].contains(":") else {
            throw malformed(text, "an IPv6 address stands in brackets")
        }
        return (authority[..<colon], authority[authority.index(after: colon)...])
    }

    /// Whether the host is this machine, by its name or address.
    public var isLoopback: Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }

    /// What the Host field says.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isEncrypted ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// The URL.
    public var description: String {
        "\(isEncrypted ? "https" : "http")://\(authority)\(prefix)"
    }
}
