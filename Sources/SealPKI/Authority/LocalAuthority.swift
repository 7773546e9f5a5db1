// SPDX-License-Identifier: Apache-2.0
// An authority that lives in a folder, in the form of `openssl ca`: opening it, and looking things
// up. Signing and revoking are in its extensions, what is signed in Signing.

internal import COpenSSL
internal import Glibc
internal import SealBytes

/// An authority in a folder.
///
/// The same folder works with `openssl ca -config`. Everything that changes it happens under a lock
/// that openssl does not know, in an order in which every moment leaves a folder that both read:
///
/// 1. the next serial number is on the disk before a number is used;
/// 2. the rows of the database are on the disk before a certificate is anywhere else;
/// 3. keys, certificates and chains are on the disk before the certificate stands under its serial
///    number among all certificates, which says that it is complete.
///
/// So no number is used twice, and no certificate exists that the database does not know. A journal
/// names the numbers that are between 2 and 3; what a killed process left there, nobody has, and it
/// is revoked before the next one is signed.
public struct LocalAuthority: Sendable {
    /// What its configuration says.
    public let settings: AuthoritySettings
    /// Its certificate.
    public let certificate: Certificate
    /// The certificates above its own, up to the root, as far as they are known.
    public let chain: [Certificate]

    /// How long a process waits for another one's lock, in seconds.
    public static let lockSeconds = 120

    /// Opens the authority of a folder or of a configuration file.
    public init(_ path: String, section: String? = nil) throws(PKIError) {
        try self.init(AuthoritySettings.read(path, section: section))
    }

    /// Opens the authority that a configuration describes.
    public init(_ settings: AuthoritySettings) throws(PKIError) {
        OpenSSLDoor.open()
        self.settings = settings
        let own = try CertificateBundle(pem: Files.read(settings.certificate)).certificates
        guard let first = own.first else {
            throw PKIError(.noPEM, "\(settings.certificate) holds no certificate")
        }
        certificate = first
        var above = Array(own.dropFirst())
        if DirectoryFiles.exists(settings.chain) {
            above += try CertificateBundle(pem: Files.read(settings.chain)).certificates
        }
        chain = Self.ordered(from: first, above)
    }

    /// At most so many certificates stand above one.
    static let chainMax = 16

    /// The issuers of a certificate in order, out of a heap.
    static func ordered(from leaf: Certificate, _ heap: [Certificate]) -> [Certificate] {
        var chain: [Certificate] = []
        var last = leaf
        while chain.count < chainMax, !last.isSelfSigned,
            let next = heap.first(where: { last.isIssued(by: $0) })
        {
            chain.append(next)
            last = next
        }
        return chain
    }

    /// Whether the chain ends with a certificate that signed itself.
    public var isChainWhole: Bool { (chain.last ?? certificate).isSelfSigned }

    /// Reads the authority's key.
    public func key(passphrase: [UInt8]?) throws(PKIError) -> PrivateKey {
        let key = try PrivateKey(pem: Files.read(settings.privateKey), passphrase: passphrase)
        guard key.matches(certificate) else {
            throw PKIError(
                .keyMismatch,
                "\(settings.privateKey) does not belong to \(settings.certificate)"
            )
        }
        return key
    }

    /// The rows of all certificates, in the order in which they were signed.
    public func rows() throws(PKIError) -> [DatabaseRow] {
        try AuthorityDatabase.all(settings)
    }

    /// The row of a serial number.
    public func row(_ serial: SerialNumber) throws(PKIError) -> DatabaseRow? {
        try AuthorityDatabase(settings, isWriting: false).row(serial)?.row
    }

    /// The rows whose subject or common name is the text; the subject as in the database.
    public func rows(named text: String) throws(PKIError) -> [DatabaseRow] {
        let name = "/CN=" + Self.escaped(text)
        return try rows().filter { row in
            if row.subject.isSame(as: text) { return true }
            guard let start = row.subject.utf8.firstRange(of: name.utf8) else { return false }
            let rest = row.subject.utf8[start.upperBound...]
            return rest.isEmpty || rest.first == UInt8(ascii: "/")
        }
    }

    /// A text as the database writes it inside a subject.
    private static func escaped(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            if byte < 0x20 || byte > 0x7E {
                let digits = String(byte, radix: 16, uppercase: true)
                out += "\\x" + (digits.count == 1 ? "0" : "") + digits
            } else {
                out.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        return out
    }

    /// Where the certificate of a serial number is kept.
    public func path(_ serial: SerialNumber) -> String {
        "\(settings.newCertificates)/\(serial.hexadecimal).pem"
    }

    /// The kept certificate of a serial number, if it is complete.
    public func kept(_ serial: SerialNumber) -> Certificate? {
        guard let bytes = try? Files.read(path(serial), bytesMax: 1 << 20),
            let certificate = try? Certificate(pem: bytes),
            SerialNumber(hexadecimal: certificate.serial) == serial
        else { return nil }
        return certificate
    }

    /// Runs `body` under the lock.
    func locked<Result>(_ body: () throws(PKIError) -> Result) throws(PKIError) -> Result {
        let lock = try AuthorityLock(settings.database, seconds: Self.lockSeconds)
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }

    /// Now, in Unix seconds.
    public static var now: Int64 { Int64(time(nil)) }
}
