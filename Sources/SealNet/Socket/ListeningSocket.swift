// SPDX-License-Identifier: Apache-2.0
// Opening a port. Every shard has a socket of its own on the same port (SO_REUSEPORT), so the
// kernel spreads arriving connections.

internal import CSys
internal import Glibc

/// A call to the kernel that failed, and what it was for.
public struct NetError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kernel's error number.
    public let errno: Int32
    /// What was being done.
    public let doing: String

    /// Makes the error.
    public init(errno: Int32, doing: String) {
        self.errno = errno
        self.doing = doing
    }

    /// The sentence for people.
    public var description: String {
        // SAFETY: strerror returns a valid string for every number.
        let reason = unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "error \(errno)"
        return "\(doing): \(reason)"
    }

    /// Whether the machine does not have this kind of address.
    public var isNoSuchFamily: Bool { errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL }

    /// Whether somebody else listens there.
    public var isAddressTaken: Bool { errno == EADDRINUSE }

    static func last(_ doing: String) -> NetError { NetError(errno: seal_errno(), doing: doing) }
}

/// A socket that listens.
public struct ListeningSocket: Sendable {
    /// The descriptor.
    public let descriptor: Int32
    /// Where it listens, with the port the kernel chose when 0 was asked for.
    public let address: PeerAddress

    /// Opens a listening socket on a numeric address.
    ///
    /// A shared one leaves room for further sockets on the same port; one that is not fails when
    /// anybody listens there.
    ///
    /// - Throws: `NetError` when the address is not numeric or the kernel refuses.
    public static func open(
        host: String,
        port: UInt16,
        isShared: Bool = true,
        backlog: Int32 = 4096
    ) throws(NetError) -> ListeningSocket {
        let doing = "listening on \(host) port \(port)"
        let isIPv6 = host.contains(":")
        let fd = socket(
            isIPv6 ? AF_INET6 : AF_INET,
            Int32(SOCK_STREAM.rawValue) | O_NONBLOCK | O_CLOEXEC,
            0
        )
        guard fd >= 0 else { throw .last(doing) }
        do {
            return try bind(fd, host, port, isIPv6, isShared, backlog, doing)
        } catch {
            Glibc.close(fd)
            throw error
        }
    }

    private static func bind(
        _ fd: Int32,
        _ host: String,
        _ port: UInt16,
        _ isIPv6: Bool,
        _ isShared: Bool,
        _ backlog: Int32,
        _ doing: String
    ) throws(NetError) -> ListeningSocket {
        setOption(fd, SOL_SOCKET, SO_REUSEADDR)
        if isShared { setOption(fd, SOL_SOCKET, SO_REUSEPORT) }
        var outcome: Int32
        if isIPv6 {
            setOption(fd, Int32(IPPROTO_IPV6), IPV6_V6ONLY)
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            guard unsafe inet_pton(AF_INET6, host, &address.sin6_addr) == 1 else {
                throw NetError(errno: EINVAL, doing: doing)
            }
            outcome = unsafe bindTo(fd, &address, MemoryLayout<sockaddr_in6>.size)
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            guard unsafe inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
                throw NetError(errno: EINVAL, doing: doing)
            }
            outcome = unsafe bindTo(fd, &address, MemoryLayout<sockaddr_in>.size)
        }
        guard outcome == 0 else { throw .last(doing) }
        outcome = listen(fd, backlog)
        guard outcome == 0 else { throw .last(doing) }
        return ListeningSocket(descriptor: fd, address: localAddress(of: fd))
    }

    /// Closes it.
    public func close() { _ = Glibc.close(descriptor) }
}

/// Binds a descriptor to an address of any family.
private func bindTo(_ fd: Int32, _ address: UnsafeRawPointer, _ size: Int) -> Int32 {
    // SAFETY: every socket address begins like `sockaddr`, and `size` is its true size.
    unsafe bind(fd, address.assumingMemoryBound(to: sockaddr.self), socklen_t(size))
}

func setOption(_ fd: Int32, _ level: Int32, _ name: Int32, _ value: Int32 = 1) {
    var value = value
    // SAFETY: the option's value is an int, lent for the call.
    _ = unsafe setsockopt(fd, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
}

func localAddress(of fd: Int32) -> PeerAddress {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    // SAFETY: the storage is large enough for every family.
    _ = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe getsockname(fd, $0, &length)
        }
    }
    return PeerAddress(storage)
}

/// Takes a waiting connection; nil when there is none or the kernel refuses.
func acceptConnection(_ fd: Int32) -> (descriptor: Int32, peer: PeerAddress)? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    // SAFETY: the storage is large enough for every family.
    let descriptor = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe seal_accept4(fd, $0, &length)
        }
    }
    guard descriptor >= 0 else { return nil }
    setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY)
    return (descriptor, PeerAddress(storage))
}
