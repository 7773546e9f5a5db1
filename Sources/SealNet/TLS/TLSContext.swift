// SPDX-License-Identifier: Apache-2.0
// One generation of a listener's TLS: loaded, checked, never changed. A reload makes another one,
// and streams of the old one live on.

internal import COpenSSL
internal import CSys
internal import Glibc
public import SealPKI
internal import Synchronization

// SAFETY: OpenSSL's contexts are not changed after `init`, and their own tables are locked.
/// A listener's TLS, ready for connections.
public final class TLSContext: @unchecked Sendable {
    /// The settings it was made from.
    public let settings: TLSSettings
    /// The default certificate.
    public let leaf: Certificate
    /// The default certificate's SHA-256.
    public let leafFingerprint: Fingerprint
    /// When the first of the certificates expires, in Unix seconds.
    public let notAfter: Int64
    /// When the first of the revocation lists is overdue, in Unix seconds.
    public let listsDue: Int64?

    private let contexts: [OpaquePointer]
    private let selection: TLSSelection
    let verifier: TLSVerifier
    private let swap: SessionSwap?

    /// Reads the files that the settings name and checks all of it.
    ///
    /// Throws with the file and the reason; nothing is left half done.
    public static func load(_ settings: TLSSettings) throws(TLSError) -> TLSContext {
        OpenSSLDoor.open()
        let material = try TLSMaterial(
            identities: settings.identities,
            acceptsAnyDate: settings.acceptsExpiredIdentities,
            trustFiles: settings.trustFiles,
            trustFolders: settings.trustFolders,
            truststores: settings.truststores,
            crlFiles: settings.crlFiles
        )
        return try TLSContext(settings, material, method: SessionSwap.method)
    }

    /// Makes a context from what was read; `method` lets the session be swapped.
    init(
        _ settings: TLSSettings,
        _ material: TLSMaterial,
        method: OpaquePointer?,
        clock: @escaping @Sendable () -> Int64 = { Int64(time(nil)) }
    ) throws(TLSError) {
        try Self.check(settings, material, now: clock())
        guard let leaf = material.identities.first?.leaf else {
            throw TLSError(.noIdentity, "a listener with TLS needs a certificate")
        }
        let builder = try TLSBuilder(server: settings, material)
        let due = material.lists.compactMap(\.nextUpdate).min()
        let verifier = TLSVerifier(
            settings.judgesClients ? .house(Self.judge(settings, material)) : .nobody,
            refuses: settings.judgesClients && settings.clientCertificates != .ask,
            listsEnd: due ?? .max,
            clock: clock
        )
        let groups = TLSSelection.groups(material.identities, named: settings.serverNames)
        let selection = TLSSelection(groups, alpn: settings.alpn)
        let contexts = try builder.serverContexts(groups, verifier, selection)
        selection.contexts = contexts
        self.settings = settings
        self.leaf = leaf
        leafFingerprint = leaf.fingerprint
        notAfter = material.identities.compactMap { $0.leaf?.notAfter }.min() ?? .min
        listsDue = due
        self.contexts = contexts
        self.selection = selection
        self.verifier = verifier
        swap = method.flatMap { SessionSwap(method: $0, library: builder.library) }
    }

    deinit {
        for context in contexts { SSL_CTX_free(context) }
    }

    /// What the operator names is trusted by itself, be it a root, an authority below one or a
    /// device's own certificate.
    ///
    /// With any revocation list each issuer of a client needs one.
    private static func judge(
        _ settings: TLSSettings,
        _ material: TLSMaterial
    ) -> ChainVerifier {
        var asked = VerificationSettings(time: 0)
        asked.purpose = .client
        asked.wantsAcceptedKey = true
        asked.allowsPartialChain = true
        asked.checksLeafDates = settings.checksClientDates
        asked.revocation = material.lists.isEmpty ? .off : .leaf
        asked.limits = .ofPeer
        let trusted = material.trust.map { one in
            // Keys of the library that reads the peer's certificates are cheaper to check with.
            (try? Certificate(verifying: one.der)) ?? one
        }
        return ChainVerifier(settings: asked, trusted: trusted, lists: material.lists)
    }

    /// Makes the server's side of a connection; nil when there is no memory.
    public func makeStream() -> TLSStream? {
        guard let ssl = SSL_new(contexts[0]) else {
            OpenSSLDoor.forgetErrors()
            return nil
        }
        SSL_set_accept_state(ssl)
        return TLSStream(adopting: ssl, of: self)
    }

    private static func check(
        _ settings: TLSSettings,
        _ material: TLSMaterial,
        now: Int64
    ) throws(TLSError) {
        guard settings.minimumVersion <= settings.maximumVersion else {
            throw TLSError(
                .versions,
                "the oldest version \(settings.minimumVersion.rawValue) is newer than the newest, "
                    + settings.maximumVersion.rawValue
            )
        }
        for identity in material.identities where !settings.acceptsExpiredIdentities {
            guard let leaf = identity.leaf, leaf.notAfter > now else {
                let date = TLSRefusal.date(identity.leaf?.notAfter)
                throw TLSError(
                    .expired,
                    file: identity.file,
                    "the certificate expired at \(date); renew it"
                )
            }
        }
        let mode = settings.clientCertificates
        if mode == .verify || mode == .require, settings.judgesClients, material.trust.isEmpty {
            throw TLSError(
                .noTrust,
                "client certificates are to be checked (\(mode.rawValue)), but no authority is "
                    + "trusted; name a file or a folder of them"
            )
        }
    }
}

extension TLSContext: TLSOrigin {
    var judgesPeers: Bool { verifier.judges }
    var refusesUnverified: Bool { verifier.refuses }

    func settle(_ ssl: OpaquePointer) { swap?.settle(ssl) }
}

/// What OpenSSL's callbacks look up while a client is being greeted.
// SAFETY: filled while the context is made, and only read afterwards.
final class TLSSelection: @unchecked Sendable {
    /// The certificates of one set of names, with different kinds of key.
    struct Group {
        var names: [String]
        var identities: [TLSIdentity]
    }

    var contexts: [OpaquePointer] = []
    private var exact: [String: Int] = [:]
    private var wildcards: [String: Int] = [:]
    private let alpn: [[UInt8]]

    init(_ groups: [Group], alpn: [String]) {
        self.alpn = alpn.map { Array($0.utf8) }
        for (index, group) in groups.enumerated() {
            for name in group.names {
                if name.hasPrefix("*.") {
                    let rest = String(name.dropFirst(2))
                    if wildcards[rest] == nil { wildcards[rest] = index }
                } else if exact[name] == nil {
                    exact[name] = index
                }
            }
        }
    }

    /// Certificates for the same names but with another kind of key share a context.
    ///
    /// `wanted` are the names that the settings give each of them; none stands for its own.
    static func groups(_ identities: [TLSIdentity], named wanted: [[String]]) -> [Group] {
        var groups: [Group] = []
        for (index, identity) in identities.enumerated() {
            let given = index < wanted.count ? wanted[index] : []
            let names =
                given.isEmpty ? Self.names(identity) : given.map { $0.lowercased() }.sorted()
            let kind = identity.key.description.algorithm
            let place = groups.firstIndex { group in
                group.names == names
                    && !group.identities.contains { $0.key.description.algorithm == kind }
            }
            if let place {
                groups[place].identities.append(identity)
            } else {
                groups.append(Group(names: names, identities: [identity]))
            }
        }
        return groups
    }

    private static func names(_ identity: TLSIdentity) -> [String] {
        guard let leaf = identity.leaf else { return [] }
        var names = (try? leaf.subjectNames())?.dns ?? []
        if names.isEmpty { names = (try? leaf.commonNames()) ?? [] }
        return names.map { $0.lowercased() }.sorted()
    }

    /// The context for a name: exact, then by wildcard for the first label (RFC 6125 §6.4.3).
    func context(for name: String) -> OpaquePointer? {
        let name = name.lowercased()
        var index = exact[name]
        if index == nil, let dot = name.firstIndex(of: ".") {
            index = wildcards[String(name[name.index(after: dot)...])]
        }
        guard let index, index < contexts.count else { return nil }
        return contexts[index]
    }

    /// The range of the first of our protocols that the client's list holds (RFC 7301 §3.1).
    func choose(_ offered: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        for wanted in alpn {
            var position = 0
            while position < offered.count {
                let length = Int(offered[position])
                let start = position + 1
                guard start + length <= offered.count else { break }
                if length == wanted.count,
                    // SAFETY: the range was just checked against the count.
                    unsafe offered[start..<(start + length)].elementsEqual(wanted)
                {
                    return start..<(start + length)
                }
                position = start + length
            }
        }
        return nil
    }

    /// Makes the OpenSSL context ask this table.
    func attach(to context: OpaquePointer, isNamed: Bool) {
        // SAFETY: every stream keeps its TLS context alive, and that keeps the table.
        let argument = unsafe Unmanaged.passUnretained(self).toOpaque()
        if isNamed {
            _ = unsafe seal_ssl_ctx_set_servername_callback(context, selectByName, argument)
        }
        if !alpn.isEmpty { unsafe SSL_CTX_set_alpn_select_cb(context, selectProtocol, argument) }
    }
}

// SAFETY: `argument` is the table that `attach` passed; the name is copied at once.
private func selectByName(
    _ ssl: OpaquePointer?,
    _ alert: UnsafeMutablePointer<Int32>?,
    _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    guard let ssl, let argument, let name = unsafe seal_ssl_servername(ssl) else {
        return SSL_TLSEXT_ERR_NOACK
    }
    let selection = unsafe Unmanaged<TLSSelection>.fromOpaque(argument).takeUnretainedValue()
    guard let context = selection.context(for: unsafe String(cString: name)) else {
        return SSL_TLSEXT_ERR_NOACK
    }
    return SSL_set_SSL_CTX(ssl, context) == nil ? SSL_TLSEXT_ERR_NOACK : SSL_TLSEXT_ERR_OK
}

// SAFETY: `argument` is the table that `attach` passed; the answer points into the client's list,
// as OpenSSL allows.
private func selectProtocol(
    _ ssl: OpaquePointer?,
    _ out: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ outCount: UnsafeMutablePointer<UInt8>?,
    _ offered: UnsafePointer<UInt8>?,
    _ count: UInt32,
    _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    guard let argument, let offered, let out, let outCount else {
        return SSL_TLSEXT_ERR_ALERT_FATAL
    }
    let selection = unsafe Unmanaged<TLSSelection>.fromOpaque(argument).takeUnretainedValue()
    let list = unsafe UnsafeBufferPointer(start: offered, count: Int(count))
    guard let chosen = unsafe selection.choose(list) else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    unsafe out.pointee = offered + chosen.lowerBound
    unsafe outCount.pointee = UInt8(chosen.count)
    return SSL_TLSEXT_ERR_OK
}
