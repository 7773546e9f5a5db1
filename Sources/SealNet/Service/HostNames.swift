// SPDX-License-Identifier: Apache-2.0
// What this machine is called and where it is reached: for the names in its certificate.

internal import CSys
internal import Glibc
internal import SealBytes

/// Names and addresses of this machine.
public enum HostNames {
    /// The host name, if it has one that a certificate can carry.
    public static var name: String? {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return nil }
        let name = String(
            decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
        let isUsable =
            !name.isEmpty
            && name.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
            }
        return isUsable ? name.lowerASCII : nil
    }

    /// The addresses of all interfaces that are up, in digits, loopback included.
    ///
    /// Link-local IPv6 addresses are left out: they mean nothing without an interface.
    public static var addresses: [String] {
        var list: UnsafeMutablePointer<ifaddrs>?
        // SAFETY: the list is freed below; each entry's address is copied by its family.
        guard unsafe getifaddrs(&list) == 0 else { return [] }
        defer { unsafe freeifaddrs(list) }
        var found: [String] = []
        var next = unsafe list
        while let entry = unsafe next {
            unsafe next = entry.pointee.ifa_next
            guard let address = unsafe entry.pointee.ifa_addr else { continue }
            var storage = sockaddr_storage()
            let size: Int
            switch Int32(unsafe address.pointee.sa_family) {
            case AF_INET: size = MemoryLayout<sockaddr_in>.size
            case AF_INET6: size = MemoryLayout<sockaddr_in6>.size
            default: continue
            }
            unsafe withUnsafeMutableBytes(of: &storage) {
                unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: size))
            }
            let peer = PeerAddress(storage)
            if !peer.isIPv4, peer.high &>> 54 == 0x3FA { continue }
            if !found.contains(peer.host) { found.append(peer.host) }
        }
        return found
    }
}
