// SPDX-License-Identifier: Apache-2.0
// Revoking, taking back a hold, and signing revocation lists.

internal import COpenSSL
internal import CSys
internal import Glibc

extension LocalAuthority {
    /// Revokes a certificate; `certificate` lets one in that the database does not know.
    ///
    /// The reason `removeFromCRL` takes a hold back, and is refused for anything else.
    public func revoke(
        _ serial: SerialNumber,
        _ revocation: Revocation,
        certificate given: Certificate? = nil
    ) throws(PKIError) -> DatabaseRow {
        try locked { () throws(PKIError) in
            var database = try AuthorityDatabase(settings, isWriting: true)
            guard let (row, place) = try database.row(serial) else {
                let row = try revoked(try strange(serial, given), revocation, database)
                try database.commit(changes: [:], adding: [row])
                return row
            }
            let changed = try revoked(row, revocation, database)
            try database.commit(changes: [place: changed], adding: [])
            return changed
        }
    }

    /// The row of a certificate of ours that the database lost.
    private func strange(
        _ serial: SerialNumber,
        _ given: Certificate?
    ) throws(PKIError) -> DatabaseRow {
        guard let given else {
            throw PKIError(
                .unknownCertificate,
                "there is no certificate \(serial.hexadecimal) in \(settings.database)"
            )
        }
        guard given.isIssued(by: certificate) else {
            throw PKIError(.unknownCertificate, "the certificate is not by this authority")
        }
        let line = NameOwner.line(X509_get_subject_name(given.pointer))
        return DatabaseRow(valid: serial, notAfter: given.notAfter, subject: line)
    }

    private func revoked(
        _ row: DatabaseRow,
        _ revocation: Revocation,
        _ database: AuthorityDatabase
    ) throws(PKIError) -> DatabaseRow {
        var row = row
        let number = row.serial.hexadecimal
        if revocation.reason == .removeFromCRL {
            guard row.state == .revoked, row.revocation?.reason == .certificateHold else {
                throw PKIError(
                    .revocationState,
                    "the certificate \(number) is not on hold, so nothing can be taken back"
                )
            }
            if database.isUnique, let other = try database.validRow(row.subject) {
                throw PKIError(
                    .subjectTaken,
                    "meanwhile \(other.row.serial.hexadecimal) is valid for \(row.subject)"
                )
            }
            row.state = .valid
            row.revocation = nil
            return row
        }
        // A hold may become final.
        let isOnHold = row.revocation?.reason == .certificateHold
        guard row.state != .revoked || (isOnHold && revocation.reason != .certificateHold) else {
            throw PKIError(.revocationState, "the certificate \(number) is revoked already")
        }
        row.state = .revoked
        row.revocation = revocation
        return row
    }

    /// Signs the list of all that is revoked, under the next number, and writes it to a file.
    ///
    /// The number is on the disk before a list bears it.
    public func writeRevocationList(
        key: PrivateKey,
        seconds: Int64,
        to path: String,
        now: Int64 = LocalAuthority.now
    ) throws(PKIError) -> (list: RevocationList, number: SerialNumber?) {
        try CertificateSigner.check(certificate, key, now, UInt32(KU_CRL_SIGN), "revocation lists")
        return try locked { () throws(PKIError) in
            let number = try settings.crlNumber.map { (file) throws(PKIError) in
                try SerialFile.read(file, "number of a revocation list")
            }
            let list = try makeList(key, seconds, number, now)
            if let number, let file = settings.crlNumber {
                try SerialFile.write(number.next, file)
            }
            try Files.write(list.pem, to: path)
            return (list, number)
        }
    }

    private func makeList(
        _ key: PrivateKey,
        _ seconds: Int64,
        _ number: SerialNumber?,
        _ now: Int64
    ) throws(PKIError) -> RevocationList {
        guard let list = X509_CRL_new(), let this = ASN1_TIME_new(), let next = ASN1_TIME_new()
        else { throw PKIError(.cryptography, "there is no memory for a revocation list") }
        let owner = RevocationList(adopting: list)
        // SAFETY: OpenSSL copies the times, which are freed here.
        defer {
            unsafe ASN1_TIME_free(this)
            unsafe ASN1_TIME_free(next)
        }
        let (end, isOver) = now.addingReportingOverflow(seconds)
        // X509_CRL version 2 is written as 1 (RFC 5280 §5.1.2.1).
        let isBegun =
            unsafe seconds > 0 && !isOver && seal_set_time(this, now) == 1
            && seal_set_time(next, end) == 1 && X509_CRL_set_version(list, 1) == 1
            && X509_CRL_set_issuer_name(list, X509_get_subject_name(certificate.pointer)) == 1
            && X509_CRL_set1_lastUpdate(list, this) == 1
            && X509_CRL_set1_nextUpdate(list, next) == 1
        guard isBegun else { throw PKIError(.badRequest, "the time of the next list is wrong") }
        for row in try rows() {
            guard let revocation = row.revocation, revocation.reason != .removeFromCRL else {
                continue
            }
            guard
                seal_crl_add(
                    list,
                    row.serial.hexadecimal,
                    revocation.when,
                    revocation.reason?.code ?? -1,
                    revocation.invalidSince ?? .min,
                    revocation.hold
                ) == 1
            else {
                throw PKIError(
                    .database,
                    "the revocation of \(row.serial.hexadecimal) cannot be in a list"
                )
            }
        }
        try putExtensions(list, number)
        let digest = try CertificateSigner.digest(settings, key)
        // SAFETY: the digest is a constant of the library; NULL is what Ed25519 wants.
        guard X509_CRL_sort(list) == 1, unsafe X509_CRL_sign(list, key.pointer, digest) > 0 else {
            let why = OpenSSLDoor.takeErrors() ?? "no reason given"
            throw PKIError(.cryptography, "the revocation list could not be signed: \(why)")
        }
        OpenSSLDoor.forgetErrors()
        return owner
    }

    private func putExtensions(
        _ list: OpaquePointer,
        _ number: SerialNumber?
    ) throws(PKIError) {
        var place = "the revocation list"
        var entries = [
            OpenSSLConfiguration.Entry(name: "authorityKeyIdentifier", value: "keyid:always")
        ]
        if let section = settings.crlExtensions {
            guard let found = settings.configuration.entries(section) else {
                throw PKIError(.configuration, "\(settings.file) has no section [ \(section) ]")
            }
            entries = found
            place = "[ \(section) ] in \(settings.file)"
        }
        try ExtensionPlan.put(
            entries,
            try ConfigurationOwner(settings.configuration),
            issuer: certificate,
            into: list,
            place: place
        )
        if let number, seal_crl_set_number(list, number.hexadecimal) != 1 {
            throw PKIError(.cryptography, "the number could not be put into the list")
        }
    }
}
