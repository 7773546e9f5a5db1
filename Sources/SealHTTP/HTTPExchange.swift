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
    /// What was taken for the request when its head was judged, such as a place; it is given back
    /// when nobody holds it any more.
    public var permit: (any AnyObject & Sendable)?

    /// Makes an exchange.
    public init(
        head: RequestHead,
        body: [UInt8] = [],
        peerAddress: String = "",
        chain: [[UInt8]] = [],
        serverName: String? = nil,
        scheme: String,
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

/// Where a request is answered.
public enum HTTPLane: Int, Sendable, CaseIterable {
    /// By threads that never do slow work.
    case quick
    /// By threads that may compare and hash passwords and look through long lists.
    case slow
    /// By threads for whole files.
    case bulk
}

/// What became of a request on a lane.
public enum HTTPOutcome: Sendable {
    /// It was answered.
    case answer(Response)
    /// It is to be answered on another lane; shares there are counted for this key.
    case move(HTTPLane, key: [UInt8], permit: (any AnyObject & Sendable)?)
}

/// What becomes of a request by its head.
public enum HTTPRuling: Sendable {
    /// Its body is taken, up to so many bytes, and what was taken for it is kept with it.
    case take(bytesMax: Int, isBulk: Bool, permit: (any AnyObject & Sendable)?)
    /// It is not taken, and this is the answer.
    case refuse(Response)
    /// It is to be judged on another lane.
    case move(HTTPLane, key: [UInt8], permit: (any AnyObject & Sendable)?)
}

/// What becomes of a body whose head was read and which has not come yet.
public enum BodyRule: Sendable {
    /// It is taken, up to so many bytes.
    case take(bytesMax: Int)
    /// The head is judged on a thread first, credentials and all.
    case judge
    /// It is not taken, and this is the answer.
    case refuse(Response)
}
