// SPDX-License-Identifier: Apache-2.0
// Opening a connection to a host: its addresses one after another, within a time limit. What is
// said over the connection is the channel's.

internal import CSys
internal import Glibc

/// An address as the kernel wants it.
struct SocketAddress {
    var storage: sockaddr_storage
    var length: socklen_t

    var family: Int32 { Int32(storage.ss_family) }

    /// Lends the address to a call of the kernel.
    mutating func lend(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        let length = length
        // SAFETY: every socket address begins like `sockaddr`, and the length is its true one.
        return withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}

/// Connecting.
enum ClientSocket {
    /// How many addresses of one host are tried.
    static let addressesMax = 8

    /// The addresses of a host, in the order the system prefers.
    static func addresses(
        of host: String,
        port: UInt16,
        isPassive: Bool = false
    ) throws(ChannelError) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = isPassive ? AI_PASSIVE : AI_ADDRCONFIG
        // RFC 4007 and people write addresses of IPv6 in brackets in URLs.
        var name = host
        if name.begins(with: "["), name.ends(with: "]") {
            name = String(name.dropFirst().dropLast())
        }
        var list: UnsafeMutablePointer<addrinfo>?
        var outcome = getaddrinfo(name, String(port), &hints, &list)
        if outcome != 0, hints.ai_flags & AI_ADDRCONFIG != 0 {
            // A machine with nothing but loopback has no address that AI_ADDRCONFIG counts.
            hints.ai_flags &= ~AI_ADDRCONFIG
            outcome = getaddrinfo(name, String(port), &hints, &list)
        }
        // SAFETY: the list is freed once, after its entries were copied.
        defer { freeaddrinfo(list) }
        guard outcome == 0 else {
            let why = gai_strerror(outcome).map { String(cString: $0) } ?? "error \(outcome)"
            throw ChannelError(.lookup, "no address is known for the host \(host): \(why)")
        }
        var found: [SocketAddress] = []
        var next = list
        while let entry = next, found.count < addressesMax {
            let size = Int(entry.pointee.ai_addrlen)
            if let from = entry.pointee.ai_addr, size <= MemoryLayout<sockaddr_storage>.size {
                var storage = sockaddr_storage()
                withUnsafeMutableBytes(of: &storage) { target in
                    target.copyMemory(from: UnsafeRawBufferPointer(start: from, count: size))
                }
                found.append(SocketAddress(storage: storage, length: socklen_t(size)))
            }
            next = entry.pointee.ai_next
        }
        guard !found.isEmpty else {
            throw ChannelError(.lookup, "no address is known for the host \(host)")
        }
        return found
    }

    /// Connects to the first address that answers.
    static func connect(
        to target: ChannelTarget,
        waker: Waker,
        isCancelled: () -> Bool
    ) throws(ChannelError) -> (descriptor: Int32, peer: PeerAddress) {
        let end = MonotonicClock.milliseconds + UInt64(max(target.timeLimitSeconds, 1)) * 1000
        let found = try addresses(of: target.host, port: target.port)
        let local = try target.localAddress.map { (host) throws(ChannelError) in
            try addresses(of: host, port: 0, isPassive: true)
        }
        var last: ChannelError?
        for (index, address) in found.enumerated() {
            let now = MonotonicClock.milliseconds
            let left = end > now ? end - now : 0
            // Each address gets its share of the time, the last one all that is left.
            let share = left / UInt64(found.count - index)
            do throws(ChannelError) {
                return try open(address, local, target, now + share, waker, isCancelled)
            } catch {
                if error.code == .cancelled { throw error }
                last = error
            }
        }
        throw last ?? ChannelError(.lookup, "no address is known for the host \(target.host)")
    }

    private static func open(
        _ address: SocketAddress,
        _ local: [SocketAddress]?,
        _ target: ChannelTarget,
        _ end: UInt64,
        _ waker: Waker,
        _ isCancelled: () -> Bool
    ) throws(ChannelError) -> (descriptor: Int32, peer: PeerAddress) {
        var address = address
        let peer = PeerAddress(address.storage)
        let place = "\(target.host) port \(target.port) (\(peer.host))"
        let fd = socket(
            address.family,
            Int32(SOCK_STREAM.rawValue) | O_NONBLOCK | O_CLOEXEC,
            0
        )
        guard fd >= 0 else { throw refused(place, seal_errno()) }
        do throws(ChannelError) {
            setOption(fd, Int32(IPPROTO_TCP), TCP_NODELAY)
            if let local { try bind(fd, local, address.family, target) }
            var outcome = address.lend { Glibc.connect(fd, $0, $1) }
            if outcome != 0, seal_errno() == EINPROGRESS {
                try wait(fd, POLLOUT, until: end, waker, isCancelled, "connecting to \(place)")
                outcome = socketError(fd)
                guard outcome == 0 else { throw refused(place, outcome) }
            } else if outcome != 0 {
                throw refused(place, seal_errno())
            }
            return (fd, peer)
        } catch {
            _ = Glibc.close(fd)
            throw error
        }
    }

    private static func bind(
        _ fd: Int32,
        _ local: [SocketAddress],
        _ family: Int32,
        _ target: ChannelTarget
    ) throws(ChannelError) {
        let name = target.localAddress ?? ""
        guard var own = local.first(where: { $0.family == family }) else {
            throw ChannelError(
                .localAddress,
                "the local address \(name) is of another family than the server's"
            )
        }
        guard own.lend({ Glibc.bind(fd, $0, $1) }) == 0 else {
            throw ChannelError(
                .localAddress,
                "connecting from \(name): \(NetError.last("bind").reason)"
            )
        }
    }

    /// Waits for the socket, within the time limit and as long as nobody cancels.
    static func wait(
        _ fd: Int32,
        _ events: Int32,
        until end: UInt64,
        _ waker: Waker,
        _ isCancelled: () -> Bool,
        _ doing: String
    ) throws(ChannelError) {
        while true {
            if isCancelled() { throw ChannelError(.cancelled, "\(doing) was given up") }
            let now = MonotonicClock.milliseconds
            guard now < end else {
                throw ChannelError(.timeout, "\(doing): no answer within the time limit")
            }
            var wanted = [
                pollfd(fd: fd, events: Int16(truncatingIfNeeded: events), revents: 0),
                pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let left = Int32(truncatingIfNeeded: min(end - now, 1 << 30))
            guard poll(&wanted, 2, left) > 0 else { continue }
            if wanted[1].revents != 0 { waker.rest() }
            if wanted[0].revents != 0 { return }
        }
    }

    private static func refused(_ place: String, _ number: Int32) -> ChannelError {
        ChannelError(
            .unreachable,
            "cannot connect to \(place): \(NetError(errno: number, doing: "connect").reason)"
        )
    }

    static func socketError(_ fd: Int32) -> Int32 {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        // SAFETY: the option's value is an int, lent for the call.
        guard getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &size) == 0 else { return seal_errno() }
        return value
    }
}

extension NetError {
    /// The kernel's words for the error number.
    var reason: String {
        // SAFETY: strerror returns a valid string for every number.
        strerror(errno).map { String(cString: $0) } ?? "error \(errno)"
    }
}
