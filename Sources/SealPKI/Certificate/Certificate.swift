// SPDX-License-Identifier: Apache-2.0
// Reading one X.509 certificate. Properties are read when asked for, not when it is parsed.
// All fields at once are CertificateFields; chains live in Verification, issuing in Authority.

internal import COpenSSL
internal import CSys
internal import Glibc

/// An X.509 certificate.
public struct Certificate: Sendable {
    let owner: X509Owner

    /// OpenSSL's certificate, valid while this value lives.
    package var pointer: OpaquePointer { owner.pointer }

    /// Takes over one reference to OpenSSL's certificate.
    package init(adopting pointer: OpaquePointer) { owner = X509Owner(adopting: pointer) }

    /// Reads the first certificate of PEM text.
    public init(pem: [UInt8]) throws(PKIError) {
        let all = try CertificateBundle(pem: pem)
        guard let first = all.certificates.first else {
            throw PKIError(.noPEM, "there is no PEM block of a certificate")
        }
        self = first
    }

    /// Reads DER; bytes after the certificate are refused.
    public init(der: [UInt8]) throws(PKIError) {
        OpenSSLDoor.open()
        // SAFETY: OpenSSL reads at most `count` bytes; the moved pointer is only compared.
        let read = unsafe der.withUnsafeBufferPointer { raw -> OpaquePointer? in
            var position = raw.baseAddress
            guard let made = unsafe d2i_X509(nil, &position, raw.count) else { return nil }
            guard let start = raw.baseAddress, unsafe position == start + raw.count else {
                X509_free(made)
                return nil
            }
            return made
        }
        guard let read else {
            let why = OpenSSLDoor.takeErrors() ?? "bytes follow the certificate"
            throw PKIError(.malformed, "this is not a certificate in DER: \(why)")
        }
        self.init(adopting: read)
    }

    /// Reads DER for verification, which is cheaper for keys of the usual kinds; bytes after the
    /// certificate are refused.
    public init(verifying der: [UInt8]) throws(PKIError) {
        OpenSSLDoor.open()
        defer { OpenSSLDoor.forgetErrors() }
        // SAFETY: exactly the array's count is read.
        let made = unsafe seal_x509_read(der, der.count, Int32(SEAL_LIBRARY_SLIM))
        guard let made, X509_get0_pubkey(made) != nil else {
            if let made { X509_free(made) }
            try self.init(der: der)
            return
        }
        self.init(adopting: made)
    }

    /// The encoded certificate.
    public var der: [UInt8] {
        var count = 0
        // SAFETY: OpenSSL allocates `count` bytes, which are copied and freed here.
        guard let start = unsafe seal_x509_der(pointer, &count) else { return [] }
        defer { unsafe seal_free(start) }
        return unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    }

    /// The certificate as one PEM block.
    public var pem: [UInt8] {
        OpenSSLDoor.written { PEM_write_bio_X509($0, pointer) == 1 } ?? []
    }

    /// The SHA-256 of the DER.
    public var fingerprint: Fingerprint {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        // SAFETY: the four words are 32 bytes, as many as are written.
        _ = unsafe withUnsafeMutableBytes(of: &words) { raw in
            unsafe seal_x509_sha256(
                pointer,
                raw.bindMemory(to: UInt8.self).baseAddress
            )
        }
        return Fingerprint(bigEndianWords: words)
    }

    /// Whom the certificate names.
    public func subject() throws(PKIError) -> DistinguishedName {
        try DistinguishedName(reading: X509_get_subject_name(pointer))
    }

    /// Who signed the certificate.
    public func issuer() throws(PKIError) -> DistinguishedName {
        try DistinguishedName(reading: X509_get_issuer_name(pointer))
    }

    /// The encoded name of whom the certificate names.
    public var subjectDER: [UInt8] { Self.encoded(X509_get_subject_name(pointer)) }

    /// The encoded name of who signed the certificate.
    public var issuerDER: [UInt8] { Self.encoded(X509_get_issuer_name(pointer)) }

    private static func encoded(_ name: OpaquePointer?) -> [UInt8] {
        var start: UnsafePointer<UInt8>?
        var count = 0
        // SAFETY: the bytes belong to the name, which the certificate keeps, and are copied at
        // once.
        guard unsafe X509_NAME_get0_der(name, &start, &count) == 1, let start = unsafe start
        else { return [] }
        return unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    }

    /// The common names of the subject, in order; a NUL byte in one refuses all.
    public func commonNames() throws(PKIError) -> [String] {
        let name = X509_get_subject_name(pointer)
        var all: [String] = []
        var index = X509_NAME_get_index_by_NID(name, NID_commonName, -1)
        while index >= 0 {
            let entry = X509_NAME_get_entry(name, index)
            // SAFETY: the string belongs to the certificate, which this value keeps.
            all.append(try text(of: unsafe X509_NAME_ENTRY_get_data(entry)))
            index = X509_NAME_get_index_by_NID(name, NID_commonName, index)
        }
        return all
    }

    /// The subject alternative names.
    public func subjectNames() throws(PKIError) -> SubjectNames {
        try SubjectNames(reading: pointer)
    }

    /// The serial number in upper-case hexadecimal digits, two for each byte.
    public var serial: String {
        // SAFETY: the number belongs to the certificate; the copy and its text are freed here.
        guard let number = unsafe ASN1_INTEGER_to_BN(X509_get0_serialNumber(pointer), nil)
        else { return "" }
        defer { BN_free(number) }
        guard let text = unsafe BN_bn2hex(number) else { return "" }
        defer { unsafe seal_free(text) }
        return unsafe String(cString: text)
    }

    /// The begin of the validity in Unix seconds.
    public var notBefore: Int64 {
        // SAFETY: the time belongs to the certificate.
        unsafe seal_asn1_time_seconds(X509_get0_notBefore(pointer), .max)
    }

    /// The end of the validity in Unix seconds.
    public var notAfter: Int64 {
        // SAFETY: the time belongs to the certificate.
        unsafe seal_asn1_time_seconds(X509_get0_notAfter(pointer), .min)
    }

    /// Whether the certificate may sign certificates (basicConstraints, RFC 5280 §4.2.1.9).
    public var isAuthority: Bool { X509_check_ca(pointer) == 1 }

    /// How many authorities may follow below, when that is limited.
    public var pathLength: Int? {
        let length = X509_get_pathlen(pointer)
        return length < 0 ? nil : Int(length)
    }

    /// Whether subject and issuer are the same and the signature is its own.
    public var isSelfSigned: Bool {
        defer { OpenSSLDoor.forgetErrors() }
        return X509_self_signed(pointer, 1) == 1
    }

    /// Whether the names and the signature say that `issuer` issued this certificate.
    public func isIssued(by issuer: Certificate) -> Bool {
        defer { OpenSSLDoor.forgetErrors() }
        guard X509_check_issued(issuer.pointer, pointer) == X509_V_OK,
            let key = X509_get0_pubkey(issuer.pointer)
        else { return false }
        return X509_verify(pointer, key) == 1
    }

    /// What the public key is; nil when OpenSSL cannot read it.
    public var key: KeyDescription? {
        defer { OpenSSLDoor.forgetErrors() }
        return X509_get0_pubkey(pointer).map(KeyDescription.init)
    }
}

extension Certificate: Equatable {
    /// Whether both are the same certificate, byte for byte.
    public static func == (left: Certificate, right: Certificate) -> Bool {
        X509_cmp(left.pointer, right.pointer) == 0
    }
}
