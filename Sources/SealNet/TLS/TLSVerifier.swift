// SPDX-License-Identifier: Apache-2.0
// The verdict about a peer's certificate, asked for by OpenSSL in the middle of a handshake.
// Clients are judged by the house's verifier, which the registry's logins ask, too; servers by
// OpenSSL's.

internal import COpenSSL
internal import CSys
internal import Glibc
internal import SealBytes
internal import SealPKI

/// Checks peers' certificates for one context.
///
/// A listener's authorities, lists and policy never change: a reload makes another context with an
/// empty table. So what a client sent and what passed once passes again within the time in which
/// every certificate of its chain and every list is valid.
final class TLSVerifier: Sendable {
    /// When a leaf that passed may pass again, in Unix seconds.
    private struct Window {
        var begin: Int64
        var end: Int64
    }

    /// At most so many leaves are remembered; the table starts over when it is full.
    static let rememberedMax = 65_536

    /// Who judges.
    enum Judge {
        /// OpenSSL, with the store of the context: a client about its server.
        case library
        /// The house, with a listener's trusted certificates and lists.
        case house(ChainVerifier)
        /// The login, later.
        case nobody
    }

    private let remembered = Locked<[Fingerprint: Window]>([:])
    private let judge: Judge
    /// Whether a failure ends the handshake.
    let refuses: Bool
    /// When the first of the revocation lists is overdue.
    private let listsEnd: Int64
    private let clock: @Sendable () -> Int64

    init(
        _ judge: Judge,
        refuses: Bool,
        listsEnd: Int64 = .max,
        clock: @escaping @Sendable () -> Int64 = { Int64(time(nil)) }
    ) {
        self.judge = judge
        self.refuses = refuses
        self.listsEnd = listsEnd
        self.clock = clock
    }

    /// Whether chains are looked at; if not, the login does it later.
    var judges: Bool { if case .nobody = judge { false } else { true } }

    /// How many leaves are remembered.
    var rememberedCount: Int { remembered.withLock { $0.count } }

    /// Whether the table lets the leaf pass now.
    func wouldPass(_ fingerprint: Fingerprint) -> Bool { isRemembered(fingerprint) }

    /// Makes the OpenSSL context ask this verifier.
    func attach(to context: OpaquePointer) {
        // SAFETY: every stream keeps its TLS context alive, and that keeps the verifier.
        unsafe SSL_CTX_set_cert_verify_callback(
            context,
            verifyPeer,
            Unmanaged.passUnretained(self).toOpaque()
        )
    }

    /// Returns what OpenSSL's callback shall return.
    fileprivate func verify(_ store: OpaquePointer, _ stream: TLSStream?) -> Int32 {
        guard judges else {
            X509_STORE_CTX_set_error(store, X509_V_OK)
            return 1
        }
        guard let leaf = X509_STORE_CTX_get0_cert(store), X509_up_ref(leaf) == 1 else { return 0 }
        let certificate = Certificate(adopting: leaf)
        let verification =
            switch judge {
            case .house(let verifier): verification(of: certificate, store, verifier)
            case .library, .nobody: Self.verification(of: certificate, store)
            }
        OpenSSLDoor.forgetErrors()
        stream?.verification = verification
        if verification.isVerified || !refuses {
            X509_STORE_CTX_set_error(store, X509_V_OK)
            return 1
        }
        X509_STORE_CTX_set_error(store, verification.result)
        return 0
    }

    /// OpenSSL's verdict, by the store of the context.
    private static func verification(
        of certificate: Certificate,
        _ store: OpaquePointer
    ) -> Verification {
        let isGood = X509_verify_cert(store) == 1
        var concerned: Certificate?
        if !isGood {
            concerned = certificate
            if let current = X509_STORE_CTX_get_current_cert(store), X509_up_ref(current) == 1 {
                concerned = Certificate(adopting: current)
            }
        }
        return Verification(
            result: isGood ? X509_V_OK : max(X509_STORE_CTX_get_error(store), 1),
            depth: X509_STORE_CTX_get_error_depth(store),
            certificate: concerned,
            fingerprint: certificate.fingerprint
        )
    }

    /// The house's verdict; a leaf that passed a moment ago passes again.
    private func verification(
        of certificate: Certificate,
        _ store: OpaquePointer,
        _ verifier: ChainVerifier
    ) -> Verification {
        let fingerprint = certificate.fingerprint
        let sent = Self.sent(store).filter { $0.fingerprint != fingerprint }
        // A chain that lacks something is not good because another one was.
        let shown = Self.name(fingerprint, sent)
        if isRemembered(shown) {
            return Verification(
                result: X509_V_OK,
                depth: 0,
                certificate: nil,
                fingerprint: fingerprint
            )
        }
        let verdict = verifier.asked(at: clock(), sent: sent).verify(certificate)
        if verdict.isValid { remember(shown, verdict, verifier.settings.checksLeafDates) }
        return Verification(verdict, leaf: certificate, fingerprint: fingerprint)
    }

    /// A lone certificate is named by its own digest, a chain by the digest of their digests.
    private static func name(_ leaf: Fingerprint, _ sent: [Certificate]) -> Fingerprint {
        guard !sent.isEmpty else { return leaf }
        let all = leaf.bytes + sent.flatMap { $0.fingerprint.bytes }
        return (try? Cryptography.sha256(all)).flatMap { Fingerprint($0) } ?? leaf
    }

    /// At most so many certificates of a handshake are looked at.
    private static let sentMax = 512

    /// The certificates that the peer sent.
    private static func sent(_ store: OpaquePointer) -> [Certificate] {
        var sent = [OpaquePointer?](repeating: nil, count: sentMax)
        // SAFETY: at most the array's size is written, and each is a reference of its own.
        let count = unsafe seal_sent_chain(store, &sent, sent.count)
        return sent.prefix(count).compactMap { pointer in
            guard let pointer else { return nil }
            let one = Certificate(adopting: pointer)
            // A small library may lack the kind of key.
            if X509_get0_pubkey(pointer) != nil { return one }
            return (try? Certificate(verifying: one.der)) ?? one
        }
    }

    private func isRemembered(_ fingerprint: Fingerprint) -> Bool {
        let now = clock()
        return remembered.withLock { table in
            guard let window = table[fingerprint] else { return false }
            if window.begin <= now, now < window.end { return true }
            table[fingerprint] = nil
            return false
        }
    }

    private func remember(
        _ fingerprint: Fingerprint,
        _ verdict: ChainVerdict,
        _ checksLeafDates: Bool
    ) {
        var window = Window(begin: .min, end: listsEnd)
        for link in verdict.links.dropFirst(checksLeafDates ? 0 : 1) {
            window.begin = max(window.begin, link.fields.notBefore)
            window.end = min(window.end, link.fields.notAfter)
        }
        remembered.withLock { table in
            if table.count >= Self.rememberedMax { table.removeAll(keepingCapacity: true) }
            table[fingerprint] = window
        }
    }
}

/// OpenSSL's callback instead of its own chain verification.
private func verifyPeer(_ store: OpaquePointer?, _ argument: UnsafeMutableRawPointer?) -> Int32 {
    guard let store, let argument else { return 0 }
    // SAFETY: the argument is the verifier that `attach` passed; the owner of the lent buffers is
    // the stream whose step is running.
    let verifier = unsafe Unmanaged<TLSVerifier>.fromOpaque(argument).takeUnretainedValue()
    var stream: TLSStream?
    if let state = unsafe seal_bio_of_verification(store), let owner = unsafe state.pointee.owner {
        stream = unsafe Unmanaged<TLSStream>.fromOpaque(owner).takeUnretainedValue()
    }
    return verifier.verify(store, stream)
}
