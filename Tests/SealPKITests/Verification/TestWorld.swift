// SPDX-License-Identifier: Apache-2.0
// Certificates and revocation lists for tests, with every field in the test's hand, signed with
// OpenSSL's keys.

import COpenSSL
import CSys

@testable import SealPKI

/// Keys that all tests share, because making them takes time.
enum TestKeys {
    static let root = make(.p256)
    static let upper = make(.p256)
    static let lower = make(.p256)
    static let third = make(.p256)
    static let leaf = make(.p256)
    static let other = make(.p256)
    static let rsa = make(.rsa2048)
    static let edwards = make(.ed25519)
    static let shortRSA: PrivateKey = {
        OpenSSLDoor.open()
        guard let key = seal_make_rsa(1024) else { fatalError("no RSA key") }
        return PrivateKey(adopting: key)
    }()

    private static func make(_ kind: KeyKind) -> PrivateKey {
        guard let key = try? PrivateKey.generate(kind) else { fatalError("no key") }
        return key
    }
}

/// The signature of a test certificate.
enum TestDigest: String {
    case sha256, sha1, md5, none

    fileprivate var md: OpaquePointer? {
        switch self {
        case .sha256: EVP_sha256()
        case .sha1: EVP_sha1()
        case .md5: EVP_md5()
        case .none: nil
        }
    }

    /// The algorithm as a certificate names it.
    func algorithm(_ key: PrivateKey) -> [UInt8] {
        switch (key.description.algorithm, self) {
        case ("RSA", .sha256): DER.sequence(DER.oid("1.2.840.113549.1.1.11"), DER.null)
        case ("RSA", .sha1): DER.sequence(DER.oid("1.2.840.113549.1.1.5"), DER.null)
        case ("RSA", _): DER.sequence(DER.oid("1.2.840.113549.1.1.4"), DER.null)
        case ("EC", .sha1): DER.sequence(DER.oid("1.2.840.10045.4.1"))
        case ("EC", _): DER.sequence(DER.oid("1.2.840.10045.4.3.2"))
        default: DER.sequence(DER.oid("1.3.101.112"))
        }
    }
}

/// The signature over some bytes.
func signature(_ bytes: [UInt8], _ key: PrivateKey, _ digest: TestDigest) -> [UInt8] {
    guard let context = EVP_MD_CTX_new() else { return [] }
    defer { EVP_MD_CTX_free(context) }
    let md = key.description.algorithm == "ED25519" ? nil : digest.md
    var count = 1024
    var out = [UInt8](repeating: 0, count: count)
    guard EVP_DigestSignInit(context, nil, md, nil, key.pointer) == 1,
        EVP_DigestSign(context, &out, &count, bytes, bytes.count) == 1
    else { return [] }
    return Array(out.prefix(count))
}

/// A certificate as a test wants it.
struct TestCertificate {
    var subject: [UInt8]
    var key: PrivateKey
    var version = 3
    var serial: [UInt8] = [0x10]
    var notBefore: Int64 = TestWorld.now - 86_400
    var notAfter: Int64 = TestWorld.now + 86_400 * 365
    var extensions: [TestExtension]
    var digest = TestDigest.sha256
    /// The issuer's name when it is not that of the certificate above.
    var issuer: [UInt8]?
    /// The key that signs when it is not that of the certificate above.
    var signer: PrivateKey?
    /// The algorithm beside the signature, when it differs.
    var outerAlgorithm: [UInt8]?
    var breaksSignature = false
    /// Bytes between the key and the extensions.
    var uniqueIDs: [UInt8] = []
    /// The key's bytes when they are not those of the key.
    var publicKey: [UInt8]?

    /// An authority.
    static func authority(
        _ name: String,
        _ key: PrivateKey,
        pathLength: Int? = nil,
        _ more: TestExtension...
    ) -> TestCertificate {
        TestCertificate(
            subject: DER.name("O=Test", "CN=\(name)"),
            key: key,
            extensions: [
                .authority(pathLength), .usage(5, 6), .subjectKey(TestWorld.id(key)),
            ] + more
        )
    }

    /// A device.
    static func device(_ name: String = "device", _ more: TestExtension...) -> TestCertificate {
        TestCertificate(
            subject: DER.name("O=Test", "CN=\(name)"),
            key: TestKeys.leaf,
            serial: [0x77, 0x01],
            extensions: [.noAuthority, .usage(0), .client] + more
        )
    }

    /// The same with an extension put in, or replaced.
    func with(_ changed: TestExtension) -> TestCertificate {
        var copy = self
        copy.extensions.removeAll { $0.oid == changed.oid }
        copy.extensions.append(changed)
        return copy
    }

    /// The same without an extension.
    func without(_ oid: String) -> TestCertificate {
        var copy = self
        copy.extensions.removeAll { $0.oid == oid }
        return copy
    }

    /// The same with something else changed.
    func changed(_ body: (inout TestCertificate) -> Void) -> TestCertificate {
        var copy = self
        body(&copy)
        // The key's name follows the key.
        let isNamed = extensions.contains { $0.oid == "2.5.29.14" }
        if isNamed, copy.key.pointer != key.pointer {
            copy = copy.with(.subjectKey(TestWorld.id(copy.key)))
        }
        return copy
    }

    /// The encoded certificate, issued by another one or by itself.
    func der(by upper: TestCertificate? = nil) -> [UInt8] {
        let signer = signer ?? upper?.key ?? key
        var all = extensions
        if version == 3, let upper, !all.contains(where: { $0.oid == "2.5.29.35" }) {
            all.append(.authorityKey(TestWorld.id(upper.key)))
        }
        let algorithm = digest.algorithm(signer)
        let encoded = Array(all.map(\.encoded).joined())
        let body = DER.sequence(
            version == 1 ? [] : DER.value(0xA0, DER.integer(version - 1)),
            DER.integer(serial),
            algorithm,
            issuer ?? upper?.subject ?? subject,
            DER.sequence(DER.time(notBefore), DER.time(notAfter)),
            subject,
            publicKey ?? TestWorld.publicKey(key),
            uniqueIDs,
            all.isEmpty ? [] : DER.value(0xA3, DER.value(0x30, encoded))
        )
        var signed = signature(body, signer, digest)
        if breaksSignature, let last = signed.indices.last { signed[last] ^= 1 }
        return DER.sequence(body, outerAlgorithm ?? algorithm, DER.bits(signed))
    }

    func made(by upper: TestCertificate? = nil) throws -> Certificate {
        try Certificate(der: der(by: upper))
    }
}

/// A revocation list as a test wants it.
struct TestList {
    var issuer: TestCertificate
    var thisUpdate: Int64 = TestWorld.now - 3600
    var nextUpdate: Int64? = TestWorld.now + 86_400
    /// Serial numbers and what stands behind the date.
    var entries: [(serial: [UInt8], extensions: [TestExtension])] = []
    var extensions: [TestExtension] = [TestExtension(oid: "2.5.29.20", value: DER.integer(7))]
    var signer: PrivateKey?
    var digest = TestDigest.sha256
    /// Whether an empty list stands where no entries are.
    var hasEmptyEntries = false
    /// GeneralizedTime (0x18) where nothing else is said than UTCTime.
    var timeTag: UInt8 = 0x17

    static let reasonKeyCompromise = TestExtension(oid: "2.5.29.21", value: [0x0A, 0x01, 0x01])

    func made() throws -> RevocationList {
        let key = signer ?? issuer.key
        let list = Array(
            entries.map { entry in
                DER.sequence(
                    DER.integer(entry.serial),
                    DER.time(TestWorld.now - 7200),
                    entry.extensions.isEmpty
                        ? [] : DER.value(0x30, Array(entry.extensions.map(\.encoded).joined()))
                )
            }.joined()
        )
        let body = DER.sequence(
            DER.integer(1),
            digest.algorithm(key),
            issuer.subject,
            timeTag == 0x17
                ? DER.time(thisUpdate)
                : DER.value(timeTag, Array("20".utf8) + DER.time(thisUpdate).dropFirst(2)),
            nextUpdate.map { DER.time($0) } ?? [],
            list.isEmpty && !hasEmptyEntries ? [] : DER.value(0x30, list),
            extensions.isEmpty
                ? []
                : DER.value(0xA0, DER.value(0x30, Array(extensions.map(\.encoded).joined())))
        )
        return try RevocationList(
            der: DER.sequence(
                body,
                digest.algorithm(key),
                DER.bits(signature(body, key, digest))
            )
        )
    }
}

/// What all tests share.
enum TestWorld {
    /// 15 January 2027.
    static let now: Int64 = 1_800_000_000

    static func publicKey(_ key: PrivateKey) -> [UInt8] {
        guard let pem = try? key.publicPEM(), let block = try? PEMDocument(pem).blocks.first,
            let der = try? block.decoded()
        else { return [] }
        return der
    }

    /// An identifier of the key.
    static func id(_ key: PrivateKey) -> [UInt8] {
        Array(((try? Cryptography.sha256(publicKey(key))) ?? []).prefix(20))
    }

    static let root = TestCertificate.authority("root", TestKeys.root)
    static let upper = TestCertificate.authority("upper", TestKeys.upper)
    static let lower = TestCertificate.authority("lower", TestKeys.lower)
    static let device = TestCertificate.device()
}
