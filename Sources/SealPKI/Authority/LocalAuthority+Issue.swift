// SPDX-License-Identifier: Apache-2.0
// Signing in groups: numbers, rows and files in the order that LocalAuthority promises.

internal import COpenSSL
internal import Glibc
internal import SealBytes

/// A certificate that was signed and written down.
public struct IssuedCertificate: Sendable {
    /// The certificate.
    public let certificate: Certificate
    /// Its number.
    public let serial: SerialNumber
    /// Its subject as in the database.
    public let subject: String
    /// The fields of the subject that the policy left out.
    public let droppedFields: [String]
    /// The extensions that the request asked for and did not get as asked.
    public let droppedExtensions: [String]
    /// The numbers that were revoked because this certificate takes their place.
    public let replaced: [SerialNumber]
}

/// What happens to a valid certificate with the same subject.
public enum SubjectRule: Sendable {
    /// It stays, and unique subjects refuse the new one.
    case keep
    /// It is revoked as superseded.
    case replace
}

/// A signer that has what it needs for any number of certificates.
public final class AuthoritySession {
    /// The authority.
    public let authority: LocalAuthority
    /// A further folder that certificates are delivered to, to be synced as well.
    public var outputFolder: String?
    private let signer: CertificateSigner
    private let now: Int64

    /// Certificates are signed in groups of at most so many.
    public static let groupMax = 512

    /// Checks the authority, its key and the extensions.
    public init(
        _ authority: LocalAuthority,
        key: PrivateKey,
        choice: ExtensionChoice,
        now: Int64 = LocalAuthority.now
    ) throws(PKIError) {
        self.authority = authority
        self.now = now
        signer = try CertificateSigner(
            authority.settings,
            issuer: authority.certificate,
            chain: authority.chain,
            key: key,
            choice: choice,
            now: now
        )
    }

    /// The subject of a device or server of which only the name is known.
    public func subject(
        commonName: String,
        more: [NameAttribute] = []
    ) -> [NameAttribute] {
        signer.policy.subject(commonName: commonName, more: more)
    }

    /// The subject as the database would write it; refused when the policy refuses it.
    public func line(of subject: [NameAttribute]) throws(PKIError) -> String {
        try signer.policy.grant(subject).line
    }

    /// Signs one certificate; `deliver` writes what goes elsewhere than into the folder.
    public func issue(
        _ order: SigningOrder,
        rule: SubjectRule = .keep,
        deliver: (IssuedCertificate) throws(PKIError) -> Void
    ) throws(PKIError) -> IssuedCertificate {
        var failure: PKIError?
        let results = try issue([order], rule: rule) { _, issued in
            do throws(PKIError) { try deliver(issued) } catch { failure = error }
            return failure == nil
        }
        if let failure { throw failure }
        guard let result = results.first else {
            throw PKIError(.badRequest, "there was nothing to sign")
        }
        return try result.get()
    }

    /// A certificate that waits for its group.
    private struct Pending {
        let position: Int
        let issued: IssuedCertificate
    }

    /// Signs a group, all of it safe when this returns; a refusal is that one's alone.
    ///
    /// `deliver` writes files without syncing them and says whether it could; those that it could
    /// not write stay in the database and are not complete.
    public func issue(
        _ orders: [SigningOrder],
        rule: SubjectRule = .keep,
        deliver: (Int, IssuedCertificate) -> Bool
    ) throws(PKIError) -> [Result<IssuedCertificate, PKIError>] {
        precondition(orders.count <= Self.groupMax, "a group is too large")
        return try authority.locked { () throws(PKIError) in
            try issueLocked(orders, rule, deliver)
        }
    }

    private func issueLocked(
        _ orders: [SigningOrder],
        _ rule: SubjectRule,
        _ deliver: (Int, IssuedCertificate) -> Bool
    ) throws(PKIError) -> [Result<IssuedCertificate, PKIError>] {
        var database = try AuthorityDatabase(authority.settings, isWriting: true)
        let journal = SigningJournal(authority)
        try journal.recover(&database, now: now)
        var group = SigningGroup(authority, rule: rule, now: now)
        try group.begin()
        var results: [Result<IssuedCertificate, PKIError>] = []
        var pending: [Pending] = []
        for (position, order) in orders.enumerated() {
            do throws(PKIError) {
                let issued = try sign(order, &group, database)
                pending.append(Pending(position: position, issued: issued))
                results.append(.success(issued))
            } catch {
                results.append(.failure(error))
            }
        }
        guard !pending.isEmpty else { return results }
        try journal.write(pending.map(\.issued.serial))
        try group.reserve()
        try database.commit(changes: group.changes, adding: group.rows)
        try finish(pending, journal, deliver)
        return results
    }

    private func sign(
        _ order: SigningOrder,
        _ group: inout SigningGroup,
        _ database: AuthorityDatabase
    ) throws(PKIError) -> IssuedCertificate {
        let subject = try signer.grant(order)
        let place = try group.admit(subject.line, database)
        let serial = try group.nextSerial(database)
        let made = try signer.sign(order, subject, serial: serial)
        let replaced = group.take(place, serial, subject.line, made.notAfter)
        return IssuedCertificate(
            certificate: made,
            serial: serial,
            subject: subject.line,
            droppedFields: subject.dropped,
            droppedExtensions: order.request.map { CertificateSigner.missing($0, made) } ?? [],
            replaced: replaced
        )
    }

    /// Files elsewhere first; a certificate under its number says that all others are there.
    private func finish(
        _ pending: [Pending],
        _ journal: SigningJournal,
        _ deliver: (Int, IssuedCertificate) -> Bool
    ) throws(PKIError) {
        let folder = authority.settings.newCertificates
        var complete: [Pending] = []
        var failed: [SerialNumber] = []
        for one in pending {
            if deliver(one.position, one.issued) {
                complete.append(one)
            } else {
                failed.append(one.issued.serial)
            }
        }
        if let outputFolder, !DirectoryFiles.isSameFileSystem(outputFolder, folder) {
            try DirectoryFiles.syncAll(outputFolder)
        }
        try DirectoryFiles.syncAll(folder)
        for one in complete {
            try DirectoryFiles.create(
                authority.path(one.issued.serial),
                one.issued.certificate.pem,
                mode: 0o644
            )
        }
        if !complete.isEmpty { try DirectoryFiles.syncAll(folder) }
        try journal.write(failed)
    }
}

/// The numbers that are being signed, in a file beside the database while they are.
///
/// What a process left there when it was killed has a row but never became a file: nobody has it,
/// and it is revoked before the next one is signed.
struct SigningJournal {
    private let path: String
    private let authority: LocalAuthority

    /// At most so much of it is read.
    private static let bytesMax = 1 << 20

    init(_ authority: LocalAuthority) {
        self.authority = authority
        path = authority.settings.database + ".pending"
    }

    func write(_ serials: [SerialNumber]) throws(PKIError) {
        guard !serials.isEmpty else {
            unlink(path)
            return
        }
        let text = serials.map { $0.hexadecimal + "\n" }.joined()
        try DirectoryFiles.create(path, Array(text.utf8), mode: 0o644, isOverwriting: true)
    }

    private func serials() throws(PKIError) -> [SerialNumber] {
        guard DirectoryFiles.exists(path) else { return [] }
        let text = String(decoding: try Files.read(path, bytesMax: Self.bytesMax), as: UTF8.self)
        return text.split(separator: "\n").compactMap(SerialNumber.init(hexadecimal:))
    }

    /// Whether a process is at, or was killed at, this number.
    func contains(_ serial: SerialNumber) -> Bool {
        (try? serials())?.contains(serial) ?? false
    }

    /// Revokes what was left behind.
    func recover(_ database: inout AuthorityDatabase, now: Int64) throws(PKIError) {
        guard DirectoryFiles.exists(path) else { return }
        var changes: [Int64: DatabaseRow] = [:]
        for serial in try serials() {
            guard let (found, place) = try database.row(serial), found.state == .valid,
                authority.kept(serial) == nil
            else { continue }
            var row = found
            row.state = .revoked
            row.revocation = Revocation(when: now, reason: .superseded)
            changes[place] = row
            // Half a file is no certificate.
            unlink(authority.path(serial))
        }
        try database.commit(changes: changes, adding: [])
        unlink(path)
    }
}

/// What a group takes from the database and gives to it.
private struct SigningGroup {
    let authority: LocalAuthority
    let rule: SubjectRule
    let now: Int64
    var rows: [DatabaseRow] = []
    var changes: [Int64: DatabaseRow] = [:]
    private var subjects: Set<Name> = []
    private var serials: Set<SerialNumber> = []
    private var next: SerialNumber?

    init(_ authority: LocalAuthority, rule: SubjectRule, now: Int64) {
        self.authority = authority
        self.rule = rule
        self.now = now
    }

    mutating func begin() throws(PKIError) {
        guard let path = authority.settings.serial else { return }
        next = try SerialFile.read(path, "serial number")
    }

    /// The row that gives way to a new certificate of this subject, if there is one.
    func admit(
        _ subject: String,
        _ database: AuthorityDatabase
    ) throws(PKIError) -> (row: DatabaseRow, place: Int64)? {
        if database.isUnique, subjects.contains(Name(subject)) { throw Self.taken(subject, nil) }
        guard let found = try database.validRow(subject), changes[found.place] == nil else {
            return nil
        }
        if rule == .replace { return found }
        guard database.isUnique else { return nil }
        guard found.row.notAfter < now else { throw Self.taken(subject, found.row.serial) }
        return found
    }

    private static func taken(_ subject: String, _ serial: SerialNumber?) -> PKIError {
        let number = serial.map { ", number \($0.hexadecimal)" } ?? " in this group"
        return PKIError(
            .subjectTaken,
            "there is a valid certificate for \(subject)\(number), and subjects are unique",
            hint: "renew or revoke it, or say unique_subject = no in the database's .attr file"
        )
    }

    /// The number for one more certificate; it is used up by `take`.
    func nextSerial(_ database: AuthorityDatabase) throws(PKIError) -> SerialNumber {
        guard let next else {
            while true {
                let serial = SerialNumber(bytes: try Self.randomSerial())
                if serials.contains(serial) { continue }
                if try database.row(serial) == nil { return serial }
            }
        }
        guard next.fitsCertificate else {
            throw PKIError(.serialNumber, "the serial numbers are used up")
        }
        let row = try database.row(next)
        if row != nil || DirectoryFiles.exists(authority.path(next)) {
            throw PKIError(
                .serialNumber,
                "the next serial number \(next.hexadecimal) is used already",
                hint: "sealwire ca adopt sets the number behind the last one"
            )
        }
        return next
    }

    /// As many bits as openssl's `rand_serial`.
    private static func randomSerial() throws(PKIError) -> [UInt8] {
        var bytes = try Cryptography.randomBytes(20)
        bytes[0] &= 0x7F
        return bytes
    }

    /// Counts the certificate in; gives back the number that makes way for it.
    mutating func take(
        _ former: (row: DatabaseRow, place: Int64)?,
        _ serial: SerialNumber,
        _ subject: String,
        _ notAfter: Int64
    ) -> [SerialNumber] {
        rows.append(DatabaseRow(valid: serial, notAfter: notAfter, subject: subject))
        subjects.insert(Name(subject))
        serials.insert(serial)
        if next != nil { next = serial.next }
        guard let (found, place) = former else { return [] }
        var row = found
        if row.notAfter < now {
            row.state = .expired
        } else {
            row.state = .revoked
            row.revocation = Revocation(when: now, reason: .superseded)
        }
        changes[place] = row
        return row.state == .revoked ? [row.serial] : []
    }

    /// Makes the numbers safe before anything bears them.
    func reserve() throws(PKIError) {
        guard let next, let path = authority.settings.serial else { return }
        try SerialFile.write(next, path)
    }
}
