// SPDX-License-Identifier: Apache-2.0
// From files to a checked identity, and what is refused on the way, with the file at fault.

import Glibc
import SealBytes
import Testing

@testable import SealPKI

@Suite("An identity")
struct IdentityLoaderTests {
    private let bench: Workbench
    private let family: Family

    init() throws {
        bench = try Workbench()
        family = try Family()
        try bench.write("store.pass", bytes("store-secret\nmore"))
        try bench.write("key.pass", bytes("key-secret\r\n"))
        try bench.write("wrong.pass", bytes("wrong-secret\n"))
    }

    private func files(_ chain: [Certificate], _ key: PrivateKey? = nil) throws -> IdentitySource {
        try bench.write("chain.pem", chain.flatMap(\.pem))
        try bench.write("key.pem", (key ?? family.device.key).pem())
        return .files(
            IdentityFiles(chainFile: bench.path("chain.pem"), keyFile: bench.path("key.pem"))
        )
    }

    private func store(
        _ file: String,
        alias: String? = nil,
        password: String = "store.pass",
        key: String? = nil
    ) -> IdentitySource {
        .keystore(
            KeystoreSource(
                file: bench.path(file),
                alias: alias,
                password: .file(bench.path(password)),
                keyPassword: key.map { .file(bench.path($0)) } ?? .absent
            )
        )
    }

    private func failure(_ source: IdentitySource, now: Int64? = nil) -> LoadingError? {
        do {
            _ = try IdentityLoader.load(source, now: now)
            return nil
        } catch { return error }
    }

    @Test("comes from PEM, PKCS #12 and JKS alike")
    func threeWays() throws {
        let password = bytes("store-secret")
        let made = try family.store()
        try bench.write("a.p12", made.written(as: .pkcs12, password: password))
        try bench.write(
            "b.jks",
            made.written(as: .jks, password: password, keyPassword: bytes("key-secret"))
        )
        // Made today by keytool, a .jks is PKCS #12, and the key's password is the store's.
        try bench.write("c.jks", made.written(as: .pkcs12, password: password))
        for source in [
            try files(family.chain), store("a.p12"), store("a.p12", alias: "DeviceKeyEntry"),
            store("b.jks", key: "key.pass"), store("c.jks", key: "key.pass"),
        ] {
            let loaded = try IdentityLoader.load(source)
            #expect(loaded.chain == family.chain)
            #expect(loaded.key.matches(family.device.certificate))
            #expect(loaded.file == source.file)
        }
    }

    @Test("has its chain put in order, whatever the order of the file")
    func order() throws {
        let chain = family.chain
        for places in [[0, 1, 2], [0, 2, 1], [2, 1, 0], [1, 0, 2], [0, 1, 2, 1, 0]] {
            let loaded = try IdentityLoader.load(files(places.map { chain[$0] }))
            #expect(loaded.chain == chain, "\(places)")
        }
        #expect(try IdentityLoader.load(files([chain[0]])).chain == [chain[0]])
    }

    @Test("with a gap in its chain is refused, and the missing certificate is named")
    func gap() throws {
        let refused = try failure(files([family.chain[0], family.chain[2]]))
        #expect(refused?.cause.code == .chainBroken)
        #expect(refused?.cause.reason.contains("CN=Middle,O=Seal is missing") == true)
        let stranger = try Family().root.certificate
        #expect(try failure(files(family.chain + [stranger]))?.cause.code == .chainBroken)
    }

    @Test("with a key that fits no certificate is refused, naming the key's file")
    func mismatch() throws {
        let refused = try failure(files(family.chain, PrivateKey.generate()))
        #expect(refused?.cause.code == .keyMismatch)
        #expect(refused?.file == bench.path("key.pem"))
    }

    @Test("out of date is refused, and which certificate it is is said")
    func dates() throws {
        let source = try files(family.chain)
        let leaf = family.device.certificate
        #expect(failure(source, now: leaf.notAfter - 1) == nil)
        #expect(failure(source, now: leaf.notBefore) == nil)
        let over = failure(source, now: leaf.notAfter)
        #expect(over?.cause.code == .notInDate)
        #expect(over?.cause.reason.hasPrefix("the certificate expired at 20") == true)
        let early = failure(source, now: leaf.notBefore - 1)
        #expect(early?.cause.reason.contains("is not valid before") == true)
        _ = try IdentityLoader.load(source, anyDate: true, now: leaf.notAfter)
        // An authority in the chain counts as well.
        let old = try family.root.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: "Old"),
                purpose: .authority,
                days: 40,
                notBefore: leaf.notBefore + 86_400
            ),
            key: family.middle.key
        )
        let below = try CertificateAuthority(certificate: old.certificate, key: old.key)
        let device = try below.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: "d"),
                purpose: .device,
                days: 10
            )
        )
        let young = try failure(files([device.certificate, old.certificate], device.key))
        #expect(young?.cause.code == .notInDate)
        #expect(young?.cause.reason.hasPrefix("the authority CN=Old in the chain is not") == true)
    }

    @Test("in a keystore is named when there are several, and refusals say what there is")
    func aliases() throws {
        var made = try family.store(alias: "one")
        try made.add(
            KeystoreEntry(
                alias: "two",
                created: nil,
                content: .key(.open(family.device.key), chain: family.chain)
            )
        )
        try bench.write("a.p12", made.written(as: .pkcs12, password: bytes("store-secret")))
        _ = try IdentityLoader.load(store("a.p12", alias: "two"))
        let unnamed = failure(store("a.p12"))?.cause
        #expect(unnamed?.code == .keystoreEntry)
        #expect(unnamed?.reason.contains("\"one\", \"two\"") == true)
        let unknown = failure(store("a.p12", alias: "three"))?.cause
        #expect(unknown?.code == .keystoreEntry)
        #expect(unknown?.hint?.contains("\"one\", \"two\"") == true)
        let trusted = failure(store("a.p12", alias: "servercertificate"))?.cause
        #expect(trusted?.reason.contains("is a trusted certificate") == true)
        try made.remove("one")
        try made.remove("two")
        try bench.write("b.p12", made.written(as: .pkcs12, password: bytes("store-secret")))
        #expect(failure(store("b.p12"))?.cause.reason.contains("no private key") == true)
    }

    @Test("says whether the store's password, the key's, or a file is wrong")
    func passwords() throws {
        let made = try family.store()
        try bench.write(
            "b.jks",
            made.written(
                as: .jks,
                password: bytes("store-secret"),
                keyPassword: bytes("key-secret")
            )
        )
        #expect(failure(store("b.jks", password: "wrong.pass"))?.cause.code == .keystorePassword)
        #expect(failure(store("b.jks"))?.cause.code == .passphraseWrong)
        #expect(failure(store("b.jks", key: "wrong.pass"))?.cause.code == .passphraseWrong)
        let missing = failure(store("b.jks", password: "nowhere.pass"))
        #expect(missing?.cause.code == .file && missing?.file == bench.path("nowhere.pass"))
        #expect(failure(store("nowhere.jks"))?.cause.code == .file)
        #expect(failure(store("store.pass"))?.cause.code == .keystoreFormat)
    }

    @Test("is checked against truststores of both kinds, which must hold something")
    func trust() throws {
        let made = try family.store()
        let password = PasswordSource.bytes(bytes("store-secret"))
        for format in KeystoreFormat.allCases {
            try bench.write("t", made.written(as: format, password: bytes("store-secret")))
            let source = TruststoreSource(file: bench.path("t"), password: password)
            #expect(try TrustLoader.load(source) == [family.root.certificate])
            let open = TruststoreSource(file: bench.path("t"))
            #expect(((try? TrustLoader.load(open)) != nil) == (format == .jks))
        }
        var keys = made
        try keys.remove("servercertificate")
        try bench.write("k", keys.written(as: .jks, password: bytes("store-secret")))
        let none = TruststoreSource(file: bench.path("k"), password: password)
        let refused = #expect(throws: LoadingError.self) { try TrustLoader.load(none) }
        #expect(refused?.cause.code == .keystoreEntry)
    }
}

@Suite("The fuzz corpus of keystores")
struct KeystoreCorpusTests {
    @Test("every input is read or refused, and what is read has so many entries")
    func replay() throws {
        let expected = [
            "KeystoreJKS/empty": 0, "KeystoreJKS/key": 1, "KeystoreJKS/trust": 1,
            "KeystorePKCS12/aes": 1, "KeystorePKCS12/aes-without-digest": 1,
            "KeystorePKCS12/plain": 1, "KeystorePKCS12/rc2": 1,
            "KeystorePKCS12/rc2-without-digest": 1, "KeystorePKCS12/trust": 1,
            "KeystorePKCS12/unmarked": 1,
        ]
        var seen = 0
        for target in ["KeystoreJKS", "KeystorePKCS12"] {
            let folder = fuzzCorpus(target)
            for name in try Files.names(in: folder) {
                let input = try Files.read("\(folder)/\(name)")
                let store = try? Keystore(reading: input, password: bytes("changeit"))
                #expect(store?.entries.count == expected["\(target)/\(name)"], "\(target)/\(name)")
                for case .key(let key, let chain) in (store?.entries ?? []).map(\.content) {
                    #expect(try key.opened([bytes("changeit")]).matches(#require(chain.first)))
                }
                seen += 1
            }
        }
        #expect(seen >= expected.count)
    }
}
