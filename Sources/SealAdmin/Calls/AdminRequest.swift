// SPDX-License-Identifier: Apache-2.0
// One request as whoever owns the connection hands it in: read completely, nothing judged yet.

public import SealBroker
internal import SealBytes
public import SealHTTP

/// A request to the administration.
public struct AdminRequest: Sendable {
    /// The method as sent.
    public var method: Method
    /// The path as sent, percent escapes included.
    public var path: String
    /// What follows the first `?`, as sent; nil without one.
    public var query: String?
    /// All fields.
    public var fields: Fields
    /// The whole body.
    public var body: [UInt8]
    /// The certificates the client showed in TLS, its own first; empty when it showed none.
    public var chain: [PresentedCertificate]
    /// The address of the other side, without port.
    public var peerAddress: String
    /// Host and port as the client names this server; empty when it did not.
    public var host: String
    /// `https`, or `http` on loopback.
    public var scheme: String
    /// The listener.
    public var listener: String
    /// Where it is answered; nil where everything may be done at once.
    public var lane: HTTPLane?
    /// Only its head is judged.
    var isHeadOnly = false
    /// What was taken for it when its head was judged.
    public var permit: (any AnyObject & Sendable)?

    /// Makes a request; the host is the one in the fields.
    public init(
        _ method: Method,
        _ path: String,
        query: String? = nil,
        fields: Fields = [:],
        body: [UInt8] = [],
        chain: [PresentedCertificate] = [],
        peerAddress: String = "",
        scheme: String = "https",
        listener: String = ""
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.fields = fields
        self.body = body
        self.chain = chain
        self.peerAddress = peerAddress
        host = fields["Host"] ?? ""
        self.scheme = scheme
        self.listener = listener
    }

    /// Takes a request that was read from a connection.
    public init(_ exchange: HTTPExchange) {
        var chain: [PresentedCertificate] = []
        for der in exchange.chain {
            // What follows an unreadable certificate cannot continue the chain.
            guard let one = try? PresentedCertificate(reading: der) else { break }
            chain.append(one)
        }
        self.init(
            exchange.head.method,
            exchange.head.path,
            query: exchange.head.query,
            fields: exchange.head.fields,
            body: exchange.body,
            chain: chain,
            peerAddress: exchange.peerAddress,
            scheme: exchange.scheme,
            listener: exchange.listener
        )
        host = exchange.head.host
        permit = exchange.permit
    }

    /// The host without its port, in lower case: what may select a tenant.
    var hostName: Name {
        let bytes = host.utf8
        let end = bytes.first == UInt8(ascii: "[") ? UInt8(ascii: "]") : UInt8(ascii: ":")
        return Name(decoding: bytes.prefix { $0 != end }).lowerASCII
    }
}
