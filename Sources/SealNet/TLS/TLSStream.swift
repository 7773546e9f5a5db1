// SPDX-License-Identifier: Apache-2.0
// One connection's TLS: ciphertext in, plaintext out, and back. It knows no socket and no clock;
// between steps it holds only OpenSSL's state.

internal import COpenSSL
internal import CSys
internal import SealPKI

/// What a step of the handshake came to.
public enum HandshakeStep: Sendable {
    /// The other side has to send more; send what waits in the output.
    case needsInput
    /// The handshake is done; send what waits in the output.
    case done(TLSPeer)
    /// The handshake failed; the output may hold an alert for the other side.
    case refused(TLSRefusal)
}

/// What reading came to.
public struct TLSReadResult: Sendable {
    /// What there is to do next.
    public enum State: Sendable {
        /// All ciphertext was taken in.
        case drained
        /// The target is full and there may be more: call again with no input.
        case moreToRead
        /// The other side said that it ends (close_notify).
        case closed
        /// The connection is broken; the output may hold an alert.
        case failed(TLSRefusal)
    }

    /// How many bytes of plaintext were put into the target.
    public let count: Int
    /// What there is to do next.
    public let state: State
}

// SAFETY: a stream has one owner at a time; it moves between threads only as a whole, through a
// mailbox, and no two threads ever call it at once.
/// One connection's encryption.
public final class TLSStream: @unchecked Sendable {
    private let ssl: OpaquePointer
    /// Keeps the context's tables alive, which OpenSSL's callbacks point to.
    private let context: any TLSOrigin
    /// The BIO of the thread that took the last step.
    private var bound: OpaquePointer?
    /// Ciphertext that came with an earlier step and was not read yet.
    private var rest: [UInt8]?
    private var hasSeenInput = false
    private var isBroken = false
    /// The verdict about the peer's certificate, from OpenSSL's callback to the handshake's end.
    var verification: Verification?
    /// The host that a client asked for.
    private let host: String?

    /// Adopts OpenSSL's connection.
    init(adopting ssl: OpaquePointer, of context: any TLSOrigin, host: String? = nil) {
        self.ssl = ssl
        self.context = context
        self.host = host
    }

    deinit { SSL_free(ssl) }

    /// Takes the handshake as far as the input allows.
    public func handshake(
        _ input: UnsafeRawBufferPointer,
        using buffers: TLSBuffers
    ) -> HandshakeStep {
        if isBroken { return .refused(Self.broken) }
        if !hasSeenInput, input.count > 0 {
            if let refusal = refuseForeign(input) {
                isBroken = true
                return .refused(refusal)
            }
            hasSeenInput = true
        }
        OpenSSLDoor.forgetErrors()
        // SAFETY: the loan ends inside `step`.
        let result = unsafe step(input, buffers) { SSL_do_handshake(ssl) }
        if result == 1 {
            let peer = describePeer()
            verification = nil
            context.settle(ssl)
            return .done(peer)
        }
        // A fatal alert of the peer leaves OpenSSL wanting to read, with an error in its queue.
        if SSL_want(ssl) == SSL_READING, ERR_peek_error() == 0 { return .needsInput }
        isBroken = true
        let queued = TLSRefusal.takeQueue()
        if let verification, !verification.isVerified, context.refusesUnverified {
            return .refused(TLSRefusal(verification, host: host))
        }
        return .refused(queued)
    }

    /// Decrypts into the target; the input is taken in wholly.
    public func read(
        _ input: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer,
        using buffers: TLSBuffers
    ) -> TLSReadResult {
        if isBroken { return TLSReadResult(count: 0, state: .failed(Self.broken)) }
        var count = 0
        var state = TLSReadResult.State.moreToRead
        // SAFETY: the loan ends inside `step`; writing stays inside the target.
        let _: Bool = unsafe step(input, buffers) {
            while count < target.count {
                var got = 0
                let place = unsafe target.baseAddress.map { unsafe $0 + count }
                if unsafe SSL_read_ex(ssl, place, target.count - count, &got) == 1 {
                    count += got
                    // Asking OpenSSL once more would only tell that nothing is left.
                    if buffers.unread > 0 || SSL_pending(ssl) > 0 { continue }
                    state = .drained
                } else if SSL_want(ssl) == SSL_READING {
                    state = .drained
                } else if SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0,
                    ERR_peek_error() == 0
                {
                    state = .closed
                } else {
                    isBroken = true
                    state = .failed(TLSRefusal.takeQueue())
                }
                return true
            }
            return true
        }
        if case .drained = state {} else if case .moreToRead = state {} else { rest = nil }
        return TLSReadResult(count: count, state: state)
    }

    /// Encrypts; the ciphertext is appended to the output, in records of up to 16 KiB.
    public func write(_ plaintext: UnsafeRawBufferPointer, using buffers: TLSBuffers) -> Bool {
        if isBroken { return false }
        if plaintext.count == 0 { return true }
        guard bind(to: buffers) else { return false }
        var offset = 0
        while offset < plaintext.count {
            // OpenSSL takes at most 2^31-1 bytes in one call.
            let part = min(plaintext.count - offset, 1 << 30)
            var written = 0
            // SAFETY: `part` bytes at the offset lie inside the plaintext.
            let place = unsafe plaintext.baseAddress.map { unsafe $0 + offset }
            guard unsafe SSL_write_ex(ssl, place, part, &written) == 1, written > 0 else {
                OpenSSLDoor.forgetErrors()
                isBroken = true
                return false
            }
            offset += written
        }
        return true
    }

    /// Says the end to the other side (close_notify); send what waits in the output.
    public func shutdown(using buffers: TLSBuffers) {
        guard !isBroken, SSL_is_init_finished(ssl) == 1, bind(to: buffers) else { return }
        _ = SSL_shutdown(ssl)
        OpenSSLDoor.forgetErrors()
    }

    /// Whether ciphertext that came earlier still waits to be read.
    public var hasUnread: Bool { rest != nil || SSL_pending(ssl) > 0 }

    private static let broken = TLSRefusal(.broken, "the connection had failed before")

    /// Lends the input, with what was left over before it, to `body`.
    private func step<Result>(
        _ input: UnsafeRawBufferPointer,
        _ buffers: TLSBuffers,
        _ body: () -> Result
    ) -> Result where Result: ExpressibleByStepFailure {
        guard bind(to: buffers) else {
            isBroken = true
            return Result.stepFailed
        }
        guard var waiting = rest else {
            // SAFETY: the loan is taken back before this function returns.
            unsafe buffers.lend(input, to: self)
            let result = body()
            rest = buffers.takeBack()
            return result
        }
        rest = nil
        waiting.append(contentsOf: input)
        return waiting.withUnsafeBytes { raw in
            // SAFETY: the loan is taken back before the array's storage goes.
            unsafe buffers.lend(raw, to: self)
            let result = body()
            rest = buffers.takeBack()
            return result
        }
    }

    /// Lets OpenSSL read from and write to this thread's buffers.
    private func bind(to buffers: TLSBuffers) -> Bool {
        if bound == buffers.bio { return true }
        guard seal_ssl_bind(ssl, buffers.bio) == 1 else { return false }
        bound = buffers.bio
        return true
    }

    /// Refuses first bytes that cannot begin a TLS record (RFC 8446 §5.1).
    private func refuseForeign(_ input: UnsafeRawBufferPointer) -> TLSRefusal? {
        let first = input[0]
        let isServer = host == nil
        // A client begins with 22; what else could be a record (20 to 24) gets an alert by the
        // engine. A server may answer a client's first flight with an alert (21).
        var isRecord = isServer ? (20...24).contains(first) : first == 22 || first == 21
        if isRecord, input.count > 1 { isRecord = input[1] == 3 }
        if isRecord { return nil }
        let looks: String =
            switch first {
            case 0x10: "it looks like a plain MQTT CONNECT"
            case 0x20: "it looks like a plain MQTT CONNACK"
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): "it looks like plain text"
            default: "the first byte is \(first)"
            }
        return TLSRefusal(
            .notTLS,
            "the bytes are not TLS (\(looks)); one side speaks without encryption"
        )
    }

    private func describePeer() -> TLSPeer {
        // SAFETY: the name belongs to the connection and is copied at once.
        let name = unsafe seal_ssl_servername(ssl)
        let sni = unsafe name.map { unsafe String(cString: $0) }
        var start: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        // SAFETY: the protocol's bytes belong to the connection and are copied at once.
        unsafe SSL_get0_alpn_selected(ssl, &start, &count)
        let alpn =
            count == 0
            ? nil
            : unsafe String(
                decoding: UnsafeBufferPointer(start: start, count: Int(count)),
                as: UTF8.self
            )
        return TLSPeer(
            version: SSL_version(ssl) == 0x0304 ? .tls13 : .tls12,
            cipher: TLSCipher(number: UInt16(truncatingIfNeeded: seal_ssl_cipher_number(ssl))),
            sni: sni,
            alpn: alpn,
            certificate: describeCertificate()
        )
    }

    private func describeCertificate() -> PeerCertificate? {
        guard let pointer = SSL_get1_peer_certificate(ssl) else { return nil }
        let certificate = Certificate(adopting: pointer)
        var sent = [OpaquePointer?](repeating: nil, count: 16)
        // SAFETY: at most the array's size is written, and each is a reference of its own.
        let count = unsafe seal_peer_chain(ssl, &sent, sent.count)
        var authorities = sent.prefix(count).compactMap { pointer in
            pointer.map { Certificate(adopting: $0) }
        }
        if authorities.first == certificate { authorities.removeFirst() }
        let refusal: TLSRefusal? =
            if !context.judgesPeers {
                .notJudged
            } else if let verification {
                verification.isVerified ? nil : TLSRefusal(verification, host: host)
            } else {
                TLSRefusal(.badCertificate, "the certificate was not checked")
            }
        return PeerCertificate(
            certificate: certificate,
            fingerprint: verification?.fingerprint ?? certificate.fingerprint,
            sentAuthorities: authorities,
            refusal: refusal
        )
    }

    /// At most so many certificates of a chain are kept.
    static let chainCountMax = 64

    /// The certificates that a server sent, its own first; those of a handshake that failed, too.
    var sentCertificates: [Certificate] {
        var sent = [OpaquePointer?](repeating: nil, count: Self.chainCountMax)
        // SAFETY: at most the array's size is written, and each is a reference of its own.
        let count = unsafe seal_peer_chain(ssl, &sent, sent.count)
        return sent.prefix(count).compactMap { pointer in
            pointer.map { Certificate(adopting: $0) }
        }
    }

    /// Sends a KeyUpdate, for the start-up check and for tests.
    func updateKeys(using buffers: TLSBuffers) -> Bool {
        guard !isBroken, bind(to: buffers) else { return false }
        defer { OpenSSLDoor.forgetErrors() }
        return seal_key_update(ssl, 1) == 1 && SSL_do_handshake(ssl) == 1
    }

    /// The method OpenSSL negotiated, for the start-up check.
    var method: OpaquePointer? { SSL_get_ssl_method(ssl) }

    /// Whether the connection holds a session with a certificate, for the start-up check.
    var holdsPeerCertificate: Bool { SSL_get0_peer_certificate(ssl) != nil }
}

/// What a stream needs of the context it came from.
protocol TLSOrigin: AnyObject, Sendable {
    /// Whether TLS looks at the chain of the peer's certificate.
    var judgesPeers: Bool { get }
    /// Whether a handshake fails when the peer's certificate does not hold.
    var refusesUnverified: Bool { get }
    /// Gives memory back that only the handshake needed.
    func settle(_ ssl: OpaquePointer)
}

/// A result that can say that a step could not begin.
protocol ExpressibleByStepFailure {
    static var stepFailed: Self { get }
}

extension Int32: ExpressibleByStepFailure {
    static var stepFailed: Int32 { -1 }
}

extension Bool: ExpressibleByStepFailure {
    static var stepFailed: Bool { false }
}
