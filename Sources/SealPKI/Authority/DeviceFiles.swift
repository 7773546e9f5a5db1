// SPDX-License-Identifier: Apache-2.0
// The files that somebody gets with a certificate: NAME.crt, NAME.chain.pem, NAME.key, and
// keystores on demand. The certificate is written first, so that a set that was interrupted can be
// told from a key that was there before.

internal import COpenSSL
internal import Glibc

/// A folder with certificates, chains and keys by name.
public struct DeviceFiles: Sendable {
    /// The folder.
    public let folder: String

    /// What is there under a name.
    public enum Presence: Sendable {
        /// Nothing.
        case free
        /// A certificate that is complete.
        case complete(Certificate)
        /// What an interrupted run left: it may be overwritten.
        case leftover
        /// A file of another origin.
        case taken(String)
    }

    /// Takes a folder; it is made if it is not there.
    public init(_ folder: String) throws(PKIError) {
        var path = folder
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.folder = path
        try DirectoryFiles.makeFolder(path)
    }

    /// The file names for a name; nil when it cannot be one.
    public static func stem(_ name: String) -> String? {
        guard !name.isEmpty, name != ".", name != "..", !name.hasPrefix("."), !name.hasPrefix("-"),
            name.utf8.count <= 200,
            name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0 != "/" && $0.value != 0x7F })
        else { return nil }
        return name.replacing("*", with: "_")
    }

    /// The certificate's file.
    public func certificate(_ stem: String) -> String { "\(folder)/\(stem).crt" }

    /// The file with the certificate and those above it.
    public func chain(_ stem: String) -> String { "\(folder)/\(stem).chain.pem" }

    /// The key's file.
    public func key(_ stem: String) -> String { "\(folder)/\(stem).key" }

    /// The keystore of a kind.
    public func store(_ stem: String, _ format: KeystoreFormat) -> String {
        "\(folder)/\(stem).\(format == .pkcs12 ? "p12" : "jks")"
    }

    /// Looks what is there.
    public func presence(_ stem: String, _ authority: LocalAuthority) -> Presence {
        let file = certificate(stem)
        guard DirectoryFiles.exists(file) else {
            let others = [key(stem), chain(stem)] + KeystoreFormat.allCases.map { store(stem, $0) }
            for other in others where DirectoryFiles.exists(other) {
                return .taken(other)
            }
            return .free
        }
        guard let bytes = try? Files.read(file, bytesMax: 1 << 20),
            let found = try? Certificate(pem: bytes),
            let serial = SerialNumber(hexadecimal: found.serial)
        else {
            // An empty file, and nothing else, is what a killed process can leave.
            let isEmpty = (try? FileStamp.of(file).bytes) == 0
            return isEmpty && !DirectoryFiles.exists(key(stem)) ? .leftover : .taken(file)
        }
        guard found.isIssued(by: authority.certificate) else { return .taken(file) }
        if authority.kept(serial) == found { return .complete(found) }
        let wasInterrupted =
            SigningJournal(authority).contains(serial)
            || (try? authority.row(serial))?.state == .revoked
        return wasInterrupted ? .leftover : .taken(file)
    }

    /// Writes what belongs together; without a key only the certificate and the chain.
    public func write(
        _ stem: String,
        _ issued: Certificate,
        above: [UInt8],
        key pem: [UInt8]?,
        stores: [KeystoreFormat: [UInt8]] = [:],
        isOverwriting: Bool
    ) throws(PKIError) {
        let own = issued.pem
        try put(own, certificate(stem), 0o644, isOverwriting)
        try put(own + above, chain(stem), 0o644, isOverwriting)
        for (format, bytes) in stores {
            try put(bytes, store(stem, format), 0o600, isOverwriting)
        }
        if let pem { try put(pem, key(stem), 0o600, isOverwriting) }
    }

    private func put(
        _ bytes: [UInt8],
        _ path: String,
        _ mode: UInt32,
        _ isOverwriting: Bool
    ) throws(PKIError) {
        try DirectoryFiles.create(path, bytes, mode: mode, isOverwriting: isOverwriting)
    }
}

extension LocalAuthority {
    /// What follows a certificate in its chain: the authority's own and those above, in PEM.
    public var abovePEM: [UInt8] { ([certificate] + chain).flatMap(\.pem) }
}

extension Certificate {
    /// Whether its extended key usage names TLS servers and not TLS clients.
    public var isForServersOnly: Bool {
        let usage = X509_get_extended_key_usage(pointer)
        guard usage != .max else { return false }
        return usage & UInt32(XKU_SSL_SERVER) != 0 && usage & UInt32(XKU_SSL_CLIENT) == 0
    }
}
