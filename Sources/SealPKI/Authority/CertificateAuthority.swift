// SPDX-License-Identifier: Apache-2.0
// Making and signing: a self-signed authority, certificates for servers and devices, and
// revocation lists. What is asked for is a value, `CertificateOrder`.

internal import COpenSSL
internal import CSys
internal import Glibc
internal import SealBytes

/// What a certificate is for.
public enum CertificatePurpose: String, Sendable {
    /// TLS servers.
    case server
    /// Devices and other clients.
    case device
    /// Both sides of TLS: nodes that talk to each other.
    case both
    /// An authority below another one.
    case authority
}

/// What a new certificate shall say.
public struct CertificateOrder: Sendable {
    /// Whom it names.
    public var subject: DistinguishedName
    /// Its further names.
    public var names: SubjectNames
    /// What it is for.
    public var purpose: CertificatePurpose
    /// When its validity begins, in Unix seconds; nil is five minutes ago, for slow clocks.
    public var notBefore: Int64?
    /// How many days it is valid.
    public var days: Int
    /// How many authorities may follow below, for an authority.
    public var pathLength: Int?

    /// Makes an order.
    public init(
        subject: DistinguishedName,
        names: SubjectNames = SubjectNames(),
        purpose: CertificatePurpose,
        days: Int,
        notBefore: Int64? = nil,
        pathLength: Int? = nil
    ) {
        self.subject = subject
        self.names = names
        self.purpose = purpose
        self.days = days
        self.notBefore = notBefore
        self.pathLength = pathLength
    }
}

/// A certificate with its private key.
public struct Identity: Sendable {
    /// The certificate.
    public let certificate: Certificate
    /// Its key.
    public let key: PrivateKey

    /// Joins the two; a key that does not belong to the certificate is refused.
    public init(certificate: Certificate, key: PrivateKey) throws(PKIError) {
        guard key.matches(certificate) else {
            throw PKIError(.keyMismatch, "the private key does not belong to the certificate")
        }
        self.certificate = certificate
        self.key = key
    }
}

/// An authority that signs certificates.
public struct CertificateAuthority: Sendable {
    /// The authority's own certificate.
    public let certificate: Certificate
    /// The authority's key.
    public let key: PrivateKey

    /// A certificate is valid at most so many days: a hundred years.
    public static let daysMax = 36_525

    /// Takes an authority's certificate and key.
    public init(certificate: Certificate, key: PrivateKey) throws(PKIError) {
        guard certificate.isAuthority else {
            throw PKIError(.notAuthority, "the certificate is not an authority's (CA:FALSE)")
        }
        let identity = try Identity(certificate: certificate, key: key)
        self.certificate = identity.certificate
        self.key = identity.key
    }

    /// Makes a self-signed authority.
    public static func makeRoot(
        subject: DistinguishedName,
        key: PrivateKey? = nil,
        days: Int = 3650,
        pathLength: Int? = nil,
        notBefore: Int64? = nil
    ) throws(PKIError) -> CertificateAuthority {
        let key = try given(key)
        let order = CertificateOrder(
            subject: subject,
            purpose: .authority,
            days: days,
            notBefore: notBefore,
            pathLength: pathLength
        )
        let certificate = try make(order, publicKey: key.pointer, issuer: nil, signer: key)
        return try CertificateAuthority(certificate: certificate, key: key)
    }

    /// Makes a certificate that signs itself and is no authority.
    public static func makeSelfSigned(
        _ order: CertificateOrder,
        key: PrivateKey? = nil
    ) throws(PKIError) -> Identity {
        let key = try given(key)
        let certificate = try make(order, publicKey: key.pointer, issuer: nil, signer: key)
        return try Identity(certificate: certificate, key: key)
    }

    /// Issues a certificate for a key; without one, a new P-256 key is made.
    public func issue(
        _ order: CertificateOrder,
        key subjectKey: PrivateKey? = nil
    ) throws(PKIError) -> Identity {
        let subjectKey = try Self.given(subjectKey)
        let made = try Self.make(
            order,
            publicKey: subjectKey.pointer,
            issuer: certificate,
            signer: key
        )
        return try Identity(certificate: made, key: subjectKey)
    }

    /// Issues a certificate for the key of a request; nothing else of the request counts.
    ///
    /// The request must be signed with its key, and the key one that can log in.
    public func issue(
        _ order: CertificateOrder,
        for request: CertificateRequest
    ) throws(PKIError) -> Certificate {
        try request.check()
        guard let subjectKey = X509_REQ_get0_pubkey(request.pointer) else {
            OpenSSLDoor.forgetErrors()
            throw PKIError(.unsupportedKey, "the public key cannot be read")
        }
        return try Self.make(order, publicKey: subjectKey, issuer: certificate, signer: key)
    }

    /// Signs a list of the revoked serial numbers (in hexadecimal digits).
    public func revocationList(
        revoking serials: [String],
        days: Int = 7,
        now: Int64? = nil
    ) throws(PKIError) -> RevocationList {
        guard days > 0, days <= Self.daysMax else { throw Self.badDays(days) }
        return try revocationList(revoking: serials, seconds: Int64(days) * 86_400, now: now)
    }

    /// Signs a list of revoked serial numbers whose next one is due after some seconds.
    public func revocationList(
        revoking serials: [String],
        seconds: Int64,
        now: Int64?
    ) throws(PKIError) -> RevocationList {
        try revocationList(
            listing: serials.map { RevokedSerial($0) },
            seconds: seconds,
            now: now
        )
    }

    /// Signs a list of revoked serial numbers, each with its date.
    public func revocationList(
        listing entries: [RevokedSerial],
        seconds: Int64,
        now: Int64?
    ) throws(PKIError) -> RevocationList {
        guard let list = X509_CRL_new() else {
            throw PKIError(.cryptography, "there is no memory for a revocation list")
        }
        let owner = RevocationList(adopting: list)
        let now = now ?? Int64(time(nil))
        guard let this = ASN1_TIME_new(), let next = ASN1_TIME_new() else {
            throw PKIError(.cryptography, "there is no memory for a revocation list")
        }
        // SAFETY: OpenSSL copies the times, which are freed here.
        defer {
            unsafe ASN1_TIME_free(this)
            unsafe ASN1_TIME_free(next)
        }
        let (end, isOver) = now.addingReportingOverflow(seconds)
        // X509_CRL version 2 is written as 1 (RFC 5280 §5.1.2.1).
        var done =
            unsafe !isOver && seal_set_time(this, now) == 1 && seal_set_time(next, end) == 1
            && X509_CRL_set_version(list, 1) == 1
            && X509_CRL_set_issuer_name(list, X509_get_subject_name(certificate.pointer)) == 1
            && X509_CRL_set1_lastUpdate(list, this) == 1
            && X509_CRL_set1_nextUpdate(list, next) == 1
        for entry in entries where done {
            done = seal_crl_revoke(list, entry.serial, entry.revokedAt ?? now) == 1
        }
        done = done && seal_crl_put_authority_key(list, certificate.pointer) == 1
        done = done && X509_CRL_sort(list) == 1
        // SAFETY: the digest is a constant of the library; NULL is what Ed25519 wants.
        guard done, unsafe X509_CRL_sign(list, key.pointer, key.usualDigest) > 0 else {
            let why = OpenSSLDoor.takeErrors() ?? "a serial number is not hexadecimal"
            throw PKIError(.badRequest, "the revocation list could not be made: \(why)")
        }
        OpenSSLDoor.forgetErrors()
        return owner
    }

    /// The key, or a new one.
    private static func given(_ key: PrivateKey?) throws(PKIError) -> PrivateKey {
        if let key { return key }
        return try PrivateKey.generate(.p256)
    }

    private static func badDays(_ days: Int) -> PKIError {
        PKIError(.badRequest, "\(days) days of validity are not between 1 and \(daysMax)")
    }

    private static func make(
        _ order: CertificateOrder,
        publicKey: OpaquePointer,
        issuer: Certificate?,
        signer: PrivateKey
    ) throws(PKIError) -> Certificate {
        guard order.days > 0, order.days <= daysMax else { throw badDays(order.days) }
        try AcceptedKeys.check(publicKey)
        guard let made = X509_new() else {
            throw PKIError(.cryptography, "there is no memory for a certificate")
        }
        let certificate = Certificate(adopting: made)
        let (begin, end) = try validity(order, within: issuer)
        guard let subject = X509_NAME_new() else {
            throw PKIError(.cryptography, "there is no memory for a name")
        }
        defer { X509_NAME_free(subject) }
        try DistinguishedName.fill(subject, order.subject.attributes)
        let issuerName = issuer.map { X509_get_subject_name($0.pointer) } ?? subject
        // X.509 version 3 is written as 2 (RFC 5280 §4.1.2.1).
        // SAFETY: the time fields belong to the new certificate.
        let isFilled =
            unsafe X509_set_version(made, 2) == 1
            && X509_set_subject_name(made, subject) == 1
            && X509_set_issuer_name(made, issuerName) == 1
            && seal_set_time(X509_getm_notBefore(made), begin) == 1
            && seal_set_time(X509_getm_notAfter(made), end) == 1
            && X509_set_pubkey(made, publicKey) == 1
        guard isFilled, putSerial(made) else {
            let why = OpenSSLDoor.takeErrors() ?? "no reason given"
            throw PKIError(.cryptography, "the certificate could not be made: \(why)")
        }
        try putExtensions(order, made, issuer: issuer)
        // SAFETY: the digest is a constant of the library; NULL is what Ed25519 wants.
        guard unsafe X509_sign(made, signer.pointer, signer.usualDigest) > 0 else {
            let why = OpenSSLDoor.takeErrors() ?? "no reason given"
            throw PKIError(.cryptography, "the certificate could not be signed: \(why)")
        }
        OpenSSLDoor.forgetErrors()
        return certificate
    }

    /// A certificate never outlives its issuer.
    private static func validity(
        _ order: CertificateOrder,
        within issuer: Certificate?
    ) throws(PKIError) -> (Int64, Int64) {
        let begin = order.notBefore ?? (Int64(time(nil)) - 300)
        let (end, isOver) = begin.addingReportingOverflow(Int64(order.days) * 86_400)
        // Year 9999 is the last that a certificate can write.
        guard !isOver, begin > -62_135_596_800, end < 253_402_300_800 else {
            throw PKIError(.badRequest, "the validity cannot be written in a certificate")
        }
        guard let issuer else { return (begin, end) }
        return (begin, min(end, max(issuer.notAfter, begin + 1)))
    }

    /// A random serial number of 127 bits, positive (RFC 5280 §4.1.2.2).
    private static func putSerial(_ certificate: OpaquePointer) -> Bool {
        guard let number = BN_new() else { return false }
        defer { BN_free(number) }
        // SAFETY: the serial number belongs to the certificate and is written in place.
        return unsafe BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1
            && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil
    }

    /// Whether a serial number, in hexadecimal digits without leading zeros, is of the kind that is
    /// given here: of exactly 127 bits.
    public static func mayHaveGiven(_ serial: String) -> Bool {
        serial.utf8.count == 32 && serial.utf8.first.map { (0x34...0x37).contains($0) } ?? false
    }

    private static func putExtensions(
        _ order: CertificateOrder,
        _ made: OpaquePointer,
        issuer: Certificate?
    ) throws(PKIError) {
        var extensions: [(Int32, String)] = []
        if order.purpose == .authority {
            let limit = order.pathLength.map { ",pathlen:\($0)" } ?? ""
            extensions.append((NID_basic_constraints, "critical,CA:TRUE\(limit)"))
            extensions.append((NID_key_usage, "critical,keyCertSign,cRLSign"))
        } else {
            extensions.append((NID_basic_constraints, "critical,CA:FALSE"))
            extensions.append((NID_key_usage, "critical,digitalSignature"))
            let usage =
                switch order.purpose {
                case .server: "serverAuth"
                case .device: "clientAuth"
                default: "serverAuth,clientAuth"
                }
            extensions.append((NID_ext_key_usage, usage))
        }
        extensions.append((NID_subject_key_identifier, "hash"))
        let signer = issuer?.pointer ?? made
        if issuer != nil { extensions.append((NID_authority_key_identifier, "keyid")) }
        for (number, value) in extensions {
            guard seal_x509_put_extension(made, signer, number, value) == 1 else {
                let why = OpenSSLDoor.takeErrors() ?? "no reason given"
                throw PKIError(.cryptography, "the extension \(value) could not be added: \(why)")
            }
        }
        guard !order.names.isEmpty else { return }
        let names = try order.names.make()
        defer { seal_subject_names_free(names) }
        // RFC 5280 §4.2.1.6: critical when the subject is empty.
        let isCritical: Int32 = order.subject.attributes.isEmpty ? 1 : 0
        guard seal_subject_names_put(made, names, isCritical) == 1 else {
            throw PKIError(.cryptography, "the names could not be added to the certificate")
        }
    }
}
