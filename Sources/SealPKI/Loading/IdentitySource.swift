// SPDX-License-Identifier: Apache-2.0
// Where a certificate with its key, or what is trusted, is to be had: files, and the passwords they
// open with. Plain values; IdentityLoader and TrustLoader read them.

/// Where a password is.
public enum PasswordSource: Sendable, Hashable {
    /// There is none.
    case absent
    /// These bytes.
    case bytes([UInt8])
    /// The first line of a file.
    case file(String)

    /// A password longer than this is not taken.
    public static let bytesMax = KeystorePassword.bytesMax

    /// The password, read now.
    public func read() throws(PKIError) -> [UInt8]? {
        switch self {
        case .absent: return nil
        case .bytes(let bytes): return bytes
        case .file(let file):
            let bytes = try Files.read(file, bytesMax: 65_536)
            return Array(bytes.prefix { $0 != 0x0A && $0 != 0x0D })
        }
    }
}

/// The PEM files of one certificate with its key.
public struct IdentityFiles: Sendable, Hashable {
    /// The certificate, then the authorities between it and the root.
    public var chainFile: String
    /// The private key.
    public var keyFile: String
    /// The key's passphrase, on the first line of a file.
    public var passphraseFile: String?
    /// The key's passphrase itself; wins over the file.
    public var passphrase: [UInt8]?

    /// Names the files.
    public init(
        chainFile: String,
        keyFile: String,
        passphraseFile: String? = nil,
        passphrase: [UInt8]? = nil
    ) {
        self.chainFile = chainFile
        self.keyFile = keyFile
        self.passphraseFile = passphraseFile
        self.passphrase = passphrase
    }
}

/// One private key of a keystore.
public struct KeystoreSource: Sendable, Hashable {
    /// JKS or PKCS #12, whatever the file is called.
    public var file: String
    /// The entry; nil takes the only one with a private key.
    public var alias: String?
    /// The password of the store.
    public var password: PasswordSource
    /// The password of the key; where it is absent or does not fit, the store's is tried.
    public var keyPassword: PasswordSource

    /// Names the file.
    public init(
        file: String,
        alias: String? = nil,
        password: PasswordSource,
        keyPassword: PasswordSource = .absent
    ) {
        self.file = file
        self.alias = alias
        self.password = password
        self.keyPassword = keyPassword
    }
}

/// Where a certificate with its private key is.
public enum IdentitySource: Sendable, Hashable {
    /// In two PEM files.
    case files(IdentityFiles)
    /// In a keystore.
    case keystore(KeystoreSource)

    /// The file that messages name.
    public var file: String {
        switch self {
        case .files(let files): files.chainFile
        case .keystore(let store): store.file
        }
    }
}

/// A keystore with trusted certificates.
public struct TruststoreSource: Sendable, Hashable {
    /// JKS or PKCS #12, whatever the file is called.
    public var file: String
    /// Its password; JKS is read without one, too, and then not checked for changes.
    public var password: PasswordSource

    /// Names the file.
    public init(file: String, password: PasswordSource = .absent) {
        self.file = file
        self.password = password
    }
}

/// A file that could not be put to use, and why.
public struct LoadingError: Error, Sendable, CustomStringConvertible {
    /// The file.
    public let file: String
    /// What is wrong with it.
    public let cause: PKIError

    /// Joins the two.
    public init(_ file: String, _ cause: PKIError) {
        self.file = file
        self.cause = cause
    }

    /// File and sentence.
    public var description: String { "\(file): \(cause.reason)" }
}
