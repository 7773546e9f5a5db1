// SPDX-License-Identifier: Apache-2.0
// Certificate revocation lists (RFC 5280 §5): reading them. Issuing lives in Authority.

internal import COpenSSL
internal import CSys
internal import Glibc

/// A certificate revocation list.
public struct RevocationList: Sendable {
    let owner: CRLOwner

    /// OpenSSL's list, valid while this value lives.
    package var pointer: OpaquePointer { owner.pointer }

    init(adopting pointer: OpaquePointer) { owner = CRLOwner(adopting: pointer) }

    /// Reads every list of a file, in PEM or as one list in DER.
    public static func readAll(_ bytes: [UInt8]) throws(PKIError) -> [RevocationList] {
        OpenSSLDoor.open()
        if !contains(bytes, "-----BEGIN") { return [try RevocationList(der: bytes)] }
        var found: [RevocationList] = []
        var why: String?
        _ = OpenSSLDoor.withReader(bytes) { bio in
            // SAFETY: NULL lets OpenSSL allocate; no passphrase is ever asked for.
            while let one = unsafe PEM_read_bio_X509_CRL(bio, nil, refusePassphrase, nil) {
                found.append(RevocationList(adopting: one))
            }
            let error = ERR_peek_last_error()
            let isEnd =
                seal_err_library(error) == ERR_LIB_PEM
                && seal_err_reason(error) == PEM_R_NO_START_LINE
            if !isEnd { why = OpenSSLDoor.takeErrors() ?? "no reason given" }
        }
        OpenSSLDoor.forgetErrors()
        if let why {
            throw PKIError(
                .malformed,
                "revocation list \(found.count + 1) of the file cannot be read: \(why)"
            )
        }
        if found.isEmpty {
            throw PKIError(.noPEM, "there is no PEM block of a revocation list (X509 CRL)")
        }
        return found
    }

    /// Reads DER; bytes behind the list are refused.
    public init(der: [UInt8]) throws(PKIError) {
        OpenSSLDoor.open()
        var isWhole = false
        // SAFETY: OpenSSL reads at most `count` bytes.
        let read = unsafe der.withUnsafeBufferPointer { raw -> OpaquePointer? in
            var position = raw.baseAddress
            let read = unsafe d2i_X509_CRL(nil, &position, raw.count)
            isWhole = unsafe raw.baseAddress.map { unsafe position == $0 + raw.count } ?? false
            return read
        }
        guard let read else {
            let why = OpenSSLDoor.takeErrors() ?? "no reason given"
            throw PKIError(.malformed, "this is not a revocation list: \(why)")
        }
        self.init(adopting: read)
        guard isWhole else {
            throw PKIError(.malformed, "bytes stand behind the revocation list")
        }
    }

    /// The list as one PEM block.
    public var pem: [UInt8] {
        OpenSSLDoor.written { PEM_write_bio_X509_CRL($0, pointer) == 1 } ?? []
    }

    /// The encoded list.
    public var der: [UInt8] {
        var count = 0
        // SAFETY: OpenSSL allocates `count` bytes, which are copied and freed here.
        guard let start = unsafe seal_crl_der(pointer, &count) else { return [] }
        defer { unsafe seal_free(start) }
        return unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    }

    /// Who signed the list.
    public func issuer() throws(PKIError) -> DistinguishedName {
        try DistinguishedName(reading: X509_CRL_get_issuer(pointer))
    }

    /// When the list was made, in Unix seconds.
    public var thisUpdate: Int64 {
        // SAFETY: the time belongs to the list.
        unsafe seal_asn1_time_seconds(X509_CRL_get0_lastUpdate(pointer), .max)
    }

    /// When the next list is due, in Unix seconds; nil when the list does not say.
    public var nextUpdate: Int64? {
        // SAFETY: the time belongs to the list.
        guard let time = unsafe X509_CRL_get0_nextUpdate(pointer) else { return nil }
        return unsafe seal_asn1_time_seconds(time, .min)
    }

    /// How many certificates are revoked.
    public var count: Int { max(Int(seal_crl_count(pointer)), 0) }

    /// Whether the list names the certificate.
    public func revokes(_ certificate: Certificate) -> Bool {
        seal_crl_has(pointer, certificate.pointer) == 1
    }
}
