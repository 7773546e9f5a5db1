// SPDX-License-Identifier: Apache-2.0
// A request together with what is known about its connection: all that a handler gets to see.

/// One request, read completely.
public struct HTTPExchange: Sendable {
    /// The head.
    public var head: RequestHead
    /// The whole body.
    public var body: [UInt8]
    /// The address of the other side, without its port.
    public var peerAddress: String
    /// The certificates that the client showed in TLS, its own first, in DER; empty when it showed
    /// none.
    ///
    /// They were not judged.
    public var chain: [[UInt8]]
    /// The host name that the client asked TLS for.
    public var serverName: String?
    /// `https` or `http`.
    public var scheme: String
    /// The name of the listener.
    public var listener: String

    /// Makes an exchange.
    public init(
        head: RequestHead,
        body: [UInt8] = [],
        peerAddress: String = "",
        chain: [[UInt8]] = [],
        serverName: String? = nil,
        scheme: String = "https",
        listener: String = ""
    ) {
        self.head = head
        self.body = body
        self.peerAddress = peerAddress
        self.chain = chain
        self.serverName = serverName
        self.scheme = scheme
        self.listener = listener
    }
}

/// What becomes of a body whose head was read and which has not come yet.
public enum BodyRule: Sendable {
    /// It is taken, up to so many bytes.
    case take(bytesMax: Int)
    /// It is not taken, and this is the answer.
    case refuse(Response)
}
