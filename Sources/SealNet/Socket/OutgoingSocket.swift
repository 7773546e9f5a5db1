// SPDX-License-Identifier: Apache-2.0
// Opening a connection to a server, and finding its address. Nothing here waits for the network
// but `resolve`.

internal import CSys
internal import Glibc

/// Sockets that connect.
public enum OutgoingSocket {
    /// Asks the system for the address of a host; digits are taken as they are.
    public static func resolve(host: String, port: UInt16) throws(NetError) -> PeerAddress {
        var wanted = addrinfo()
        wanted.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        // SAFETY: the list is the library's; its entry is copied, then the list is freed.
        let outcome = unsafe getaddrinfo(host, nil, &wanted, &list)
        defer { if let list = unsafe list { unsafe freeaddrinfo(list) } }
        guard outcome == 0, let first = unsafe list?.pointee, let address = unsafe first.ai_addr
        else { throw NetError(errno: ENOENT, doing: "looking up \(host)") }
        var storage = sockaddr_storage()
        // SAFETY: the entry's length is its address's true size, never above the storage's.
        unsafe withUnsafeMutableBytes(of: &storage) {
            let count = min(Int(first.ai_addrlen), $0.count)
            unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: count))
        }
        let found = PeerAddress(storage)
        return PeerAddress(high: found.high, low: found.low, port: port)
    }

    /// The n-th address of the loopback network after 127.0.0.1, for many connections at once.
    public static func loopback(_ index: Int) -> PeerAddress {
        let host = 0x7F00_0002 &+ UInt64(index % 0xFF_FF00)
        return PeerAddress(high: 0, low: 0xFFFF_0000_0000 | host, port: 0)
    }

    /// Begins to connect and gives the descriptor back at once.
    static func connect(_ target: OutgoingTarget) throws(NetError) -> Int32 {
        let doing = "connecting to \(target.address)"
        let fd = socket(
            target.address.isIPv4 ? AF_INET : AF_INET6,
            Int32(SOCK_STREAM.rawValue) | O_NONBLOCK | O_CLOEXEC,
            0
        )
        guard fd >= 0 else { throw .last(doing) }
        setOption(fd, Int32(IPPROTO_TCP), TCP_NODELAY)
        var outcome: Int32 = 0
        if let source = target.source {
            // The port is chosen when the target is known, so one address serves more of them.
            setOption(fd, Int32(IPPROTO_IP), 24)
            outcome = withAddress(source) { unsafe Glibc.bind(fd, $0, $1) }
        }
        if outcome == 0 {
            outcome = withAddress(target.address) { unsafe Glibc.connect(fd, $0, $1) }
        }
        let error = seal_errno()
        guard outcome == 0 || error == EINPROGRESS else {
            Glibc.close(fd)
            throw NetError(errno: error, doing: doing)
        }
        return fd
    }

    /// What became of a connection attempt; nil is success.
    static func error(of fd: Int32) -> NetError? {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        // SAFETY: the value and its size are local variables.
        guard unsafe getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &size) == 0 else {
            return .last("connecting")
        }
        return value == 0 ? nil : NetError(errno: value, doing: "connecting")
    }

    private static func withAddress(
        _ peer: PeerAddress,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var storage = sockaddr_storage()
        // SAFETY: the storage is larger than either layout and aligned for both.
        return unsafe withUnsafeMutableBytes(of: &storage) { raw in
            var size = MemoryLayout<sockaddr_in>.size
            if peer.isIPv4 {
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = peer.port.bigEndian
                address.sin_addr.s_addr = UInt32(truncatingIfNeeded: peer.low).bigEndian
                raw.storeBytes(of: address, as: sockaddr_in.self)
            } else {
                var address = sockaddr_in6()
                address.sin6_family = sa_family_t(AF_INET6)
                address.sin6_port = peer.port.bigEndian
                unsafe withUnsafeMutableBytes(of: &address.sin6_addr) {
                    unsafe $0.storeBytes(of: peer.high.bigEndian, as: UInt64.self)
                    unsafe $0.storeBytes(
                        of: peer.low.bigEndian,
                        toByteOffset: 8,
                        as: UInt64.self
                    )
                }
                size = MemoryLayout<sockaddr_in6>.size
                raw.storeBytes(of: address, as: sockaddr_in6.self)
            }
            guard let start = raw.baseAddress else { return -1 }
            return unsafe body(start.assumingMemoryBound(to: sockaddr.self), socklen_t(size))
        }
    }
}
