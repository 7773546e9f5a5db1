// SPDX-License-Identifier: Apache-2.0
// What an outgoing loop knows of one connection, and where connections go.

internal import SealBytes

/// Where a connection goes and how.
public struct OutgoingTarget: Sendable {
    /// The address of the server.
    public var address: PeerAddress
    /// The name that the server's certificate must carry.
    public var host: String
    /// The address to come from; nil leaves it to the kernel.
    public var source: PeerAddress?
    /// The client's TLS; nil is a plain connection.
    public var tls: TLSClientContext?

    /// Names a target.
    public init(
        address: PeerAddress,
        host: String,
        source: PeerAddress? = nil,
        tls: TLSClientContext? = nil
    ) {
        self.address = address
        self.host = host
        self.source = source
        self.tls = tls
    }
}

struct OutgoingConnection {
    enum Stage: UInt8 {
        case connecting
        case handshake
        case open
    }

    var descriptor: Int32
    var tag: Int
    var stage = Stage.connecting
    var stream: TLSStream?
    /// Decrypted bytes nobody used yet.
    var unread: [UInt8] = []
    /// Ciphertext the kernel did not take yet.
    var cipherRest: [UInt8] = []
    /// Whether the kernel took less than was to be sent, and epoll reports writable.
    var isBlocked = true
    /// Whether epoll reports readable.
    var isReading = true
    /// Whether it is on the list of those with something to send.
    var isDirty = false

    init(descriptor: Int32, tag: Int, stream: TLSStream?) {
        self.descriptor = descriptor
        self.tag = tag
        self.stream = stream
    }
}
