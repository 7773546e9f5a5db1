// SPDX-License-Identifier: Apache-2.0
// One run of `sealwire ca issue`: names become orders, orders certificates, certificates files.

import Glibc
import SealBytes
import SealPKI

/// A run with its authority opened and its session prepared.
struct IssueRun {
    private let options: IssueOptions
    private let authority: LocalAuthority
    private let session: AuthoritySession
    private let files: DeviceFiles
    private let above: [UInt8]
    private let keyPassphrase: [UInt8]?
    private let storePassword: [UInt8]
    private let days: Int

    init(_ options: IssueOptions) throws {
        self.options = options
        authority = try options.authority.open()
        session = try AuthoritySession(
            authority,
            key: options.authority.key(of: authority),
            choice: options.signing.extensions
        )
        files = try DeviceFiles(options.output ?? authority.settings.newCertificates)
        session.outputFolder = files.folder
        above = authority.abovePEM
        keyPassphrase = try options.keySecret.given()
        storePassword = options.stores.isEmpty ? [] : try options.storeSecret.readNew()
        days = options.signing.days(authority)
    }

    /// A name that is ready to be signed.
    private struct Ready {
        let name: String
        let stem: String
        let order: SigningOrder
        let key: PrivateKey
        let keyPEM: [UInt8]
        let isOverwriting: Bool
    }

    private func ready(
        _ name: String,
        _ stem: String,
        isOverwriting: Bool
    ) throws(PKIError) -> Ready {
        let key = try PrivateKey.generate(options.keyKind)
        let pem: [UInt8]
        if let keyPassphrase {
            pem = try key.pem(passphrase: keyPassphrase)
        } else {
            pem = try key.pem()
        }
        return Ready(
            name: name,
            stem: stem,
            order: SigningOrder(
                subject: session.subject(commonName: name, more: options.fields),
                names: options.signing.names,
                key: key,
                days: days
            ),
            key: key,
            keyPEM: pem,
            isOverwriting: isOverwriting
        )
    }

    /// The name of files for a name, or why there can be none.
    private func stem(_ name: String) throws(PKIError) -> String {
        guard let stem = DeviceFiles.stem(name) else {
            throw PKIError(.badRequest, "\"\(name)\" cannot be the name of a file")
        }
        return stem
    }

    private func taken(_ path: String) -> PKIError {
        PKIError(
            .fileExists,
            "\(path) is there already and is not overwritten",
            hint: "name another folder with --out, or renew with sealwire ca renew"
        )
    }

    private func write(_ one: Ready, _ issued: IssuedCertificate) throws(PKIError) {
        try files.write(
            one.stem,
            issued.certificate,
            above: above,
            key: one.keyPEM,
            stores: try stores(one, issued),
            isOverwriting: one.isOverwriting
        )
    }

    /// The keystores of one certificate.
    private func stores(
        _ one: Ready,
        _ issued: IssuedCertificate
    ) throws(PKIError) -> [KeystoreFormat: [UInt8]] {
        guard !options.stores.isEmpty else { return [:] }
        var store = Keystore()
        let chain = [issued.certificate, authority.certificate] + authority.chain
        try store.add(
            KeystoreEntry(
                alias: options.alias ?? one.name,
                created: LocalAuthority.now * 1000,
                content: .key(.open(one.key), chain: chain)
            )
        )
        var written: [KeystoreFormat: [UInt8]] = [:]
        for format in options.stores {
            written[format] = try store.written(as: format, password: storePassword)
        }
        return written
    }

    /// One name.
    func one(_ name: String) throws -> Int32 {
        let stem = try stem(name)
        var isOverwriting = false
        switch files.presence(stem, authority) {
        case .free: break
        case .leftover: isOverwriting = true
        case .complete: throw taken(files.certificate(stem))
        case .taken(let path): throw taken(path)
        }
        let one = try ready(name, stem, isOverwriting: isOverwriting)
        let issued = try session.issue(one.order) { issued throws(PKIError) in
            try write(one, issued)
        }
        AuthorityNotes.write(issued)
        AuthorityNotes.writeEnd(issued, days: days)
        if !authority.isChainWhole {
            Terminal.note("sealwire: note: the chain does not reach a root; see sealwire ca adopt")
        }
        if options.isJSON {
            Terminal.write(json(name, stem, "issued", issued.serial).line + "\n")
        } else {
            Terminal.write(
                """
                \(files.certificate(stem))
                \(files.chain(stem))
                \(files.key(stem))

                """
            )
            for format in options.stores { Terminal.write("\(files.store(stem, format))\n") }
        }
        return ToolExit.done
    }

    /// Many names, in groups.
    func all(_ names: [String]) throws -> Int32 {
        var tally = Tally(total: names.count, isQuiet: options.isQuiet)
        var rest = names[...]
        while !rest.isEmpty {
            let group = rest.prefix(AuthoritySession.groupMax)
            rest = rest.dropFirst(group.count)
            let lines = try signGroup(Array(group), &tally)
            guard Terminal.write(lines) else { return ToolExit.failed }
            tally.show(isLast: rest.isEmpty)
        }
        return tally.refused == 0 ? ToolExit.done : ToolExit.failed
    }

    /// Signs a group; gives back its lines of results, in the order of the names.
    private func signGroup(_ names: [String], _ tally: inout Tally) throws -> String {
        var lines = [String](repeating: "", count: names.count)
        var group: [(position: Int, ready: Ready)] = []
        var stems: Set<String> = []
        for (position, name) in names.enumerated() {
            do throws(PKIError) {
                let stem = try stem(name)
                guard stems.insert(stem).inserted else { throw taken(files.certificate(stem)) }
                switch files.presence(stem, authority) {
                case .free:
                    group.append((position, try ready(name, stem, isOverwriting: false)))
                case .leftover:
                    group.append((position, try ready(name, stem, isOverwriting: true)))
                case .complete(let found):
                    tally.present += 1
                    let serial = SerialNumber(hexadecimal: found.serial)
                    lines[position] = line(name, stem, "exists", serial)
                case .taken(let path): throw taken(path)
                }
            } catch {
                lines[position] = refusal(name, error, &tally)
            }
        }
        var failures: [Int: PKIError] = [:]
        let results = try session.issue(group.map(\.ready.order)) { index, issued in
            do throws(PKIError) {
                try write(group[index].ready, issued)
            } catch {
                failures[index] = error
            }
            return failures[index] == nil
        }
        for (index, result) in results.enumerated() {
            let (position, one) = group[index]
            do throws(PKIError) {
                if let failure = failures[index] { throw failure }
                let issued = try result.get()
                tally.issued += 1
                lines[position] = line(one.name, one.stem, "issued", issued.serial)
            } catch {
                lines[position] = refusal(one.name, error, &tally)
            }
        }
        return lines.joined()
    }

    private func refusal(_ name: String, _ error: PKIError, _ tally: inout Tally) -> String {
        tally.refused += 1
        if options.isJSON {
            let members: [(String, JSONValue)] = [
                ("name", .string(name)), ("result", .string("refused")),
                ("code", .string(error.code.rawValue)), ("reason", .string(error.reason)),
            ]
            return JSONValue.pairs(members).line + "\n"
        }
        let why = TextTable.printable("\(error.code.rawValue): \(error.reason)")
        return "\(TextTable.printable(name))\trefused\t\(why)\n"
    }

    private func line(
        _ name: String,
        _ stem: String,
        _ result: String,
        _ serial: SerialNumber?
    ) -> String {
        if options.isJSON { return json(name, stem, result, serial).line + "\n" }
        return "\(name)\t\(result)\t\(serial?.hexadecimal ?? "")\n"
    }

    private func json(
        _ name: String,
        _ stem: String,
        _ result: String,
        _ serial: SerialNumber?
    ) -> JSONValue {
        .pairs([
            ("name", .string(name)), ("result", .string(result)),
            ("serial", .string(orNull: serial?.hexadecimal)),
            ("certificate", .string(files.certificate(stem))),
            ("chain", .string(files.chain(stem))), ("key", .string(files.key(stem))),
        ])
    }
}

/// How far a bulk order is.
private struct Tally {
    let total: Int
    let isQuiet: Bool
    var issued = 0
    var present = 0
    var refused = 0
    private let begin = Tally.seconds
    private var shown = Tally.seconds

    init(total: Int, isQuiet: Bool) {
        self.total = total
        self.isQuiet = isQuiet
    }

    private static var seconds: Int { time(nil) }

    mutating func show(isLast: Bool) {
        guard !isQuiet, isLast || Self.seconds > shown else { return }
        shown = Self.seconds
        let done = issued + present + refused
        Terminal.note(
            "sealwire: \(done) of \(total) names: \(issued) issued, \(present) there already, "
                + "\(refused) refused, \(shown - begin) s"
        )
    }
}
