// SPDX-License-Identifier: Apache-2.0
// Two sides of TLS in one process, with bytes carried by hand: no socket, no file, no wait.

import SealPKI
import Testing

@testable import SealNet

/// An authority with what it issued, for one test.
struct Town {
    let authority: CertificateAuthority

    init(_ name: String = "Test Town CA", key: PrivateKey? = nil) throws {
        authority = try .makeRoot(
            subject: DistinguishedName(commonName: name, organization: "Test"),
            key: key
        )
    }

    func identity(
        _ purpose: CertificatePurpose,
        _ name: String,
        key: KeyKind = .p256,
        dns: [String] = ["localhost"],
        days: Int = 30,
        notBefore: Int64? = nil,
        sendsAuthority: Bool = false
    ) throws -> TLSIdentity {
        let made = try authority.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: name),
                names: purpose == .server
                    ? SubjectNames(dns: dns, addresses: ["127.0.0.1", "::1"]) : SubjectNames(),
                purpose: purpose,
                days: days,
                notBefore: notBefore
            ),
            key: try PrivateKey.generate(key)
        )
        let chain = [made.certificate] + (sendsAuthority ? [authority.certificate] : [])
        return TLSIdentity(chain: chain, key: made.key, file: "\(name).pem")
    }

    var trust: [Certificate] { [authority.certificate] }
}

/// What a conversation came to.
enum Ending {
    case done(server: TLSPeer, client: TLSPeer)
    case serverRefused(TLSRefusal)
    case clientRefused(TLSRefusal)
    case stuck

    var serverCode: TLSRefusal.Code? {
        if case .serverRefused(let refusal) = self { return refusal.code }
        return nil
    }

    var clientCode: TLSRefusal.Code? {
        if case .clientRefused(let refusal) = self { return refusal.code }
        return nil
    }

    var peers: (server: TLSPeer, client: TLSPeer)? {
        if case .done(let server, let client) = self { return (server, client) }
        return nil
    }
}

/// Both sides of one connection.
final class Conversation {
    let server: TLSStream
    let client: TLSStream
    let serverBuffers: TLSBuffers
    let clientBuffers: TLSBuffers

    init(_ server: TLSContext, _ client: TLSClientContext, host: String = "localhost") throws {
        self.server = try #require(server.makeStream())
        self.client = try #require(client.makeStream(host: host))
        serverBuffers = try #require(TLSBuffers())
        clientBuffers = try #require(TLSBuffers())
    }

    /// What the server made of the alert of a client that refused.
    var serverAnswer: HandshakeStep?

    /// Carries bytes until both are done or one refuses; `change` may damage what goes by.
    func shakeHands(change: (Int, inout [UInt8]) -> Void = { _, _ in }) -> Ending {
        var server: TLSPeer?
        var client: TLSPeer?
        var toClient: [UInt8] = []
        for turn in 0..<10 {
            if client == nil {
                let step = toClient.withUnsafeBytes {
                    self.client.handshake($0, using: clientBuffers)
                }
                if case .done(let peer) = step { client = peer }
                if case .refused(let refusal) = step {
                    var alert = Array(clientBuffers.output)
                    clientBuffers.clearOutput()
                    change(turn * 2, &alert)
                    if server == nil {
                        serverAnswer = alert.withUnsafeBytes {
                            self.server.handshake($0, using: serverBuffers)
                        }
                    }
                    return .clientRefused(refusal)
                }
            }
            var toServer = Array(clientBuffers.output)
            clientBuffers.clearOutput()
            change(turn * 2, &toServer)
            if server == nil {
                let step = toServer.withUnsafeBytes {
                    self.server.handshake($0, using: serverBuffers)
                }
                if case .done(let peer) = step { server = peer }
                if case .refused(let refusal) = step { return .serverRefused(refusal) }
            }
            toClient = Array(serverBuffers.output)
            serverBuffers.clearOutput()
            change(turn * 2 + 1, &toClient)
            if let server, let client, toClient.isEmpty {
                return .done(server: server, client: client)
            }
        }
        return .stuck
    }

    /// Encrypts on one side and decrypts on the other, through a scratch of the given size.
    func carry(_ bytes: [UInt8], toServer: Bool, scratch: Int = 20_000) -> [UInt8]? {
        let from = toServer ? client : server
        let to = toServer ? server : client
        let out = toServer ? clientBuffers : serverBuffers
        let back = toServer ? serverBuffers : clientBuffers
        guard bytes.withUnsafeBytes({ from.write($0, using: out) }) else { return nil }
        let wire = Array(out.output)
        out.clearOutput()
        guard let (read, state) = receive(wire, to, back, scratch: scratch),
            case .drained = state
        else { return nil }
        return read
    }

    /// Reads until there is nothing more to read.
    func receive(
        _ wire: [UInt8],
        _ stream: TLSStream,
        _ buffers: TLSBuffers,
        scratch: Int = 20_000
    ) -> ([UInt8], TLSReadResult.State)? {
        var all: [UInt8] = []
        var input = wire
        var target = [UInt8](repeating: 0, count: scratch)
        for _ in 0..<100_000 {
            let result = input.withUnsafeBytes { source in
                target.withUnsafeMutableBytes { stream.read(source, into: $0, using: buffers) }
            }
            all += target.prefix(result.count)
            if case .moreToRead = result.state {
                input = []
                continue
            }
            return (all, result.state)
        }
        return nil
    }
}

/// A listener's context from memory.
func serverContext(
    _ identities: [TLSIdentity],
    trust: [Certificate] = [],
    lists: [RevocationList] = [],
    clock: ClockBox? = nil,
    swaps: Bool = true,
    _ change: (inout TLSSettings) -> Void = { _ in }
) throws -> TLSContext {
    var settings = TLSSettings(identities: [])
    change(&settings)
    let material = TLSMaterial(identities: identities, trust: trust, lists: lists)
    let method = swaps ? SessionSwap.method : nil
    guard let clock else { return try TLSContext(settings, material, method: method) }
    return try TLSContext(settings, material, method: method, clock: { clock.now })
}

/// A client's context from memory.
func clientContext(
    trust: [Certificate],
    identity: TLSIdentity? = nil,
    _ change: (inout TLSClientSettings) -> Void = { _ in }
) throws -> TLSClientContext {
    var settings = TLSClientSettings()
    change(&settings)
    let material = TLSMaterial(identities: identity.map { [$0] } ?? [], trust: trust)
    return try TLSClientContext(settings, material)
}
