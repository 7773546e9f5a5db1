// SPDX-License-Identifier: Apache-2.0
// The client's side: what is trusted, whether names count, and a certificate of one's own.

internal import COpenSSL
internal import CSys
internal import Glibc
internal import SealPKI

// SAFETY: OpenSSL's context is not changed after `init`, and its own tables are locked.
/// A client's TLS, ready for connections.
public final class TLSClientContext: @unchecked Sendable {
    /// The settings it was made from.
    public let settings: TLSClientSettings
    private let context: OpaquePointer
    private let verifier: TLSVerifier

    /// Reads the files that the settings name and checks all of it.
    public static func load(_ settings: TLSClientSettings) throws(TLSError) -> TLSClientContext {
        OpenSSLDoor.open()
        let material = try TLSMaterial(
            identities: settings.identity.map { [$0] } ?? [],
            acceptsAnyDate: false,
            trustFiles: settings.trustFiles,
            trustFolders: settings.trustFolders,
            truststores: settings.truststores,
            crlFiles: []
        )
        return try TLSClientContext(settings, material)
    }

    init(_ settings: TLSClientSettings, _ material: TLSMaterial) throws(TLSError) {
        guard settings.minimumVersion <= settings.maximumVersion else {
            throw TLSError(.versions, "the oldest version is newer than the newest")
        }
        if settings.checksChain, material.trust.isEmpty, !settings.usesSystemRoots {
            throw TLSError(
                .noTrust,
                "nothing is trusted: name a file or a folder, or use the system's"
            )
        }
        let builder = try TLSBuilder(client: settings, material)
        let context = try builder.context(isServer: false)
        let verifier = TLSVerifier(.library, refuses: settings.checksChain)
        do throws(TLSError) {
            try Self.fill(context, settings, material, builder)
        } catch {
            SSL_CTX_free(context)
            throw error
        }
        verifier.attach(to: context)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        self.settings = settings
        self.context = context
        self.verifier = verifier
    }

    deinit { SSL_CTX_free(context) }

    private static func fill(
        _ context: OpaquePointer,
        _ settings: TLSClientSettings,
        _ material: TLSMaterial,
        _ builder: TLSBuilder
    ) throws(TLSError) {
        if let identity = material.identities.first { try builder.use(identity, in: context) }
        guard let store = X509_STORE_new() else {
            throw TLSBuilder.failure("a store of authorities")
        }
        defer { X509_STORE_free(store) }
        try builder.fill(store)
        if settings.usesSystemRoots, !Self.addSystemRoots(store) {
            throw TLSError(.noTrust, "the system's authorities cannot be read")
        }
        OpenSSLDoor.forgetErrors()
        SSL_CTX_set1_cert_store(context, store)
        guard !settings.alpn.isEmpty else { return }
        var list: [UInt8] = []
        for name in settings.alpn {
            list.append(UInt8(truncatingIfNeeded: name.utf8.count))
            list.append(contentsOf: name.utf8)
        }
        // SAFETY: OpenSSL copies the list. This call returns 0 when it succeeds.
        guard unsafe SSL_CTX_set_alpn_protos(context, list, UInt32(list.count)) == 0 else {
            throw TLSBuilder.failure("the list of application protocols")
        }
    }

    /// OpenSSL's own places know nothing of other systems than the one it was built for.
    private static func addSystemRoots(_ store: OpaquePointer) -> Bool {
        if let place = SystemRoots.find(), X509_STORE_load_file(store, place.path) == 1 {
            return true
        }
        return X509_STORE_set_default_paths(store) == 1
    }

    /// Makes the client's side of a connection to a host name or address.
    ///
    /// Nil when the host cannot be written in a handshake, or there is no memory.
    public func makeStream(host: String) -> TLSStream? {
        // A trailing dot only says that the name is complete (RFC 6066 §3 sends it without).
        let name =
            host.ends(with: ".") ? String(decoding: host.utf8.dropLast(), as: UTF8.self) : host
        guard !name.isEmpty, !name.utf8.contains(0), let ssl = SSL_new(context) else {
            return nil
        }
        defer { OpenSSLDoor.forgetErrors() }
        SSL_set_connect_state(ssl)
        let isAddress = addressBytes(name) != nil
        var isSet = true
        // RFC 6066 §3: an address is not sent as a name.
        if !isAddress, name.utf8.count <= 255 { isSet = seal_ssl_set_host_name(ssl, name) == 1 }
        if settings.checksName, settings.checksChain {
            let wanted = SSL_get0_param(ssl)
            X509_VERIFY_PARAM_set_hostflags(wanted, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            let done =
                isAddress
                ? X509_VERIFY_PARAM_set1_ip_asc(wanted, name)
                : X509_VERIFY_PARAM_set1_host(wanted, name, 0)
            isSet = isSet && done == 1
        }
        guard isSet else {
            SSL_free(ssl)
            return nil
        }
        return TLSStream(adopting: ssl, of: self, host: name)
    }
}

extension TLSClientContext: TLSOrigin {
    var judgesPeers: Bool { true }
    var refusesUnverified: Bool { verifier.refuses }

    func settle(_ ssl: OpaquePointer) {}
}
