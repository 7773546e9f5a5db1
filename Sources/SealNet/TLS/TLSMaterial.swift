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
        identities: [TLSIdentityFiles],
        trustFiles: [String],
        trustFolders: [String],
        crlFiles: [String]
    ) throws(TLSError) {
        for files in identities { self.identities.append(try Self.identity(files)) }
        for file in trustFiles { trust += try Self.trusted(file) }
        for folder in trustFolders { trust += try Self.trustedFolder(folder) }
        for file in crlFiles { lists += try Self.revocations(file) }
    }

    private static func identity(_ files: TLSIdentityFiles) throws(TLSError) -> TLSIdentity {
        let chain = try certificates(files.chainFile)
        var passphrase = files.passphrase
        if passphrase == nil, let file = files.passphraseFile {
            let bytes = try contents(file)
            passphrase = Array(bytes.prefix { $0 != 0x0A && $0 != 0x0D })
        }
        let pem = try contents(files.keyFile)
        let key: PrivateKey
        do throws(PKIError) {
            key = try PrivateKey(pem: pem, passphrase: passphrase)
        } catch {
            throw TLSError(error, file: files.keyFile)
        }
        guard let leaf = chain.first, key.matches(leaf) else {
            throw TLSError(
                .keyMismatch,
                file: files.keyFile,
                "the private key does not belong to the first certificate of \(files.chainFile)"
            )
        }
        return TLSIdentity(chain: chain, key: key, file: files.chainFile)
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
            return try RevocationList.readAll(bytes)
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
