// SPDX-License-Identifier: Apache-2.0
// From files to a checked identity: the key fits the certificate, the chain holds, all is in date.
// The one way for the server and for all clients.

internal import Glibc

/// A certificate chain with its private key, read and checked.
public struct LoadedIdentity: Sendable {
    /// The certificate, then its authorities, each the issuer of one before it.
    public let chain: [Certificate]
    /// The private key of the first certificate.
    public let key: PrivateKey
    /// The file the chain came from.
    public let file: String
}

/// Reads certificates with their keys.
public enum IdentityLoader {
    /// Reads and checks what the source names.
    ///
    /// With `anyDate`, certificates that have expired or are not valid yet are taken, too; `now`
    /// in Unix seconds is the clock's time unless it is given.
    public static func load(
        _ source: IdentitySource,
        anyDate: Bool = false,
        now: Int64? = nil,
        limits: KeystoreLimits = .standard
    ) throws(LoadingError) -> LoadedIdentity {
        let date = anyDate ? nil : now ?? Int64(time(nil))
        return switch source {
        case .files(let files): try load(files, date)
        case .keystore(let store): try load(store, date, limits)
        }
    }

    private static func load(
        _ files: IdentityFiles,
        _ now: Int64?
    ) throws(LoadingError) -> LoadedIdentity {
        let found = try naming(files.chainFile) { () throws(PKIError) in
            let bundle = try CertificateBundle(pem: Files.read(files.chainFile)).certificates
            if bundle.isEmpty {
                throw PKIError(.noPEM, "there is no PEM block of a certificate in the file")
            }
            return bundle
        }
        var passphrase = files.passphrase
        if passphrase == nil, let file = files.passphraseFile {
            passphrase = try password(.file(file), for: file)
        }
        let key = try naming(files.keyFile) { () throws(PKIError) in
            try PrivateKey(pem: Files.read(files.keyFile), passphrase: passphrase)
        }
        guard found.contains(where: key.matches) else {
            throw LoadingError(
                files.keyFile,
                PKIError(
                    .keyMismatch,
                    "the private key does not belong to any certificate of "
                        + files.chainFile
                )
            )
        }
        return try naming(files.chainFile) { () throws(PKIError) in
            let chain = try ordered(found, key)
            try checkDates(chain, now)
            return LoadedIdentity(chain: chain, key: key, file: files.chainFile)
        }
    }

    private static func load(
        _ source: KeystoreSource,
        _ now: Int64?,
        _ limits: KeystoreLimits
    ) throws(LoadingError) -> LoadedIdentity {
        let storePassword = try password(source.password, for: source.file)
        let keyPassword = try password(source.keyPassword, for: source.file)
        return try naming(source.file) { () throws(PKIError) in
            let bytes = try Files.read(source.file, bytesMax: limits.bytesMax)
            let store = try Keystore(reading: bytes, password: storePassword, limits: limits)
            let entry = try entry(of: store, source.alias)
            guard case .key(let sealed, let found) = entry.content else {
                throw PKIError(
                    .keystoreEntry,
                    "the entry \"\(entry.alias)\" is a trusted certificate, without a private key"
                )
            }
            guard !found.isEmpty else {
                throw PKIError(.keystoreEntry, "the key \"\(entry.alias)\" has no certificate")
            }
            // What is called .jks is often PKCS #12, which has the store's password only.
            let passwords = [keyPassword, storePassword].compactMap { $0 }
            let key = try sealed.opened(passwords, limits: limits)
            guard key.matches(found[0]) else {
                throw PKIError(
                    .keyMismatch,
                    "the private key \"\(entry.alias)\" does not belong to its certificate"
                )
            }
            let chain = try ordered(found, key)
            try checkDates(chain, now)
            return LoadedIdentity(chain: chain, key: key, file: source.file)
        }
    }

    /// The entry of that name, or the only one with a private key.
    private static func entry(
        of store: Keystore,
        _ alias: String?
    ) throws(PKIError) -> KeystoreEntry {
        let names = store.keys.prefix(8).map { "\"\($0.alias)\"" }.joined(separator: ", ")
        if let alias {
            if let found = store.entry(alias) { return found }
            throw PKIError(
                .keystoreEntry,
                "the keystore has no entry \"\(alias)\"",
                hint: names.isEmpty ? nil : "it has the keys \(names)"
            )
        }
        guard let first = store.keys.first else {
            throw PKIError(.keystoreEntry, "the keystore has no private key")
        }
        guard store.keys.count == 1 else {
            throw PKIError(
                .keystoreEntry,
                "the keystore has \(store.keys.count) private keys, and no alias says which: "
                    + names
            )
        }
        return first
    }

    // MARK: Checks

    /// The chain of a key among certificates in any order; a gap or a stranger is refused.
    public static func chain(
        of key: PrivateKey,
        among certificates: [Certificate]
    ) throws(PKIError) -> [Certificate] {
        try ordered(certificates, key)
    }

    /// The certificates from the key's own on, each one an issuer of one before it.
    ///
    /// Files are often put together in another order, which TLS does not allow (RFC 8446 §4.4.2).
    static func ordered(
        _ found: [Certificate],
        _ key: PrivateKey
    ) throws(PKIError) -> [Certificate] {
        guard found.count <= KeystoreLimits.standard.chainMax else {
            throw PKIError(
                .chainBroken,
                "there are \(found.count) certificates where a chain of at most "
                    + "\(KeystoreLimits.standard.chainMax) is wanted"
            )
        }
        guard let leaf = found.first(where: key.matches) else {
            throw PKIError(.keyMismatch, "the private key does not belong to any certificate")
        }
        var chain = [leaf]
        var rest = found.filter { $0 != leaf }
        while !rest.isEmpty, let last = chain.last {
            let next =
                rest.firstIndex { last.isIssued(by: $0) }
                ?? rest.firstIndex { one in chain.contains { $0.isIssued(by: one) } }
            guard let next else { break }
            let one = rest.remove(at: next)
            chain.append(one)
            rest.removeAll { $0 == one }
        }
        guard let stranger = rest.first else { return chain }
        let name = (try? stranger.subject().rfc2253) ?? "a certificate"
        let end = (try? chain.last?.issuer().rfc2253) ?? "an unknown authority"
        throw PKIError(
            .chainBroken,
            "the chain is broken: \(name) issued none of the certificates before it, and the "
                + "certificate of \(end) is missing",
            hint: "put the certificate first, then each issuer up to the root, and nothing else"
        )
    }

    private static func checkDates(_ chain: [Certificate], _ now: Int64?) throws(PKIError) {
        guard let now else { return }
        for (index, one) in chain.enumerated() {
            let isOver = one.notAfter <= now
            guard isOver || one.notBefore > now else { continue }
            let name = (try? one.subject().rfc2253) ?? ""
            let which = index == 0 ? "the certificate" : "the authority \(name) in the chain"
            throw PKIError(
                .notInDate,
                isOver
                    ? "\(which) expired at \(date(one.notAfter)); renew it"
                    : "\(which) is not valid before \(date(one.notBefore)); is the clock right?"
            )
        }
    }

    /// A time as `2026-01-31 12:00:00 UTC`.
    private static func date(_ seconds: Int64) -> String {
        var time = time_t(seconds)
        var parts = tm()
        // SAFETY: both are local variables.
        guard unsafe gmtime_r(&time, &parts) != nil else { return "an unknown time" }
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) "
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) UTC"
    }

    // MARK: Naming the file

    static func password(
        _ source: PasswordSource,
        for file: String
    ) throws(LoadingError) -> [UInt8]? {
        var named = file
        if case .file(let own) = source { named = own }
        return try naming(named) { () throws(PKIError) in try source.read() }
    }

    static func naming<Result>(
        _ file: String,
        _ body: () throws(PKIError) -> Result
    ) throws(LoadingError) -> Result {
        do throws(PKIError) {
            return try body()
        } catch {
            throw LoadingError(file, error)
        }
    }
}

/// Reads what is trusted.
public enum TrustLoader {
    /// The trusted certificates of a keystore, of which there must be one.
    public static func load(
        _ source: TruststoreSource,
        limits: KeystoreLimits = .standard
    ) throws(LoadingError) -> [Certificate] {
        let password = try IdentityLoader.password(source.password, for: source.file)
        return try IdentityLoader.naming(source.file) { () throws(PKIError) in
            let bytes = try Files.read(source.file, bytesMax: limits.bytesMax)
            let store = try Keystore(reading: bytes, password: password, limits: limits)
            guard !store.trusted.isEmpty else {
                throw PKIError(
                    .keystoreEntry,
                    "the truststore has no trusted certificate",
                    hint: "sealwire keystore import-trust adds one"
                )
            }
            return store.trusted
        }
    }
}
