// SPDX-License-Identifier: Apache-2.0
// A client of TLS in memory without any scruples: it shows every chain, however weak or wrong.

import COpenSSL
import CSys
import SealPKI
import Testing

@testable import SealNet
@testable import Stage

/// What came of a handshake on the server's side.
enum HandshakeEnd {
    case done(TLSPeer)
    case refused(TLSRefusal)
}

/// A client that shows a chain.
struct VerdictClient {
    let chain: [Made]
    let version: TLSVersion

    private struct Stuck: Error {}

    /// Shakes hands with a listener's TLS.
    func meet(_ context: TLSContext) throws -> HandshakeEnd {
        let settings = try #require(SSL_CTX_new(TLS_client_method()))
        defer { SSL_CTX_free(settings) }
        SSL_CTX_set_security_level(settings, 0)
        // SSL_CTRL_SET_MAX_PROTO_VERSION
        try #require(SSL_CTX_ctrl(settings, 124, Int(version.number), nil) == 1)
        if let leaf = chain.first {
            let key = try #require(leaf.key)
            try #require(SSL_CTX_use_certificate(settings, leaf.certificate.pointer) == 1)
            try #require(SSL_CTX_use_PrivateKey(settings, key.pointer) == 1)
            let rest: [OpaquePointer?] = chain.dropFirst().map { $0.certificate.pointer }
            try #require(seal_ssl_ctx_use_chain(settings, rest, rest.count) == 1)
        }
        let ssl = try #require(SSL_new(settings))
        defer { SSL_free(ssl) }
        let incoming = try #require(BIO_new(BIO_s_mem()))
        let outgoing = try #require(BIO_new(BIO_s_mem()))
        SSL_set_bio(ssl, incoming, outgoing)
        SSL_set_connect_state(ssl)
        return try talk(context, ssl, incoming, outgoing)
    }

    private func talk(
        _ context: TLSContext,
        _ ssl: OpaquePointer,
        _ incoming: OpaquePointer,
        _ outgoing: OpaquePointer
    ) throws -> HandshakeEnd {
        let server = try #require(context.makeStream())
        let buffers = try #require(TLSBuffers())
        for _ in 0..<10 {
            _ = SSL_do_handshake(ssl)
            var bytes = [UInt8](repeating: 0, count: 1 << 18)
            let count = BIO_read(outgoing, &bytes, Int32(bytes.count))
            let input = Array(bytes.prefix(max(Int(count), 0)))
            let step = input.withUnsafeBytes { server.handshake($0, using: buffers) }
            let answer = Array(buffers.output)
            buffers.clearOutput()
            switch step {
            case .done(let peer): return .done(peer)
            case .refused(let refusal): return .refused(refusal)
            case .needsInput: break
            }
            if !answer.isEmpty { _ = BIO_write(incoming, answer, Int32(answer.count)) }
        }
        throw Stuck()
    }
}
