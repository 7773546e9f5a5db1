// SPDX-License-Identifier: Apache-2.0
// Who is at the other end: an IPv4 or IPv6 address and a port, as a small value.

internal import CSys
internal import Glibc

/// An internet address with a port.
public struct PeerAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address in IPv6 form, IPv4 mapped, as two words.
    public let high: UInt64
    /// The lower half of the address.
    public let low: UInt64
    /// The port.
    public let port: UInt16

    /// An address from its words.
    public init(high: UInt64, low: UInt64, port: UInt16) {
        self.high = high
        self.low = low
        self.port = port
    }

    /// What is counted as one source: an IPv4 address, or the /64 that one customer of IPv6 has.
    public var source: PeerAddress { PeerAddress(high: high, low: isIPv4 ? low : 0, port: 0) }

    /// Whether this is an IPv4 address.
    public var isIPv4: Bool { high == 0 && low &>> 32 == 0xFFFF }

    /// Whether this is 127.0.0.0/8 or ::1.
    public var isLoopback: Bool {
        isIPv4 ? (low &>> 24) & 0xFF == 127 : high == 0 && low == 1
    }

    /// The address alone, as people write it.
    public var host: String {
        if isIPv4 {
            let parts = stride(from: UInt64(24), through: 0, by: -8).map {
                String((low &>> $0) & 0xFF)
            }
            return parts.joined(separator: ".")
        }
        var groups: [UInt16] = []
        for word in [high, low] {
            for shift in stride(from: UInt64(48), through: 0, by: -16) {
                groups.append(UInt16(truncatingIfNeeded: word &>> shift))
            }
        }
        return Self.compressed(groups)
    }

    /// Address and port.
    public var description: String { isIPv4 ? "\(host):\(port)" : "[\(host)]:\(port)" }

    private static func compressed(_ groups: [UInt16]) -> String {
        var best = 0..<0
        var index = 0
        while index < groups.count {
            var end = index
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - index > max(best.count, 1) { best = index..<end }
            index = max(end, index + 1)
        }
        let texts = groups.map { String($0, radix: 16) }
        guard !best.isEmpty else { return texts.joined(separator: ":") }
        let front = texts[..<best.lowerBound].joined(separator: ":")
        let back = texts[best.upperBound...].joined(separator: ":")
        return front + "::" + back
    }

    init(_ storage: sockaddr_storage) {
        var storage = storage
        // SAFETY: the family says which of the two layouts the kernel wrote.
        self = unsafe withUnsafeBytes(of: &storage) { raw in
            if Int32(storageFamily(raw)) == AF_INET {
                let address = unsafe raw.load(as: sockaddr_in.self)
                let word = UInt64(UInt32(bigEndian: address.sin_addr.s_addr))
                return PeerAddress(
                    high: 0,
                    low: 0xFFFF_0000_0000 | word,
                    port: UInt16(bigEndian: address.sin_port)
                )
            }
            var address = unsafe raw.load(as: sockaddr_in6.self)
            let port = UInt16(bigEndian: address.sin6_port)
            return unsafe withUnsafeBytes(of: &address.sin6_addr) { bytes in
                let high = unsafe UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
                let low = unsafe UInt64(
                    bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
                )
                return PeerAddress(high: high, low: low, port: port)
            }
        }
    }
}

private func storageFamily(_ raw: UnsafeRawBufferPointer) -> UInt16 {
    // SAFETY: every socket address begins with its family.
    unsafe raw.load(as: UInt16.self)
}
