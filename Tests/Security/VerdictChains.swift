// SPDX-License-Identifier: Apache-2.0
// The chains of the table of verdicts: authorities, what they issued, and what is wrong with it.
// What our own signer refuses to make is openssl's.

import Foundation
import SealPKI
import Testing

@testable import Stage

/// Chains that clients show.
struct VerdictChains: Sendable {
    static let shared = Result { try VerdictChains() }
    static let now = Int64(Date().timeIntervalSince1970)
    static let day: Int64 = 86_400

    /// Authorities and certificates that the listeners trust.
    private(set) var trusted: [Made] = []
    /// Certificates that are pinned.
    private(set) var pinned: [Made] = []
    /// Trusted too, and switched off where that can be said.
    let disabled: Made
    let belowDisabled: [Made]
    private(set) var chains: [String: [Made]] = [:]
    /// The lists of the authority "Root", of another one below it, and an overdue one.
    let lists: [String: [UInt8]]
    /// Serial numbers that a tenant revokes.
    let revokedHere: [Made]

    private static func root(
        _ name: String,
        from: Int64 = now - 100 * day,
        days: Int = 3650,
        key: PrivateKey? = nil,
        pathLength: Int? = nil
    ) throws -> Made {
        let made = try CertificateAuthority.makeRoot(
            subject: DistinguishedName(commonName: name, organization: "Verdicts"),
            key: key,
            days: days,
            pathLength: pathLength,
            notBefore: from
        )
        return Made(certificate: made.certificate, key: made.key)
    }

    private static func issue(
        _ issuer: Made,
        _ name: String = "dev",
        _ purpose: CertificatePurpose = .device,
        from: Int64 = now - 10 * day,
        days: Int = 365,
        pathLength: Int? = nil
    ) throws -> Made {
        let authority = try CertificateAuthority(
            certificate: issuer.certificate,
            key: try #require(issuer.key)
        )
        let made = try authority.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: name),
                purpose: purpose,
                days: days,
                notBefore: from,
                pathLength: pathLength
            )
        )
        return Made(certificate: made.certificate, key: made.key)
    }

    private static func alone(
        _ name: String,
        from: Int64 = now - 10 * day,
        days: Int = 365
    ) throws -> Made {
        let made = try CertificateAuthority.makeSelfSigned(
            CertificateOrder(
                subject: DistinguishedName(commonName: name),
                purpose: .device,
                days: days,
                notBefore: from
            )
        )
        return Made(certificate: made.certificate, key: made.key)
    }

    private init() throws {
        let now = Self.now
        let day = Self.day
        let root = try Self.root("Root")
        let middle = try Self.issue(root, "Middle", .authority)
        let below = try Self.issue(middle)
        let good = try Self.issue(root)
        chains["good"] = [good, root]
        chains["alone below its issuer"] = [good]
        chains["below an authority between"] = [below, middle, root]
        chains["in another order"] = [below, root, middle]
        chains["with a strange certificate beside"] = [good, root, try Self.root("Strange")]
        chains["authority between missing"] = [below, root]
        chains["alone, issuer unknown"] = [below]
        chains["expired"] = [try Self.issue(root, from: now - 20 * day, days: 10), root]
        chains["not yet valid"] = [try Self.issue(root, from: now + day), root]
        chains["self-signed"] = [try Self.alone("dev")]
        chains["self-signed and expired"] = [try Self.alone("dev", from: now - 20 * day, days: 9)]
        let foreign = try Self.root("Foreign")
        chains["of a foreign authority"] = [try Self.issue(foreign), foreign]
        chains["for servers only"] = [try Self.issue(root, "dev", .server), root]
        let past = now - 20 * day
        let oldMiddle = try Self.issue(root, "Old middle", .authority, from: past, days: 10)
        // Our own signer keeps within the issuer's time: a twin signs.
        let twinMiddle = try Self.twin(of: oldMiddle, "Old middle", below: root)
        chains["authority between expired"] = [try Self.issue(twinMiddle), oldMiddle, root]
        let old = try Self.root("Old", from: now - 900 * day, days: 890)
        let oldTwin = try Self.root("Old", key: old.key)
        chains["anchor expired"] = [try Self.issue(oldTwin), old]
        let young = try Self.root("Young", from: now + day)
        let youngTwin = try Self.root("Young", key: young.key)
        chains["anchor not yet valid"] = [try Self.issue(youngTwin), young]
        chains["signed by a namesake"] = [try Self.issue(try Self.root("Root"))]
        let short = try Self.root("Short", pathLength: 0)
        let long = try Self.root("Short", key: short.key)
        let sub = try Self.issue(long, "Sub", .authority)
        chains["path length"] = [try Self.issue(sub), sub, short]
        let pin = try Self.alone("pin")
        let pinOld = try Self.alone("pin", from: now - 20 * day, days: 10)
        let pinYoung = try Self.alone("pin", from: now + day)
        chains["pinned"] = [pin]
        chains["pinned and expired"] = [pinOld]
        chains["pinned and not yet valid"] = [pinYoung]
        pinned = [pin, pinOld, pinYoung]
        let revoked = try Self.issue(root)
        chains["revoked by a list"] = [revoked, root]
        let badMiddle = try Self.issue(root, "Bad middle", .authority)
        chains["authority between revoked by a list"] = [
            try Self.issue(badMiddle), badMiddle, root,
        ]
        let cancelled = try Self.issue(root)
        chains["revoked by the tenant"] = [cancelled, root]
        revokedHere = [cancelled]
        let overdue = try Self.root("Overdue")
        chains["list overdue"] = [try Self.issue(overdue), overdue]
        disabled = try Self.root("Disabled")
        belowDisabled = [try Self.issue(disabled), disabled]
        let listless = try Self.root("Listless")
        chains["issuer without list"] = [try Self.issue(listless), listless]
        trusted = [root, old, young, short, overdue, listless]
        lists = [
            "root": try Self.list(root, [revoked, badMiddle], now, 10 * day),
            "middle": try Self.list(badMiddle, [], now, 10 * day),
            "overdue": try Self.list(overdue, [], now - 10 * day, day),
        ]
        try makeWithOpenSSL(root)
    }

    private static func twin(of one: Made, _ name: String, below root: Made) throws -> Made {
        let authority = try CertificateAuthority(
            certificate: root.certificate,
            key: try #require(root.key)
        )
        let made = try authority.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: name),
                purpose: .authority,
                days: 300
            ),
            key: one.key
        )
        return Made(certificate: made.certificate, key: made.key)
    }

    private static func list(
        _ issuer: Made,
        _ revoked: [Made],
        _ from: Int64,
        _ seconds: Int64
    ) throws -> [UInt8] {
        let authority = try CertificateAuthority(
            certificate: issuer.certificate,
            key: try #require(issuer.key)
        )
        let list = try authority.revocationList(
            revoking: revoked.map(\.certificate.serial),
            seconds: seconds,
            now: from - 3600
        )
        return list.pem
    }

    // MARK: openssl

    private mutating func makeWithOpenSSL(_ root: Made) throws {
        let tool = try Tool(root)
        chains["weak key"] = [try tool.issue(key: .rsa(1024)), root]
        // TLS itself takes it; 2^64 + 13 is longer than what is taken here.
        let long = Tool.Kind.exponent("18446744073709551629")
        chains["key that is not accepted"] = [try tool.issue(key: long), root]
        chains["weak signature"] = [try tool.issue(digest: "sha1"), root]
        chains["for signing code, critical"] = [
            try tool.issue("extendedKeyUsage = critical,codeSigning"), root,
        ]
        chains["key for key agreement with nobody"] = [
            try tool.issue("keyUsage = critical,cRLSign"), root,
        ]
        chains["unknown critical extension"] = [
            try tool.issue("1.2.3.4.5 = critical,ASN1:NULL"), root,
        ]
        let fake = try tool.issue("basicConstraints = critical,CA:FALSE", subject: "/CN=Fake")
        chains["issuer is no authority"] = [try tool.issue(below: fake), fake, root]
        let inside = try tool.issue(
            """
            basicConstraints = critical,CA:TRUE
            nameConstraints = critical,permitted;DNS:inside.example
            """,
            subject: "/CN=Inside"
        )
        chains["name outside"] = [
            try tool.issue("subjectAltName = DNS:outside.test", below: inside), inside, root,
        ]
        chains["name inside"] = [
            try tool.issue("subjectAltName = DNS:a.inside.example", below: inside), inside, root,
        ]
        let mute = try tool.issue(
            """
            basicConstraints = critical,CA:TRUE
            keyUsage = critical,cRLSign
            """,
            subject: "/CN=Mute"
        )
        chains["issuer may not sign certificates"] = [try tool.issue(below: mute), mute, root]
        let web = try tool.issue(
            """
            basicConstraints = critical,CA:TRUE
            extendedKeyUsage = serverAuth
            """,
            subject: "/CN=Web"
        )
        chains["issuer for servers only"] = [try tool.issue(below: web), web, root]
    }

    /// Certificates only openssl makes.
    private struct Tool {
        enum Kind {
            case curve
            case rsa(Int)
            case exponent(String)
        }

        let folder: URL
        let root: Made

        init(_ root: Made) throws {
            self.root = root
            folder = FileManager.default.temporaryDirectory.appending(
                path: "verdicts-\(UUID().uuidString)"
            )
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }

        func issue(
            _ extensions: String = "",
            below issuer: Made? = nil,
            subject: String = "/CN=dev",
            key: Kind = .curve,
            digest: String = "sha256"
        ) throws -> Made {
            let issuer = issuer ?? root
            try Data(issuer.certificate.pem).write(to: folder.appending(path: "ca.pem"))
            try Data(try #require(issuer.key).pem()).write(to: folder.appending(path: "ca.key"))
            try Data("[more]\nsubjectKeyIdentifier = hash\n\(extensions)\n".utf8)
                .write(to: folder.appending(path: "more.cnf"))
            switch key {
            case .curve:
                try run(["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "own.key"])
            case .rsa(let bits): try run(["genrsa", "-out", "own.key", "\(bits)"])
            case .exponent(let exponent):
                try run([
                    "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048",
                    "-pkeyopt", "rsa_keygen_pubexp:\(exponent)", "-out", "own.key",
                ])
            }
            try run(["req", "-new", "-key", "own.key", "-subj", subject, "-out", "own.csr"])
            try run([
                "x509", "-req", "-in", "own.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-out", "own.pem", "-set_serial", "\(UInt32.random(in: 1...UInt32.max))",
                "-days", "300", "-\(digest)", "-extfile", "more.cnf", "-extensions", "more",
            ])
            let pem = try Data(contentsOf: folder.appending(path: "own.pem"))
            let own = try Data(contentsOf: folder.appending(path: "own.key"))
            return Made(
                certificate: try Certificate(pem: Array(pem)),
                key: try PrivateKey(pem: Array(own))
            )
        }

        private func run(_ arguments: [String]) throws {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/openssl")
            process.arguments = arguments
            process.currentDirectoryURL = folder
            process.standardError = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0, "openssl \(arguments)")
        }
    }
}
