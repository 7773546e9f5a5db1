// SPDX-License-Identifier: Apache-2.0
// The certificates that a server shows, without trusting them. What they are worth is said by
// SealPKI.

internal import SealNet
public import SealPKI

/// What a server showed.
public struct ServerCertificates: Sendable {
    /// The certificates in the order they were sent, the server's own first.
    public let chain: [Certificate]
    /// Why the server ended the handshake afterwards; nil when it did not.
    public let refusal: String?

    /// Asks a server; blocks the thread.
    ///
    /// No certificate of one's own is shown: a server that demands one has shown its own before.
    public static func fetch(
        host: String,
        port: UInt16,
        serverName: String? = nil,
        timeLimitSeconds: Int = 15
    ) throws -> ServerCertificates {
        var settings = TLSClientSettings()
        settings.checksChain = false
        settings.checksName = false
        // What is wrong with a weak certificate can only be said when it is shown.
        settings.ciphers = "ALL:@SECLEVEL=0"
        var target = ChannelTarget(host: host, port: port, timeLimitSeconds: timeLimitSeconds)
        target.serverName = serverName
        target.tls = try TLSClientContext.load(settings)
        let found = try ClientChannel.certificates(of: target, waker: try Waker())
        return ServerCertificates(chain: found.sent, refusal: found.refusal?.reason)
    }
}
