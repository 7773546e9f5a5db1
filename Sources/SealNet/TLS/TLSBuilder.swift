// SPDX-License-Identifier: Apache-2.0
// Filling OpenSSL's contexts: versions, suites, certificates, trust. Used by both sides.

internal import COpenSSL
internal import CSys
internal import Glibc
internal import SealPKI

/// What both kinds of context are made with.
struct TLSBuilder {
    /// AES-128 first: SHA-384 is dearer than SHA-256 where the processor has SHA instructions.
    static let suites =
        "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384"
    static let ciphers =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
        + "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
        + "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
    static let groups = "X25519:P-256:P-384:P-521"

    /// Which library context serves; see `seal_library`.
    let library: Int32
    private let material: TLSMaterial
    private let versions: (TLSVersion, TLSVersion)
    private let ciphers: String?
    private let suites: String?
    private let verifyMode: Int32
    /// Whether a root is sent that stands in the file with the chain.
    private let keepsRoot: Bool
    /// Whether the authorities that a chain lacks are taken from the trusted certificates.
    private let completesChain: Bool

    /// Takes the smallest library that knows all the keys that were read.
    init(server settings: TLSSettings, _ material: TLSMaterial) throws(TLSError) {
        self.material = material
        versions = (settings.minimumVersion, settings.maximumVersion)
        ciphers = settings.ciphers
        suites = settings.ciphersuites
        verifyMode =
            switch settings.clientCertificates {
            case .off: SSL_VERIFY_NONE
            case .ask, .verify: SSL_VERIFY_PEER
            case .require: SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
            }
        keepsRoot = settings.sendsRoot
        completesChain = settings.sendsRoot
        var candidates: [Int] = []
        // A list of suites of one's own may name what the small libraries lack.
        if settings.ciphers == nil, settings.ciphersuites == nil {
            if settings.isEllipticOnly { candidates.append(SEAL_LIBRARY_ELLIPTIC) }
            candidates.append(SEAL_LIBRARY_SLIM)
        }
        library = Self.choose(candidates, material)
        try Self.checkProtocols(settings.alpn)
    }

    /// Takes the full library unless the client wants the slim one.
    init(client settings: TLSClientSettings, _ material: TLSMaterial) throws(TLSError) {
        self.material = material
        versions = (settings.minimumVersion, settings.maximumVersion)
        ciphers = settings.ciphers
        suites = settings.ciphersuites
        verifyMode = SSL_VERIFY_PEER
        // A server may know its trusted certificate only when it is sent: what the file holds goes.
        keepsRoot = true
        completesChain = false
        let isPlain = settings.ciphers == nil && settings.ciphersuites == nil
        library = Self.choose(settings.isSlim && isPlain ? [SEAL_LIBRARY_SLIM] : [], material)
        try Self.checkProtocols(settings.alpn)
    }

    private static func choose(_ candidates: [Int], _ material: TLSMaterial) -> Int32 {
        let all = material.trust + material.identities.flatMap(\.chain)
        for candidate in candidates.map(Int32.init) {
            guard seal_library(candidate) != nil else { continue }
            let isEnough = all.allSatisfy { one in
                guard let copy = seal_x509_copy(one.pointer, candidate) else { return false }
                defer { X509_free(copy) }
                return X509_get0_pubkey(copy) != nil
            }
            OpenSSLDoor.forgetErrors()
            if isEnough { return candidate }
        }
        return Int32(SEAL_LIBRARY_FULL)
    }

    private static func checkProtocols(_ names: [String]) throws(TLSError) {
        for name in names where name.utf8.isEmpty || name.utf8.count > 255 {
            throw TLSError(.alpn, "an application protocol has 1 to 255 bytes: \"\(name)\"")
        }
    }

    /// One context for each group of identities.
    func serverContexts(
        _ groups: [TLSSelection.Group],
        _ verifier: TLSVerifier,
        _ selection: TLSSelection
    ) throws(TLSError) -> [OpaquePointer] {
        var made: [OpaquePointer] = []
        do throws(TLSError) {
            for group in groups {
                let context = try context(isServer: true)
                made.append(context)
                for identity in group.identities { try use(identity, in: context) }
                SSL_CTX_set_verify(context, verifyMode, nil)
                verifier.attach(to: context)
                selection.attach(to: context, isNamed: groups.count > 1)
            }
        } catch {
            for context in made { SSL_CTX_free(context) }
            throw error
        }
        return made
    }

    /// A context with the house's policy and no certificate.
    func context(isServer: Bool) throws(TLSError) -> OpaquePointer {
        guard let context = seal_ssl_ctx_new(library, isServer ? 1 : 0) else {
            throw Self.failure("a context")
        }
        do throws(TLSError) {
            try setPolicy(context)
        } catch {
            SSL_CTX_free(context)
            throw error
        }
        return context
    }

    private func setPolicy(_ context: OpaquePointer) throws(TLSError) {
        SSL_CTX_set_security_level(context, 2)
        let options =
            seal_op_no_compression | seal_op_no_renegotiation | seal_op_server_preference
            | seal_op_prioritize_chacha | seal_op_no_ticket
        _ = seal_ssl_ctx_set_options(context, options)
        _ = seal_ssl_ctx_set_mode(
            context,
            Int(SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN)
        )
        _ = seal_ssl_ctx_set_session_cache_off(context)
        // A ticket costs half a handshake: it carries the certificate there and back.
        _ = SSL_CTX_set_num_tickets(context, 0)
        guard seal_ssl_ctx_set_min_version(context, versions.0.number) == 1,
            seal_ssl_ctx_set_max_version(context, versions.1.number) == 1
        else { throw TLSError(.versions, "the versions of TLS are not available") }
        guard SSL_CTX_set_cipher_list(context, ciphers ?? Self.ciphers) == 1 else {
            OpenSSLDoor.forgetErrors()
            throw TLSError(.ciphers, "no cipher suite of TLS 1.2 is known in \"\(ciphers ?? "")\"")
        }
        guard SSL_CTX_set_ciphersuites(context, suites ?? Self.suites) == 1 else {
            OpenSSLDoor.forgetErrors()
            throw TLSError(.ciphers, "no cipher suite of TLS 1.3 is known in \"\(suites ?? "")\"")
        }
        guard seal_ssl_ctx_set_groups(context, Self.groups) == 1 else {
            throw Self.failure("the groups")
        }
    }

    /// Sets a certificate, its chain and its key.
    func use(_ identity: TLSIdentity, in context: OpaquePointer) throws(TLSError) {
        var copies: [OpaquePointer?] = []
        defer { for copy in copies { X509_free(copy) } }
        for one in chain(of: identity) {
            guard let copy = seal_x509_copy(one.pointer, library) else {
                throw Self.failure("a copy of a certificate", file: identity.file)
            }
            copies.append(copy)
        }
        guard let leaf = copies.first ?? nil else {
            throw TLSError(.noIdentity, file: identity.file, "there is no certificate")
        }
        guard SSL_CTX_use_certificate(context, leaf) == 1 else {
            let why = OpenSSLDoor.takeErrors() ?? "no reason given"
            throw TLSError(.weak, file: identity.file, "the certificate cannot be used: \(why)")
        }
        guard SSL_CTX_use_PrivateKey(context, identity.key.pointer) == 1 else {
            let why = OpenSSLDoor.takeErrors() ?? "no reason given"
            throw TLSError(
                .keyMismatch,
                file: identity.file,
                "the private key cannot be used: \(why)"
            )
        }
        let authorities = Array(copies.dropFirst())
        // SAFETY: OpenSSL takes a reference of its own to each of the certificates.
        guard unsafe seal_ssl_ctx_use_chain(context, authorities, authorities.count) == 1 else {
            let why = OpenSSLDoor.takeErrors() ?? "no reason given"
            throw TLSError(.weak, file: identity.file, "the chain cannot be used: \(why)")
        }
    }

    /// What is sent: a server's root is left out, for a peer that trusts it has it; or what the
    /// file lacks up to the root is put at the end, as other brokers do it with their CA file.
    private func chain(of identity: TLSIdentity) -> [Certificate] {
        guard let leaf = identity.leaf else { return [] }
        var chain = [leaf] + identity.chain.dropFirst().filter { keepsRoot || !$0.isSelfSigned }
        while completesChain, chain.count < KeystoreLimits.standard.chainMax, let last = chain.last,
            !last.isSelfSigned, let next = authority(of: last), !chain.contains(next)
        {
            chain.append(next)
        }
        return chain
    }

    /// The trusted certificate that issued another; a root before others of the same name.
    private func authority(of one: Certificate) -> Certificate? {
        let issuers = material.trust.filter { one.isIssued(by: $0) }
        return issuers.first { $0.isSelfSigned } ?? issuers.first
    }

    /// Puts the trusted certificates into a store, by which a client judges its server.
    func fill(_ store: OpaquePointer) throws(TLSError) {
        for one in material.trust {
            guard let copy = seal_x509_copy(one.pointer, library) else {
                throw Self.failure("a copy of a trusted certificate")
            }
            defer { X509_free(copy) }
            guard X509_STORE_add_cert(store, copy) == 1 else {
                throw Self.failure("a trusted certificate")
            }
        }
        // What is named is trusted by itself, be it a root, an authority below one or the server's
        // own certificate.
        X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
    }

    /// What waits in OpenSSL's queue, as an error.
    static func failure(_ what: String, file: String? = nil) -> TLSError {
        let why = OpenSSLDoor.takeErrors() ?? "no memory"
        return TLSError(.cryptography, file: file, "\(what) could not be made: \(why)")
    }
}
