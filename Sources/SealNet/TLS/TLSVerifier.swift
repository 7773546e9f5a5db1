// SPDX-License-Identifier: Apache-2.0
// The verdict about a peer's certificate: OpenSSL's verifier, and a table of leaves that passed.

internal import COpenSSL
internal import CSys
internal import Glibc
internal import SealBytes
internal import SealPKI

/// Checks peers' certificates for one context.
///
/// A context's authorities, lists and policy never change: a reload makes another context with an
/// empty table. So a leaf that passed once passes again within the time in which every certificate
/// of its chain and every list is valid.
final class TLSVerifier: Sendable {
    /// When a leaf that passed may pass again, in Unix seconds.
    private struct Window {
        var begin: Int64
        var end: Int64
    }

    /// At most so many leaves are remembered; the table starts over when it is full.
    static let rememberedMax = 65_536

    private let remembered = Locked<[Fingerprint: Window]>([:])
    /// Whether successes are remembered; a client's depend on the host and are not.
    private let remembers: Bool
    /// Whether chains are looked at; if not, the login does it later.
    let judges: Bool
    /// Whether a failure ends the handshake.
    let refuses: Bool
    let checksLeafDates: Bool
    /// When the first of the revocation lists is overdue.
    private let listsEnd: Int64
    private let clock: @Sendable () -> Int64

    init(
        remembers: Bool,
        judges: Bool = true,
        refuses: Bool,
        checksLeafDates: Bool,
        listsEnd: Int64,
        clock: @escaping @Sendable () -> Int64 = { Int64(time(nil)) }
    ) {
        self.remembers = remembers
        self.judges = judges
        self.refuses = refuses
        self.checksLeafDates = checksLeafDates
        self.listsEnd = listsEnd
        self.clock = clock
    }

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
        if !judges {
            X509_STORE_CTX_set_error(store, X509_V_OK)
            return 1
        }
        guard let leaf = X509_STORE_CTX_get0_cert(store), X509_up_ref(leaf) == 1 else { return 0 }
        let certificate = Certificate(adopting: leaf)
        let fingerprint = certificate.fingerprint
        if remembers, isRemembered(fingerprint) {
            stream?.verification = Verification(
                result: X509_V_OK,
                depth: 0,
                certificate: nil,
                fingerprint: fingerprint
            )
            X509_STORE_CTX_set_error(store, X509_V_OK)
            return 1
        }
        let isGood = X509_verify_cert(store) == 1
        let result = isGood ? X509_V_OK : max(X509_STORE_CTX_get_error(store), 1)
        let depth = X509_STORE_CTX_get_error_depth(store)
        OpenSSLDoor.forgetErrors()
        var concerned: Certificate?
        if !isGood {
            concerned = certificate
            if let current = X509_STORE_CTX_get_current_cert(store), X509_up_ref(current) == 1 {
                concerned = Certificate(adopting: current)
            }
        } else if remembers {
            remember(fingerprint, store)
        }
        stream?.verification = Verification(
            result: result,
            depth: depth,
            certificate: concerned,
            fingerprint: fingerprint
        )
        if isGood || !refuses {
            X509_STORE_CTX_set_error(store, X509_V_OK)
            return 1
        }
        return 0
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

    private func remember(_ fingerprint: Fingerprint, _ store: OpaquePointer) {
        var begin: Int64 = 0
        var end: Int64 = 0
        // SAFETY: the out-parameters are local variables.
        guard unsafe seal_chain_window(store, checksLeafDates ? 0 : 1, &begin, &end) == 1
        else { return }
        let window = Window(begin: begin, end: min(end, listsEnd))
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

/// Lets a chain pass whose upper authorities have no list; the leaf's issuer must have one.
func allowMissingUpperLists(_ isGood: Int32, _ store: OpaquePointer?) -> Int32 {
    if isGood == 1 { return 1 }
    let error = X509_STORE_CTX_get_error(store)
    let isUpper = X509_STORE_CTX_get_error_depth(store) > 0
    return error == X509_V_ERR_UNABLE_TO_GET_CRL && isUpper ? 1 : 0
}

/// As above, and passes over the leaf's own validity period.
func allowLeafDates(_ isGood: Int32, _ store: OpaquePointer?) -> Int32 {
    if isGood == 1 { return 1 }
    let error = X509_STORE_CTX_get_error(store)
    let isLeaf = X509_STORE_CTX_get_error_depth(store) == 0
    if isLeaf, error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID {
        return 1
    }
    return allowMissingUpperLists(isGood, store)
}
