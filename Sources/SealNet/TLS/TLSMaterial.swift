// SPDX-License-Identifier: Apache-2.0
// Reading the files that TLS settings name, and checking each by itself. Nothing is put to use.

internal import Glibc
internal import SealPKI

/// A certificate chain with its key, read and checked.
struct TLSIdentity: Sendable {
    /// The leaf, then its authorities.
    var chain: [Certificate]
    var key: PrivateKey
    /// The file the chain came from, for messages.
    var file: String

    var leaf: Certificate? { chain.first }
}

/// Everything that was read for one context.
struct TLSMaterial: Sendable {
    var identities: [TLSIdentity] = []
    var trust: [Certificate] = []
    var lists: [RevocationList] = []

    init(identities: [TLSIdentity], trust: [Certificate] = [], lists: [RevocationList] = []) {
        self.identities = identities
        self.trust = trust
        self.lists = lists
    }

    /// Reads what the settings name.
    init(
        identities: [IdentitySource],
        acceptsAnyDate: Bool,
        trustFiles: [String],
        trustFolders: [String],
        truststores: [TruststoreSource],
        crlFiles: [String]
    ) throws(TLSError) {
        for source in identities {
            self.identities.append(try Self.identity(source, acceptsAnyDate))
        }
        for file in trustFiles { trust += try Self.trusted(file) }
        for folder in trustFolders { trust += try Self.trustedFolder(folder) }
        for store in truststores { trust += try Self.truststore(store) }
        for file in crlFiles { lists += try Self.revocations(file) }
    }

    private static func identity(
        _ source: IdentitySource,
        _ acceptsAnyDate: Bool
    ) throws(TLSError) -> TLSIdentity {
        do throws(LoadingError) {
            let loaded = try IdentityLoader.load(source, anyDate: acceptsAnyDate)
            return TLSIdentity(chain: loaded.chain, key: loaded.key, file: loaded.file)
        } catch {
            throw TLSError(error.cause, file: error.file)
        }
    }

    private static func truststore(_ source: TruststoreSource) throws(TLSError) -> [Certificate] {
        do throws(LoadingError) {
            return try TrustLoader.load(source)
        } catch {
            throw TLSError(error.cause, file: error.file)
        }
    }

    private static func trusted(_ file: String) throws(TLSError) -> [Certificate] {
        try certificates(file)
    }

    /// Files without a certificate are passed over: folders hold keys and links, too.
    private static func trustedFolder(_ folder: String) throws(TLSError) -> [Certificate] {
        let names: [String]
        do throws(PKIError) {
            names = try Files.names(in: folder)
        } catch {
            throw TLSError(error, file: folder)
        }
        var found: [Certificate] = []
        var seen: Set<Fingerprint> = []
        for name in names.sorted() {
            guard let bytes = try? Files.read("\(folder)/\(name)"),
                let bundle = try? CertificateBundle(pem: bytes)
            else { continue }
            // Folders made for OpenSSL hold each certificate a second time under its hash.
            for one in bundle.certificates where seen.insert(one.fingerprint).inserted {
                found.append(one)
            }
        }
        if found.isEmpty {
            throw TLSError(.noTrust, file: folder, "no file of the folder holds a certificate")
        }
        return found
    }

    private static func certificates(_ file: String) throws(TLSError) -> [Certificate] {
        let bytes = try contents(file)
        do throws(PKIError) {
            let found = try CertificateBundle(pem: bytes).certificates
            if found.isEmpty {
                throw PKIError(.noPEM, "there is no PEM block of a certificate in the file")
            }
            return found
        } catch {
            throw TLSError(error, file: file)
        }
    }

    private static func revocations(_ file: String) throws(TLSError) -> [RevocationList] {
        let bytes = try contents(file)
        do throws(PKIError) {
            let lists = try RevocationList.readAll(bytes)
            // Some releases of OpenSSL take a list of changes for a whole one (RFC 5280 §5.2.4):
            // everybody revoked before would get in.
            for list in lists where try list.fields().deltaBase != nil {
                throw PKIError(
                    .malformed,
                    "the list holds only the changes since another one; name the whole list"
                )
            }
            return lists
        } catch {
            throw TLSError(error, file: file)
        }
    }

    private static func contents(_ file: String) throws(TLSError) -> [UInt8] {
        do throws(PKIError) {
            return try Files.read(file)
        } catch {
            throw TLSError(error, file: file)
        }
    }
}
