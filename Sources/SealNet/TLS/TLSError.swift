// SPDX-License-Identifier: Apache-2.0
// Why TLS settings could not be put into use: the operator's side of the errors. What a peer did
// wrong is a TLSRefusal.

internal import SealPKI

/// TLS settings that cannot be used, with the file and the reason.
public struct TLSError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The stable name of the reason.
    public enum Code: String, Sendable, CaseIterable {
        /// A file or folder cannot be read.
        case file = "tls.file"
        /// A file holds no certificate, key or list that can be read.
        case malformed = "tls.malformed"
        /// The private key does not belong to the certificate.
        case keyMismatch = "tls.key-mismatch"
        /// The private key needs another passphrase.
        case passphrase = "tls.passphrase"
        /// The certificate, or an authority in its chain, has expired or is not valid yet.
        case expired = "tls.expired"
        /// A key is too small or a digest too weak.
        case weak = "tls.weak"
        /// No certificate is named.
        case noIdentity = "tls.no-identity"
        /// Nothing is trusted, and something must be.
        case noTrust = "tls.no-trust"
        /// The cipher list names nothing that is known.
        case ciphers = "tls.ciphers"
        /// The oldest version is newer than the newest.
        case versions = "tls.versions"
        /// The application protocols cannot be written in the handshake.
        case alpn = "tls.alpn"
        /// OpenSSL refused for another reason.
        case cryptography = "tls.cryptography"
    }

    /// The stable name of the reason; equality looks at it alone.
    public let code: Code
    /// The file concerned, if one is.
    public let file: String?
    /// A sentence for the person who has to act.
    public let reason: String

    /// Makes an error.
    public init(_ code: Code, file: String? = nil, _ reason: String) {
        self.code = code
        self.file = file
        self.reason = reason
    }

    /// Turns an error about keys, certificates or files into one that names the file.
    init(_ error: PKIError, file: String) {
        let code: Code =
            switch error.code {
            case .file: .file
            case .keyMismatch: .keyMismatch
            case .passphraseMissing, .passphraseWrong, .keystorePassword: .passphrase
            case .notInDate: .expired
            default: .malformed
            }
        self.init(
            code,
            file: file,
            error.hint.map { "\(error.reason) (\($0))" } ?? error.reason
        )
    }

    /// The code, the file and the sentence.
    public var description: String {
        "\(code.rawValue): \(file.map { "\($0): " } ?? "")\(reason)"
    }

    /// Whether both have the same code.
    public static func == (left: TLSError, right: TLSError) -> Bool { left.code == right.code }
}
