// SPDX-License-Identifier: Apache-2.0
// Files that hold several certificates: chains and lists of trusted authorities.

internal import COpenSSL
internal import CSys
internal import Glibc

/// The certificates of one file, in its order.
public struct CertificateBundle: Sendable {
    /// The certificates.
    public let certificates: [Certificate]

    /// At most so many certificates are read from one file.
    public static let certificatesMax = 10_000

    /// Reads every certificate of PEM text; other blocks and text between are passed over.
    ///
    /// One certificate in DER is taken as well.
    public init(pem: [UInt8]) throws(PKIError) {
        OpenSSLDoor.open()
        if pem.first == DERTag.sequence, !PEMDocument.isLikely(pem) {
            certificates = [try Certificate(der: pem)]
            return
        }
        var found: [Certificate] = []
        var failure: PKIError?
        _ = OpenSSLDoor.withReader(pem) { bio in
            while found.count < Self.certificatesMax {
                // SAFETY: NULL lets OpenSSL allocate; no passphrase is ever asked for.
                if let one = unsafe PEM_read_bio_X509_AUX(bio, nil, refusePassphrase, nil) {
                    found.append(Certificate(adopting: one))
                    continue
                }
                failure = Self.failure(ERR_peek_last_error(), after: found.count)
                break
            }
        }
        OpenSSLDoor.forgetErrors()
        if let failure { throw failure }
        if found.count == Self.certificatesMax {
            throw PKIError(
                .malformed,
                "there are more than \(Self.certificatesMax) certificates in one file"
            )
        }
        certificates = found
    }

    /// The end of the file is no failure.
    private static func failure(_ error: UInt, after count: Int) -> PKIError? {
        if error == 0 { return nil }
        if seal_err_library(error) == ERR_LIB_PEM, seal_err_reason(error) == PEM_R_NO_START_LINE {
            return nil
        }
        let why = OpenSSLDoor.takeErrors() ?? "no reason given"
        return PKIError(.malformed, "certificate \(count + 1) of the file cannot be read: \(why)")
    }
}

/// A passphrase callback for readers that must not ask.
func refusePassphrase(
    _ buffer: UnsafeMutablePointer<CChar>?,
    _ capacity: Int32,
    _ isWriting: Int32,
    _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    // SAFETY: neither pointer is touched.
    -1
}
