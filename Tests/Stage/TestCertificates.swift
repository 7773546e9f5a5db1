// SPDX-License-Identifier: Apache-2.0
// The certificates of the table, made once: authorities, what they issued, and what is wrong with
// it. Those our own signer refuses to make are openssl's.

import Foundation
import SealAdmin
import SealPKI

@testable import SealBroker
import SealBytes
@testable import SealServer

/// A certificate with its key, and as the login sees it.
struct Made: Sendable {
    var certificate: Certificate
    var key: PrivateKey?

    var presented: PresentedCertificate { PresentedCertificate(taking: certificate) }

    /// As a tenant would trust it.
    func anchor(_ tenant: UInt32, name: String = "") throws -> TrustAnchor {
        let shown = presented
        var anchor = TrustAnchor(
            tenant: tenant,
            fingerprint: Name(try Hexadecimal.text(DigestKind.sha1.digest(of: certificate.der))),
            sha256: shown.sha256,
            subjectKey: shown.subjectKey,
            der: shown.der,
            notBefore: shown.notBefore,
            notAfter: shown.notAfter
        )
        anchor.name = name
        return anchor
    }
}

enum Hexadecimal {
    static func text(_ bytes: [UInt8]) -> String {
        bytes.map { String(format: "%02x", $0) }.joined()
    }
}

/// All certificates of the table.
struct TestCertificates: Sendable {
    /// The moment the table is about: openssl begins every certificate with the time of the day.
    static let now = Int64(Date().timeIntervalSince1970) + 60
    static let day: Int64 = 86_400

    static let all: TestCertificates = {
        do { return try TestCertificates() } catch { fatalError("\(error)") }
    }()

    let root, auto, other, shared, proven, off, old, young: Made
    let closed, closedDevice: Made
    let sub, subLeaf: Made
    let dev, stranger, expired, future, server, colon, nameless, control: Made
    let offDevice, passwordDevice, autoDevice, otherDevice, sharedDevice, provenDevice: Made
    let belowOff, belowOld, belowYoung, slashed: Made
    let selfSigned, pinned, pinnedOld, pinnedYoung, pinnedBelow, unknown: Made
    let nobodys, nobodysDevice: Made
    /// Issued by another key of the same name.
    let forged: Made
    /// An issuer that is no authority, and what it issued.
    let fakeIssuer, fakeLeaf: Made
    /// An authority that may have none below it, one below it, and what that issued.
    let shortRoot, shortSub, shortLeaf: Made
    /// Bytes that are no certificate.
    let garbage: PresentedCertificate
    let weak, constrained, outside: Made

    private static func root(
        _ name: String,
        from: Int64 = now - 100 * day,
        days: Int = 3650,
        key: PrivateKey? = nil,
        pathLength: Int? = nil
    ) throws -> Made {
        let made = try CertificateAuthority.makeRoot(
            subject: DistinguishedName(commonName: name, organization: "Table"),
            key: key,
            days: days,
            pathLength: pathLength,
            notBefore: from
        )
        return Made(certificate: made.certificate, key: made.key)
    }

    private static func issue(
        _ issuer: Made,
        _ subject: DistinguishedName,
        _ purpose: CertificatePurpose = .device,
        from: Int64 = now - 10 * day,
        days: Int = 365
    ) throws -> Made {
        guard let key = issuer.key else { throw Missing() }
        let authority = try CertificateAuthority(certificate: issuer.certificate, key: key)
        let made = try authority.issue(
            CertificateOrder(subject: subject, purpose: purpose, days: days, notBefore: from)
        )
        return Made(certificate: made.certificate, key: made.key)
    }

    private static func issue(_ issuer: Made, _ name: String) throws -> Made {
        try issue(issuer, DistinguishedName(commonName: name))
    }

    private static func alone(
        _ name: String,
        from: Int64 = now - 10 * day,
        days: Int = 365,
        key: PrivateKey? = nil,
        subject: DistinguishedName? = nil
    ) throws -> Made {
        let made = try CertificateAuthority.makeSelfSigned(
            CertificateOrder(
                subject: try subject ?? DistinguishedName(commonName: name),
                purpose: .device,
                days: days,
                notBefore: from
            ),
            key: key
        )
        return Made(certificate: made.certificate, key: made.key)
    }

    private struct Missing: Error {}

    private init() throws {
        let now = Self.now
        let day = Self.day
        root = try Self.root("Root")
        auto = try Self.root("Auto")
        other = try Self.root("Other")
        shared = try Self.root("Shared")
        proven = try Self.root("Proven")
        off = try Self.root("Off")
        closed = try Self.root("Closed")
        closedDevice = try Self.issue(closed, "dev")
        old = try Self.root("Old", from: now - 900 * day, days: 890)
        young = try Self.root("Young", from: now + day)
        sub = try Self.issue(root, DistinguishedName(commonName: "Sub"), .authority)
        subLeaf = try Self.issue(sub, "dev")
        dev = try Self.issue(root, "dev")
        stranger = try Self.issue(root, "stranger")
        expired = try Self.issue(
            root,
            DistinguishedName(commonName: "dev"),
            from: now - 20 * day,
            days: 10
        )
        future = try Self.issue(root, DistinguishedName(commonName: "dev"), from: now + day)
        server = try Self.issue(root, DistinguishedName(commonName: "dev"), .server)
        colon = try Self.issue(root, "a:b")
        nameless = try Self.issue(root, DistinguishedName([NameAttribute("O", "Nobody")]))
        control = try Self.issue(root, "de\u{7}v")
        offDevice = try Self.issue(root, "off")
        passwordDevice = try Self.issue(root, "word")
        autoDevice = try Self.issue(auto, "newcomer")
        otherDevice = try Self.issue(other, "dev")
        sharedDevice = try Self.issue(shared, "dev")
        provenDevice = try Self.issue(proven, "dev")
        belowOff = try Self.issue(off, "dev")
        belowOld = try Self.issue(old, "dev")
        belowYoung = try Self.issue(young, "dev")
        slashed = try Self.issue(root, "plant/7+#")
        selfSigned = try Self.alone("dev")
        pinned = try Self.alone("whatever")
        pinnedOld = try Self.alone("whatever", from: now - 20 * day, days: 10)
        pinnedYoung = try Self.alone("whatever", from: now + day)
        pinnedBelow = try Self.issue(root, "dev")
        unknown = try Self.alone("unknown")
        nobodys = try Self.root("Nobody's")
        nobodysDevice = try Self.issue(nobodys, "dev")
        let twin = try Self.root("Root")
        forged = try Self.issue(twin, "dev")
        // The same name and key once as an authority and once as none.
        let fakeKey = try PrivateKey.generate()
        let fakeName = try DistinguishedName(commonName: "Fake", organization: "Table")
        fakeIssuer = try Self.alone("Fake", key: fakeKey, subject: fakeName)
        fakeLeaf = try Self.issue(try Self.root("Fake", key: fakeKey), "dev")
        let shortKey = try PrivateKey.generate()
        shortRoot = try Self.root("Short", key: shortKey, pathLength: 0)
        let longRoot = try Self.root("Short", key: shortKey)
        shortSub = try Self.issue(longRoot, DistinguishedName(commonName: "Sub"), .authority)
        shortLeaf = try Self.issue(shortSub, "dev")
        var bytes = PresentedCertificate(taking: dev.certificate)
        bytes.der = Array(bytes.der.prefix(100))
        bytes.sha256 = [UInt8](repeating: 7, count: 32)
        garbage = bytes
        let tool = try OpenSSLFiles()
        weak = try tool.weak(root)
        (constrained, outside) = try tool.constrained()
    }
}

/// Certificates only openssl makes.
struct OpenSSLFiles {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(
            path: "login-table-\(UUID().uuidString)"
        )
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
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
        guard process.terminationStatus == 0 else { throw Failed(arguments: arguments) }
    }

    private struct Failed: Error { var arguments: [String] }

    private func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: folder.appending(path: name))
    }

    private func read(_ name: String) throws -> Made {
        let pem = Array(try Data(contentsOf: folder.appending(path: name)))
        return Made(certificate: try Certificate(pem: pem), key: nil)
    }

    /// A certificate of a key with 1024 bits.
    func weak(_ root: Made) throws -> Made {
        guard let key = root.key else { throw Failed(arguments: []) }
        try Data(root.certificate.pem).write(to: folder.appending(path: "root.pem"))
        try Data(try key.pem()).write(to: folder.appending(path: "root.key"))
        try run(["genrsa", "-out", "weak.key", "1024"])
        try run([
            "req", "-new", "-key", "weak.key", "-subj", "/CN=dev", "-out", "weak.csr",
        ])
        try run([
            "x509", "-req", "-in", "weak.csr", "-CA", "root.pem", "-CAkey", "root.key",
            "-out", "weak.pem", "-set_serial", "4711", "-days", "1000",
        ])
        return try read("weak.pem")
    }

    /// An authority for one domain, and a certificate of another domain below it.
    func constrained() throws -> (Made, Made) {
        try write(
            "c.cnf",
            """
            [req]
            distinguished_name = dn
            [dn]
            [ca]
            basicConstraints = critical,CA:TRUE
            keyUsage = critical,keyCertSign,cRLSign
            subjectKeyIdentifier = hash
            nameConstraints = critical,permitted;DNS:inside.example
            [leaf]
            basicConstraints = CA:FALSE
            subjectAltName = DNS:outside.test
            authorityKeyIdentifier = keyid
            """
        )
        try run([
            "req", "-x509", "-config", "c.cnf", "-extensions", "ca", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", "c.key", "-subj", "/CN=Inside",
            "-out", "c.pem", "-days", "3650",
        ])
        try run([
            "req", "-new", "-config", "c.cnf", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", "l.key", "-subj", "/CN=dev", "-out",
            "l.csr",
        ])
        try run([
            "x509", "-req", "-in", "l.csr", "-CA", "c.pem", "-CAkey", "c.key", "-extfile", "c.cnf",
            "-extensions", "leaf", "-out", "l.pem", "-set_serial", "4712", "-days", "3000",
        ])
        return (try read("c.pem"), try read("l.pem"))
    }
}
