// SPDX-License-Identifier: Apache-2.0
// A client connection that waits: for the daemon to prove itself, one step after the other. Not
// for traffic; every wait is bounded.

internal import CSys
internal import Glibc

/// A blocking TLS connection to a numeric address.
public final class ProbeConnection {
    private let descriptor: Int32
    private let stream: TLSStream
    private let buffers: TLSBuffers
    private var waiting: [UInt8] = []
    /// Who is at the other end.
    public private(set) var peer: TLSPeer?

    /// Connects and shakes hands.
    ///
    /// - Throws: `ProbeError` with a sentence about what failed.
    public init(
        host: String,
        port: UInt16,
        tls: TLSClientContext,
        seconds: Int
    ) throws(ProbeError) {
        guard let buffers = TLSBuffers(), let stream = tls.makeStream(host: host) else {
            throw ProbeError("there is no memory for a connection")
        }
        self.buffers = buffers
        self.stream = stream
        descriptor = try Self.dial(host, port, seconds)
        try shakeHands()
    }

    deinit { close(descriptor) }

    private static func dial(
        _ host: String,
        _ port: UInt16,
        _ seconds: Int
    ) throws(ProbeError) -> Int32 {
        let isIPv6 = host.contains(":")
        let fd = socket(
            isIPv6 ? AF_INET6 : AF_INET,
            Int32(SOCK_STREAM.rawValue) | O_CLOEXEC,
            0
        )
        guard fd >= 0 else { throw ProbeError(NetError.last("making a socket").description) }
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        // SAFETY: options and address are local variables of the sizes given.
        _ = unsafe setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        _ = unsafe setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        let outcome: Int32
        if isIPv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            _ = unsafe inet_pton(AF_INET6, host, &address.sin6_addr)
            outcome = unsafe connectTo(fd, &address, MemoryLayout<sockaddr_in6>.size)
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            _ = unsafe inet_pton(AF_INET, host, &address.sin_addr)
            outcome = unsafe connectTo(fd, &address, MemoryLayout<sockaddr_in>.size)
        }
        guard outcome == 0 else {
            let error = NetError.last("connecting to \(host) port \(port)")
            close(fd)
            throw ProbeError(error.description)
        }
        return fd
    }

    private func shakeHands() throws(ProbeError) {
        var input: [UInt8] = []
        while true {
            // SAFETY: the bytes are lent for the call.
            let step = unsafe input.withUnsafeBytes {
                unsafe stream.handshake($0, using: buffers)
            }
            try flush()
            switch step {
            case .done(let peer):
                self.peer = peer
                return
            case .refused(let refusal): throw ProbeError(refusal.sentence)
            case .needsInput: input = try receiveCipher()
            }
        }
    }

    /// Sends bytes.
    public func send(_ bytes: [UInt8]) throws(ProbeError) {
        // SAFETY: the bytes are lent for the call.
        let isTaken = unsafe bytes.withUnsafeBytes { unsafe stream.write($0, using: buffers) }
        guard isTaken else { throw ProbeError("the connection is broken") }
        try flush()
    }

    /// The next bytes, at least one.
    public func receive() throws(ProbeError) -> [UInt8] {
        var plain = [UInt8](repeating: 0, count: 16_384)
        while true {
            let input = stream.hasUnread ? [] : try receiveCipher()
            // SAFETY: both are lent for the call.
            let result = unsafe input.withUnsafeBytes { input in
                unsafe plain.withUnsafeMutableBytes {
                    unsafe stream.read(input, into: $0, using: buffers)
                }
            }
            try flush()
            if result.count > 0 { return Array(plain[..<result.count]) }
            switch result.state {
            case .drained, .moreToRead: continue
            case .closed: throw ProbeError("the server closed the connection")
            case .failed(let refusal): throw ProbeError(refusal.sentence)
            }
        }
    }

    private func receiveCipher() throws(ProbeError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 16_384)
        // SAFETY: at most the array's size is read into it.
        let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else {
            throw ProbeError(
                count == 0
                    ? "the server closed the connection"
                    : NetError.last("waiting for the server").description
            )
        }
        return Array(bytes[..<count])
    }

    private func flush() throws(ProbeError) {
        let bytes = buffers.takeOutput()
        var offset = 0
        while offset < bytes.count {
            let part = Array(bytes[offset...])
            // SAFETY: the part is lent for the call.
            let count = unsafe Glibc.send(descriptor, part, part.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else {
                throw ProbeError(NetError.last("sending to the server").description)
            }
            offset += count
        }
    }
}

/// Why a proof failed, as a sentence.
public struct ProbeError: Error, Sendable, CustomStringConvertible {
    /// The sentence.
    public let description: String

    /// Makes the error.
    public init(_ description: String) { self.description = description }
}

/// Connects a descriptor to an address of any family.
private func connectTo(_ fd: Int32, _ address: UnsafeRawPointer, _ size: Int) -> Int32 {
    // SAFETY: every socket address begins like `sockaddr`, and `size` is its true size.
    unsafe connect(fd, address.assumingMemoryBound(to: sockaddr.self), socklen_t(size))
}
