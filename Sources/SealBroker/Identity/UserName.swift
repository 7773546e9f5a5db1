// SPDX-License-Identifier: Apache-2.0
// A user name with the tenant in it, in the forms of Cumulocity and RabbitMQ.

public import SealBytes

/// The parts of a user name.
///
/// `tenant/user` is split at the first slash, `vhost:user` at the last colon. The virtual host `/`
/// is the tenant of the listener.
public struct UserName: Sendable, Equatable {
    /// The tenant's id; nil when the name does not tell.
    public let tenant: Name?
    /// The user in the tenant.
    public let user: Name

    /// Takes a user name apart.
    public init(_ text: Name) {
        let bytes = text.bytes
        func part(_ range: Range<Int>) -> Name { Name(decoding: bytes[range]) }
        if let slash = bytes.firstIndex(of: UInt8(ascii: "/")), slash > 0 {
            tenant = part(0..<slash)
            user = part(slash + 1..<bytes.count)
        } else if let colon = bytes.lastIndex(of: UInt8(ascii: ":")) {
            let named = part(0..<colon)
            tenant = named.isEmpty || named == "/" ? nil : named
            user = part(colon + 1..<bytes.count)
        } else {
            tenant = nil
            user = text
        }
    }
}

extension String {
    /// For details of reasons: bounded, because a client chose it.
    var shortened: String { utf8.count <= 200 ? self : cut(toBytes: 197) + "…" }
}

extension Name {
    /// For details of reasons: bounded, because a client chose it.
    var shortened: String { text.shortened }
}

extension Device {
    /// The most bytes of an identifier.
    public static let identifierBytesMax = 1024

    /// Whether a text can be a device identifier: it is not empty, has no colon and no control
    /// characters, and is short enough.
    public static func isUsable(identifier: Name) -> Bool {
        !identifier.isEmpty && identifier.utf8.count <= identifierBytesMax
            && identifier.text.unicodeScalars.allSatisfy { scalar in
                scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) && scalar != ":"
            }
    }
}
