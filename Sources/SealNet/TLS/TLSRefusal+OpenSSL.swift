// SPDX-License-Identifier: Apache-2.0
// The one table from OpenSSL's error numbers, verification results and alerts to our codes.

internal import COpenSSL
internal import CSys
internal import Glibc
internal import SealPKI

/// What checking a peer's certificate came to.
struct Verification: Sendable {
    /// OpenSSL's result; X509_V_OK when the chain holds.
    var result: Int32
    /// How far from the leaf the certificate concerned is.
    var depth: Int32
    /// The certificate concerned.
    var certificate: Certificate?
    /// The leaf's fingerprint.
    var fingerprint: Fingerprint
    /// The rule that the chain breaks, where the house judged.
    var fault: ChainFault?

    var isVerified: Bool { result == X509_V_OK }
}

extension TLSRefusal {
    /// Puts a failed verification into words.
    init(_ verification: Verification, host: String? = nil) {
        let code = Self.code(of: verification.result)
        let subject = (try? verification.certificate?.subject().rfc2253) ?? "(unreadable)"
        let issuer = (try? verification.certificate?.issuer().rfc2253) ?? "(unreadable)"
        let place =
            "certificate at depth \(verification.depth), subject \"\(subject)\", "
            + "issuer \"\(issuer)\""
        // SAFETY: the text is a constant of the library.
        let word = unsafe X509_verify_cert_error_string(Int(verification.result))
        let words = unsafe word.map { unsafe String(cString: $0) } ?? "error"
        let openssl = verification.fault?.failure.sentence ?? words
        let advice: String =
            switch code {
            case .unknownAuthority:
                "no trusted authority issued it; add the issuer's certificate to the trusted ones, "
                    + "or have the peer send the authorities between"
            case .certificateExpired:
                "it expired at \(Self.date(verification.certificate?.notAfter)); renew it"
            case .certificateNotYetValid:
                "it is valid from \(Self.date(verification.certificate?.notBefore)); "
                    + "check both clocks"
            case .certificateRevoked: "its issuer revoked it; issue a new one"
            case .crlExpired:
                "the revocation list of \"\(issuer)\" is overdue; fetch the newest one"
            case .crlMissing:
                "no revocation list of \"\(issuer)\" is loaded; add that authority's list"
            case .crlInvalid: "the revocation list of \"\(issuer)\" cannot be used: \(openssl)"
            case .purpose: "it may not be used for this side of TLS (extended key usage)"
            case .wrongName:
                "it does not name \"\(host ?? "the host")\", only \(Self.names(verification))"
            case .weak: "its key or its signature is too weak: \(openssl)"
            default: openssl
            }
        self.init(code, "\(place): \(advice)", verification.fault)
    }

    /// Puts what waits in OpenSSL's error queue into words, and empties the queue.
    static func takeQueue() -> TLSRefusal {
        let error = ERR_peek_error()
        let library = seal_err_library(error)
        let reason = seal_err_reason(error)
        let last = ERR_peek_last_error()
        let text = OpenSSLDoor.takeErrors() ?? "the connection broke off"
        if library == ERR_LIB_SSL, reason >= SSL_AD_REASON_OFFSET {
            return alert(reason - SSL_AD_REASON_OFFSET)
        }
        if library == ERR_LIB_SSL { return refusal(reason, text) }
        if seal_err_library(last) == ERR_LIB_SSL, seal_err_reason(last) == SSL_R_BAD_ECPOINT {
            return TLSRefusal(.protocolViolation, "a key share is no point of its curve (\(text))")
        }
        if library == ERR_LIB_ASN1 || library == ERR_LIB_X509 || library == ERR_LIB_EC {
            return TLSRefusal(.badCertificate, "the peer's certificate cannot be read: \(text)")
        }
        return TLSRefusal(.protocolViolation, text)
    }

    private static func refusal(_ reason: Int32, _ text: String) -> TLSRefusal {
        switch reason {
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return TLSRefusal(
                .noCertificate,
                "the peer sent no certificate, and this listener requires one"
            )
        case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST, SSL_R_WRONG_VERSION_NUMBER,
            SSL_R_UNKNOWN_PROTOCOL:
            return TLSRefusal(.notTLS, "the bytes are not TLS (\(text)); is the port right?")
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_VERSION_TOO_HIGH,
            SSL_R_NO_PROTOCOLS_AVAILABLE, SSL_R_UNSUPPORTED_SSL_VERSION,
            SSL_R_INAPPROPRIATE_FALLBACK:
            return TLSRefusal(
                .version,
                "there is no common version of TLS (\(text)); allow an older one or "
                    + "update the peer"
            )
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SUITABLE_KEY_SHARE, SSL_R_NO_SHARED_GROUPS,
            SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS,
            SSL_R_NO_CIPHERS_SPECIFIED, SSL_R_WRONG_CURVE, SSL_R_UNSUPPORTED_ELLIPTIC_CURVE,
            SSL_R_NO_SUITABLE_GROUPS:
            return TLSRefusal(
                .noCommonCipher,
                "there is no common cipher suite, group or signature (\(text))"
            )
        case SSL_R_NO_APPLICATION_PROTOCOL:
            return TLSRefusal(.alpn, "there is no common application protocol (ALPN)")
        case SSL_R_BAD_SIGNATURE, SSL_R_WRONG_SIGNATURE_TYPE, SSL_R_DIGEST_CHECK_FAILED:
            return TLSRefusal(.badSignature, "a signature of the peer does not verify (\(text))")
        case SSL_R_EE_KEY_TOO_SMALL, SSL_R_CA_KEY_TOO_SMALL, SSL_R_CA_MD_TOO_WEAK:
            return TLSRefusal(.weak, "a key or a signature of the peer is too weak (\(text))")
        case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, SSL_R_ENCRYPTED_LENGTH_TOO_LONG,
            SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_DATA_LENGTH_TOO_LONG, SSL_R_BAD_RECORD_TYPE,
            SSL_R_RECORD_LENGTH_MISMATCH, SSL_R_DECRYPTION_FAILED, SSL_R_RECORD_TOO_SMALL:
            return TLSRefusal(.badRecord, "a record is damaged (\(text))")
        case SSL_R_EXCESSIVE_MESSAGE_SIZE:
            return TLSRefusal(
                .tooLarge,
                "a message of the handshake is larger than what is read; does the peer send more "
                    + "than its certificate and the authorities between? (\(text))"
            )
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
            return TLSRefusal(.badCertificate, "the certificate was refused")
        default:
            return TLSRefusal(.protocolViolation, text)
        }
    }

    private static func alert(_ number: Int32) -> TLSRefusal {
        // SAFETY: the text is a constant of the library.
        let word = unsafe SSL_alert_desc_string_long(number)
        // OpenSSL 3.0 has no name for the alert that RFC 8446 §6.2 added.
        let name =
            number == 116
            ? "certificate required"
            : unsafe word.map { unsafe String(cString: $0) } ?? "unknown"
        let advice: String =
            switch number {
            case SSL3_AD_HANDSHAKE_FAILURE: "it found nothing in common with our offer"
            case SSL3_AD_BAD_CERTIFICATE, SSL3_AD_UNSUPPORTED_CERTIFICATE,
                SSL3_AD_CERTIFICATE_UNKNOWN, TLS1_AD_ACCESS_DENIED:
                "it does not accept our certificate"
            case SSL3_AD_CERTIFICATE_REVOKED: "our certificate is revoked there"
            case SSL3_AD_CERTIFICATE_EXPIRED: "our certificate has expired, or its clock is wrong"
            case TLS1_AD_UNKNOWN_CA: "it does not trust the issuer of our certificate"
            case TLS1_AD_PROTOCOL_VERSION: "there is no common version of TLS"
            case TLS13_AD_CERTIFICATE_REQUIRED: "it requires a client certificate"
            case TLS1_AD_UNRECOGNIZED_NAME: "it does not know the name that was asked for"
            case TLS1_AD_NO_APPLICATION_PROTOCOL: "there is no common application protocol"
            default: "it ended the connection"
            }
        return TLSRefusal(
            .peerAlert,
            "the other side sent the alert \"\(name)\" (\(number)): \(advice)"
        )
    }

    private static func code(of result: Int32) -> Code {
        switch result {
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_UNTRUSTED:
            .unknownAuthority
        case X509_V_ERR_CERT_HAS_EXPIRED: .certificateExpired
        case X509_V_ERR_CERT_NOT_YET_VALID: .certificateNotYetValid
        case X509_V_ERR_CERT_REVOKED: .certificateRevoked
        case X509_V_ERR_CRL_HAS_EXPIRED: .crlExpired
        case X509_V_ERR_UNABLE_TO_GET_CRL: .crlMissing
        case X509_V_ERR_CRL_NOT_YET_VALID, X509_V_ERR_CRL_SIGNATURE_FAILURE,
            X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER,
            X509_V_ERR_DIFFERENT_CRL_SCOPE, X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION,
            X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
            .crlInvalid
        case X509_V_ERR_INVALID_PURPOSE, X509_V_ERR_CERT_REJECTED: .purpose
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: .wrongName
        case X509_V_ERR_CERT_SIGNATURE_FAILURE, X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
            .badSignature
        case X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL, X509_V_ERR_CA_MD_TOO_WEAK:
            .weak
        case X509_V_ERR_INVALID_CA, X509_V_ERR_PATH_LENGTH_EXCEEDED,
            X509_V_ERR_CERT_CHAIN_TOO_LONG, X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
            .chain
        default: .badCertificate
        }
    }

    private static func names(_ verification: Verification) -> String {
        guard let certificate = verification.certificate else { return "other names" }
        let names = (try? certificate.subjectNames()) ?? SubjectNames()
        var all = names.dns + names.addresses
        if all.isEmpty { all = (try? certificate.commonNames()) ?? [] }
        return all.isEmpty ? "no host at all" : all.prefix(8).joined(separator: ", ")
    }

    /// A time as ISO 8601 in UTC.
    static func date(_ seconds: Int64?) -> String {
        guard let seconds, seconds != .min, seconds != .max else { return "an unknown time" }
        var moment = time_t(seconds)
        var parts = tm()
        // SAFETY: both are local variables.
        guard unsafe gmtime_r(&moment, &parts) != nil else { return "an unknown time" }
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T"
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }
}

extension Verification {
    /// The verdict about a client's chain; OpenSSL's number for it chooses the alert.
    init(_ verdict: ChainVerdict, leaf: Certificate, fingerprint: Fingerprint) {
        let fault = verdict.fault
        result = fault.map { Self.result($0) } ?? X509_V_OK
        depth = Int32(clamping: fault?.failure.depth ?? 0)
        certificate = fault.map { fault in
            let place = fault.failure.depth
            return place < verdict.links.count ? verdict.links[place].certificate : leaf
        }
        self.fingerprint = fingerprint
        self.fault = fault
    }

    private static func result(_ fault: ChainFault) -> Int32 {
        let isLeaf = fault.failure.depth == 0
        return switch fault.failure.rule {
        case .expired: X509_V_ERR_CERT_HAS_EXPIRED
        case .notYetValid: X509_V_ERR_CERT_NOT_YET_VALID
        case .weakKey: isLeaf ? X509_V_ERR_EE_KEY_TOO_SMALL : X509_V_ERR_CA_KEY_TOO_SMALL
        case .weakSignature: X509_V_ERR_CA_MD_TOO_WEAK
        case .purpose: X509_V_ERR_INVALID_PURPOSE
        case .keyUsage: isLeaf ? X509_V_ERR_INVALID_PURPOSE : X509_V_ERR_KEYUSAGE_NO_CERTSIGN
        case .notAuthority: X509_V_ERR_INVALID_CA
        case .pathLength: X509_V_ERR_PATH_LENGTH_EXCEEDED
        case .chainLength, .searchLimit, .anchorNotSent: X509_V_ERR_CERT_CHAIN_TOO_LONG
        case .nameConstraints: X509_V_ERR_PERMITTED_VIOLATION
        case .signature: X509_V_ERR_CERT_SIGNATURE_FAILURE
        case .issuerMissing: X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
        case .notTrusted:
            isLeaf
                ? X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT : X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN
        case .revoked: X509_V_ERR_CERT_REVOKED
        case .listMissing: X509_V_ERR_UNABLE_TO_GET_CRL
        case .listExpired: X509_V_ERR_CRL_HAS_EXPIRED
        case .listNotYetValid: X509_V_ERR_CRL_NOT_YET_VALID
        case .listSignature: X509_V_ERR_CRL_SIGNATURE_FAILURE
        case .listIssuer: X509_V_ERR_KEYUSAGE_NO_CRL_SIGN
        case .listExtension: X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION
        case .listScope, .listMalformed: X509_V_ERR_DIFFERENT_CRL_SCOPE
        case .unknownCritical: X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION
        case .policy: X509_V_ERR_NO_EXPLICIT_POLICY
        case .hostName: X509_V_ERR_HOSTNAME_MISMATCH
        case .encoding, .version, .serialNumber, .algorithmMismatch, .validity, .issuerEmpty,
            .subjectEmpty, .duplicateExtension, .malformedExtension, .extensionCriticality,
            .extensionPlacement, .keyIdentifier:
            X509_V_ERR_UNSPECIFIED
        }
    }
}
