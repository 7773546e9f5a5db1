// SPDX-License-Identifier: Apache-2.0
// What may stand in `bind`: numeric addresses and two words. Names are not looked up here or
// anywhere: a listener must not depend on a name server.

internal import Glibc

/// An address a listener binds to, as written.
public enum NetworkAddress {
    /// An IPv4 or IPv6 address in digits, `localhost`, or `*`.
    public static func isValid(_ text: String) -> Bool {
        text == "*" || text == "localhost" || isIPv4(text) || isIPv6(text)
    }

    /// Reachable from this machine only.
    public static func isLoopback(_ text: String) -> Bool {
        text == "localhost" || text == "::1" || (isIPv4(text) && text.hasPrefix("127."))
    }

    /// The numeric addresses a written one stands for.
    public static func expanded(_ text: String) -> [String] {
        switch text {
        case "*": ["0.0.0.0", "::"]
        case "localhost": ["127.0.0.1", "::1"]
        default: [text]
        }
    }

    /// An IPv4 address in four decimal numbers.
    public static func isIPv4(_ text: String) -> Bool {
        var address = in_addr()
        return !text.contains("\0") && inet_pton(AF_INET, text, &address) == 1
    }

    /// An IPv6 address without a zone.
    public static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return !text.contains("\0") && inet_pton(AF_INET6, text, &address) == 1
    }
}
