// SPDX-License-Identifier: Apache-2.0
// Giving back the session and the peer's certificate (some 6 KB) once a TLS 1.3 handshake is done
// and the identity was taken out. OpenSSL does not document that this is possible, so a handshake
// with ourselves proves it at start; where the proof fails, nothing is swapped.

internal import COpenSSL
internal import CSys
internal import Glibc
internal import SealBytes
internal import SealPKI

/// Replaces the session of finished TLS 1.3 connections by an empty one.
final class SessionSwap: Sendable {
    // SAFETY: OpenSSL counts references to contexts and sessions atomically; the table is locked.
    private nonisolated(unsafe) let context: OpaquePointer
    private let sessions = Locked<[Int32: UInt]>([:])

    /// Makes the context that connections are moved to; its method must be the negotiated one, or
    /// OpenSSL would start the connection over.
    init?(method: OpaquePointer, library: Int32) {
        guard let made = seal_ssl_ctx_new_of_method(library, method) else {
            OpenSSLDoor.forgetErrors()
            return nil
        }
        _ = SSL_CTX_set_num_tickets(made, 0)
        _ = seal_ssl_ctx_set_session_cache_off(made)
        _ = seal_ssl_ctx_set_mode(made, Int(SSL_MODE_RELEASE_BUFFERS))
        unsafe context = made
    }

    deinit {
        sessions.withLock { table in
            // SAFETY: each word is a session that this object holds one reference to.
            for word in table.values { unsafe SSL_SESSION_free(OpaquePointer(bitPattern: word)) }
        }
        unsafe SSL_CTX_free(context)
    }

    /// Gives back what only the handshake needed.
    func settle(_ ssl: OpaquePointer) {
        guard SSL_version(ssl) == TLS1_3_VERSION, let session = session(like: ssl),
            // SAFETY: the context lives as long as `self`.
            unsafe SSL_set_SSL_CTX(ssl, context) != nil
        else { return }
        _ = SSL_set_session(ssl, session)
        OpenSSLDoor.forgetErrors()
    }

    /// The empty session of the connection's suite, shared by all connections.
    private func session(like ssl: OpaquePointer) -> OpaquePointer? {
        let suite = seal_ssl_cipher_number(ssl)
        let word = sessions.withLock { table -> UInt? in
            if let made = table[suite] { return made }
            guard let made = seal_lean_session(ssl) else { return nil }
            table[suite] = UInt(bitPattern: made)
            return table[suite]
        }
        return word.flatMap { OpaquePointer(bitPattern: $0) }
    }

    /// The TLS 1.3 method for swapping; nil when this OpenSSL does not pass the check.
    static var method: OpaquePointer? { OpaquePointer(bitPattern: checkedMethod) }

    private static let checkedMethod: UInt = {
        // From 3.2 on the connection is built differently; there it stays as it is.
        guard OPENSSL_version_major() == 3, OPENSSL_version_minor() <= 1 else { return 0 }
        guard let check = try? SelfCheck(), let method = check.negotiatedMethod(),
            check.passes(with: method)
        else { return 0 }
        return UInt(bitPattern: method)
    }()
}

/// A handshake of this library with itself, in memory.
private struct SelfCheck {
    private let server: TLSMaterial
    private let settings: TLSSettings
    private let client: TLSClientContext
    private let here: TLSBuffers
    private let there: TLSBuffers

    init() throws(TLSError) {
        guard let here = TLSBuffers(), let there = TLSBuffers() else {
            throw TLSError(.cryptography, "there is no memory")
        }
        self.here = here
        self.there = there
        let (server, device) = try Self.material()
        self.server = server
        var settings = TLSSettings(identities: [])
        settings.clientCertificates = .require
        settings.minimumVersion = .tls13
        self.settings = settings
        client = try TLSClientContext(TLSClientSettings(), device)
    }

    private static func material() throws(TLSError) -> (TLSMaterial, TLSMaterial) {
        do throws(PKIError) {
            let authority = try CertificateAuthority.makeRoot(
                subject: DistinguishedName(commonName: "start-up check"),
                days: 1
            )
            func identity(_ purpose: CertificatePurpose) throws(PKIError) -> TLSIdentity {
                let made = try authority.issue(
                    CertificateOrder(
                        subject: DistinguishedName(commonName: "localhost"),
                        names: SubjectNames(dns: ["localhost"]),
                        purpose: purpose,
                        days: 1
                    )
                )
                return TLSIdentity(chain: [made.certificate], key: made.key, file: "(memory)")
            }
            let trust = [authority.certificate]
            return (
                TLSMaterial(identities: [try identity(.server)], trust: trust),
                TLSMaterial(identities: [try identity(.device)], trust: trust)
            )
        } catch {
            throw TLSError(error, file: "(memory)")
        }
    }

    /// The method that a finished TLS 1.3 connection has.
    func negotiatedMethod() -> OpaquePointer? {
        guard let context = try? TLSContext(settings, server, method: nil),
            let pair = connect(context)
        else { return nil }
        return pair.server.method
    }

    /// Whether a swapped connection still carries bytes, changes keys and ends as it should.
    func passes(with method: OpaquePointer) -> Bool {
        guard let context = try? TLSContext(settings, server, method: method),
            let (client, server) = connect(context), server.method == method,
            !server.holdsPeerCertificate
        else { return false }
        for count in [1, 300, 40_000] {
            guard carries(count, client, server), carries(count, server, client) else {
                return false
            }
        }
        guard server.updateKeys(using: here), delivers([], server, client),
            client.updateKeys(using: here), delivers([], client, server),
            carries(500, client, server), carries(500, server, client)
        else { return false }
        client.shutdown(using: here)
        guard case .closed = take(here.output, server).1 else { return false }
        here.clearOutput()
        there.clearOutput()
        server.shutdown(using: here)
        guard case .closed = take(here.output, client).1 else { return false }
        return true
    }

    private func connect(_ context: TLSContext) -> (client: TLSStream, server: TLSStream)? {
        here.clearOutput()
        there.clearOutput()
        guard let server = context.makeStream(), let client = client.makeStream(host: "localhost")
        else { return nil }
        var isDone = (client: false, server: false)
        for _ in 0..<8 where !(isDone.client && isDone.server) {
            // SAFETY: the other side's output is not changed while it is read.
            if case .done = unsafe client.handshake(there.output, using: here) {
                isDone.client = true
            }
            there.clearOutput()
            if !isDone.server {
                if case .done = unsafe server.handshake(here.output, using: there) {
                    isDone.server = true
                }
            }
            here.clearOutput()
        }
        return isDone.client && isDone.server ? (client, server) : nil
    }

    private func carries(_ count: Int, _ from: TLSStream, _ to: TLSStream) -> Bool {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        return delivers(bytes, from, to)
    }

    /// Sends bytes, and whatever waits in the output, and compares what comes out.
    private func delivers(_ bytes: [UInt8], _ from: TLSStream, _ to: TLSStream) -> Bool {
        // SAFETY: the pointer is only used during the call.
        let isWritten = bytes.withUnsafeBytes { unsafe from.write($0, using: here) }
        defer {
            here.clearOutput()
            there.clearOutput()
        }
        guard isWritten else { return false }
        // SAFETY: the output is not changed while it is read: the reader writes to `there`.
        let (read, state) = unsafe take(here.output, to)
        guard case .drained = state, read == bytes else { return false }
        if there.outputCount == 0 { return true }
        // An answer of the protocol itself, to a request for new keys.
        here.clearOutput()
        let answer = unsafe [UInt8](there.output)
        there.clearOutput()
        let (nothing, after) = answer.withUnsafeBytes { unsafe take($0, from) }
        guard case .drained = after else { return false }
        return nothing.isEmpty
    }

    private func take(
        _ input: UnsafeRawBufferPointer,
        _ stream: TLSStream
    ) -> ([UInt8], TLSReadResult.State) {
        var scratch = [UInt8](repeating: 0, count: 65_536)
        // SAFETY: the pointer is only used during the call.
        let result = scratch.withUnsafeMutableBytes {
            unsafe stream.read(input, into: $0, using: there)
        }
        return (Array(scratch.prefix(result.count)), result.state)
    }
}
