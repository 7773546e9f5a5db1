// SPDX-License-Identifier: Apache-2.0
// A user name with the tenant in it, in the forms of Cumulocity and RabbitMQ.

/// The parts of a user name.
///
/// `tenant/user` is split at the first slash, `vhost:user` at the last colon. The virtual host `/`
/// is the tenant of the listener.
public struct UserName: Sendable, Equatable {
    /// The tenant's id; nil when the name does not tell.
    public let tenant: String?
    /// The user in the tenant.
    public let user: String

    /// Takes a user name apart.
    public init(_ text: String) {
        let bytes = Array(text.utf8)
        func part(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
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
    /// Both have the same bytes.
    ///
    /// `==` takes names for equal that are written in two ways; the standard does not (MQTT 5.0
    /// §1.5.4).
    func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }

    /// For details of reasons: bounded, because a client chose it.
    var shortened: String { utf8.count <= 200 ? self : String(prefix(100)) + "…" }
}

extension Device {
    /// The most bytes of an identifier.
    public static let identifierBytesMax = 1024

    /// Whether a text can be a device identifier: it is not empty, has no colon and no control
    /// characters, and is short enough.
    public static func isUsable(identifier: String) -> Bool {
        !identifier.isEmpty && identifier.utf8.count <= identifierBytesMax
            && identifier.unicodeScalars.allSatisfy { scalar in
                scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) && scalar != ":"
            }
    }
}
