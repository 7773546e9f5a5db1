// SPDX-License-Identifier: Apache-2.0
// Taking over a folder that openssl's commands made: everything is checked, what is missing is
// made, and nothing that is there is lost.

internal import COpenSSL
internal import Glibc

/// What was found and done while a folder was taken over.
public struct AdoptionReport: Sendable {
    /// What was made or repaired.
    public var made: [String] = []
    /// What the owner should know.
    public var notes: [String] = []
    /// How many rows the database has.
    public var rowCount = 0
}

extension LocalAuthority {
    /// Takes a folder over; `above` are certificates to find the chain among.
    public static func adopt(
        _ path: String,
        section: String? = nil,
        above: [Certificate] = [],
        now: Int64 = LocalAuthority.now
    ) throws(PKIError) -> (authority: LocalAuthority, report: AdoptionReport) {
        let settings = try AuthoritySettings.read(path, section: section)
        var report = AdoptionReport()
        var authority = try LocalAuthority(settings)
        try authority.locked { () throws(PKIError) in
            try authority.adoptFolders(&report)
            try authority.adoptDatabase(&report)
            try authority.adoptNumbers(&report)
        }
        try authority.adoptChain(above, &report)
        authority = try LocalAuthority(settings)
        authority.judge(&report, now)
        return (authority, report)
    }

    private func adoptFolders(_ report: inout AdoptionReport) throws(PKIError) {
        var folders = [settings.newCertificates]
        if let number = settings.crlNumber { folders.append(folderName(number)) }
        if let crl = settings.crl { folders.append(folderName(crl)) }
        for folder in folders where !DirectoryFiles.exists(folder) {
            try DirectoryFiles.makeFolder(folder)
            report.made.append("the folder \(folder)")
        }
    }

    private func adoptDatabase(_ report: inout AdoptionReport) throws(PKIError) {
        if !DirectoryFiles.exists(settings.database) {
            try DirectoryFiles.create(settings.database, [], mode: 0o644)
            report.made.append("the empty database \(settings.database)")
        }
        let database = try AuthorityDatabase(settings, isWriting: true)
        report.rowCount = try rows().count
        if !DirectoryFiles.exists(settings.attributes) {
            let word = database.isUnique ? "yes" : "no"
            try DirectoryFiles.replace(
                settings.attributes,
                Array("unique_subject = \(word)\n".utf8)
            )
            report.made.append("\(settings.attributes) with unique_subject = \(word)")
        }
    }

    private func adoptNumbers(_ report: inout AdoptionReport) throws(PKIError) {
        if let file = settings.serial {
            let last = try rows().map(\.serial).max()
            let behind = last?.next ?? SerialNumber(bytes: [0x10, 0])
            if !DirectoryFiles.exists(file) {
                try SerialFile.write(behind, file)
                report.made.append("\(file) with the serial number \(behind.hexadecimal)")
            } else if try SerialFile.read(file, "serial number") < behind, last != nil {
                try SerialFile.write(behind, file)
                report.made.append("\(file) now says \(behind.hexadecimal), behind the last one")
            }
        }
        guard let file = settings.crlNumber else {
            report.notes.append("the configuration names no crlnumber: lists will have no number")
            return
        }
        if !DirectoryFiles.exists(file) {
            try SerialFile.write(SerialNumber(bytes: [0x10, 0]), file)
            report.made.append("\(file) with the number 1000 for the first revocation list")
        } else {
            _ = try SerialFile.read(file, "number of a revocation list")
        }
    }

    /// The certificates above: those that are given, and those of the folder above.
    private func adoptChain(
        _ given: [Certificate],
        _ report: inout AdoptionReport
    ) throws(PKIError) {
        guard !isChainWhole else { return }
        var heap = given + chain
        let above = folderName(folderName(settings.certificate))
        for name in (try? Files.names(in: above)) ?? []
        where name.hasSuffix(".pem") && !name.hasSuffix("Key.pem") {
            let file = "\(above)/\(name)"
            guard let bytes = try? Files.read(file, bytesMax: 1 << 20),
                let found = try? CertificateBundle(pem: bytes)
            else { continue }
            heap += found.certificates
        }
        let found = Self.ordered(from: certificate, heap)
        guard found.count > chain.count else { return }
        try DirectoryFiles.replace(settings.chain, found.flatMap(\.pem))
        report.made.append("\(settings.chain) with the \(found.count) certificates above")
    }

    /// What will not work, or not well.
    private func judge(_ report: inout AdoptionReport, _ now: Int64) {
        if !certificate.isAuthority {
            report.notes.append("\(settings.certificate) is not an authority's: it cannot sign")
        }
        if certificate.notAfter < now {
            report.notes.append("\(settings.certificate) has expired: it cannot sign")
        }
        if !isChainWhole {
            report.notes.append(
                "the chain above \(settings.certificate) is not known; give it with --chain"
            )
        }
        if let bits = certificate.key?.bits, certificate.key?.algorithm == "RSA", bits < 2048 {
            report.notes.append("the authority's own key has only \(bits) bits")
        }
        let isKeyThere = DirectoryFiles.exists(settings.privateKey)
        if !isKeyThere { report.notes.append("there is no key \(settings.privateKey)") }
    }
}
