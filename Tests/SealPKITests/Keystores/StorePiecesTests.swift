// SPDX-License-Identifier: Apache-2.0
// The pieces of keystores one by one: BER, object numbers, Java's UTF-8, passwords of nothing,
// entries under names, and a key that is found without its link.

import SealBytes
import Testing

@testable import SealPKI

@Suite("The pieces of keystores")
struct StorePiecesTests {
    @Test("BER with values of unsaid length and in pieces is read as DER")
    func indefinite() throws {
        var reader = BERReader([0x30, 0x80, 0x24, 0x80, 4, 1, 7, 4, 2, 8, 9, 0, 0, 0, 0])
        var inner = try reader.sequence("all")
        #expect(try inner.octets("pieces") == [7, 8, 9])
        #expect(inner.isAtEnd && reader.isAtEnd)
        var implicit = BERReader([0xA0, 7, 4, 1, 7, 4, 2, 8, 9])
        #expect(try implicit.implicitOctets("pieces") == [7, 8, 9])
    }

    @Test("BER that lies too deep, too long or too short is refused")
    func badBER() {
        func refuses(_ bytes: [UInt8]) -> Bool {
            var reader = BERReader(bytes)
            return (try? reader.read()) == nil
        }
        func nested(_ count: Int) -> [UInt8] {
            [UInt8]([[UInt8]](repeating: [0x30, 0x80], count: count).joined())
                + [UInt8](repeating: 0, count: 2 * count)
        }
        #expect(!refuses(nested(16)) && refuses(nested(17)))
        #expect(!refuses([4, 0x84, 0, 0, 0, 1, 9]) && refuses([4, 0x85, 0, 0, 0, 0, 1, 9]))
        #expect(refuses([4, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]))
        #expect(refuses([4, 0x80, 0, 0]) && refuses([0x1F, 1, 0]) && refuses([4]) && refuses([]))
        var big = BERReader([2, 8, 127, 0, 0, 0, 0, 0, 0, 0])
        #expect((try? big.integer("")) == .max)
        var negative = BERReader([2, 1, 0xFF])
        #expect((try? negative.integer("")) == nil)
    }

    @Test("object numbers are written and read")
    func numbers() {
        for dotted in ["1.2.840.113549.1.12.10.1.3", "2.16.840.1.113894.746875.1.1", "2.5.29.37.0"]
        {
            #expect(ObjectNumber(dotted: dotted).description == dotted)
        }
        #expect(ObjectNumber(dotted: "1.2.840").der == [6, 3, 0x2A, 0x86, 0x48])
    }

    @Test("integers and lengths have their shortest form")
    func der() {
        #expect(DERWriter.integer(0) == [2, 1, 0])
        #expect(DERWriter.integer(128) == [2, 2, 0, 128])
        #expect(DERWriter.integer(10_000) == [2, 2, 0x27, 0x10])
        #expect(DERWriter.octets([UInt8](repeating: 1, count: 128)).prefix(3) == [4, 0x81, 128])
        #expect(DERWriter.octets([UInt8](repeating: 1, count: 256)).prefix(4) == [4, 0x82, 1, 0])
    }

    @Test("Java's UTF-8 keeps every text and refuses halves")
    func modifiedUTF8() {
        for text in ["", "alias", "gerät", "钥匙", "🔑", "a\0b"] {
            #expect(ModifiedUTF8.decode(ModifiedUTF8.encode(text)) == text)
        }
        #expect(ModifiedUTF8.encode("\0") == [0xC0, 0x80])
        #expect(ModifiedUTF8.encode("🔑").count == 6)
        for bad: [UInt8] in [[0], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0xBD], [0xFF], [0x80]] {
            #expect(ModifiedUTF8.decode(bad) == nil, "\(bad)")
        }
    }

    @Test("RC2's table is a permutation")
    func table() { #expect(Set(RC2.table).count == 256 && RC2.table.count == 256) }

    @Test(
        "a password of no characters is read both ways",
        arguments: [[UInt8]](
            [[0, 0], []]
        )
    )
    func emptyPassword(reading: [UInt8]) throws {
        let family = try Family()
        let file = try CheapStore.pkcs12(family, [], reading: reading)
        let store = try Keystore(reading: file, password: [])
        guard case .key(let key, let chain) = try #require(store.entry("k")).content else { return }
        // Without a link the certificate is found by the key itself.
        #expect(chain == [family.device.certificate])
        #expect(try key.opened([[]]).matches(family.device.certificate))
    }

    @Test("entries are found, renamed and removed whatever the case of their names")
    func entries() throws {
        let family = try Family()
        var store = try family.store(alias: "One")
        #expect(store.entry("ONE") != nil)
        #expect(code { try store.add(#require(store.entry("one"))) } == .keystoreEntry)
        try store.rename("one", to: "Uno")
        try store.rename("uno", to: "UNO")
        #expect(code { try store.rename("UNO", to: "SERVERCERTIFICATE") } == .keystoreEntry)
        #expect(code { try store.remove("one") } == .keystoreEntry)
        try store.remove("uno")
        #expect(store.entries.map(\.alias) == ["servercertificate"])
        #expect(code { try store.rename("servercertificate", to: "") } == .keystoreEntry)
    }

    @Test("a store has at most so many entries")
    func full() throws {
        let family = try Family()
        var limits = KeystoreLimits.standard
        limits.entriesMax = 3
        var store = try family.store()
        func entry(_ name: String) -> KeystoreEntry {
            KeystoreEntry(alias: name, created: nil, content: .trusted(family.root.certificate))
        }
        try store.add(entry("three"), limits: limits)
        #expect(code { try store.add(entry("four"), limits: limits) } == .keystoreLimit)
        let long = String(repeating: "x", count: 1024)
        try store.add(entry(long))
        #expect(code { try store.add(entry(long + "x")) } == .keystoreEntry)
    }

    @Test("a key under another password goes into JKS as it is, and not into PKCS #12")
    func otherPassword() throws {
        let family = try Family()
        let first = try family.store().written(
            as: .jks,
            password: bytes("store-1"),
            keyPassword: bytes("key-1")
        )
        let store = try Keystore(reading: first, password: bytes("store-1"))
        let again = try store.written(as: .jks, password: bytes("store-2"))
        let key = try #require(Keystore(reading: again, password: bytes("store-2")).keys.first)
        guard case .key(let sealed, _) = key.content else { return }
        #expect(code { _ = try sealed.opened([bytes("store-2")]) } == .passphraseWrong)
        #expect(
            try sealed.opened([bytes("store-2"), bytes("key-1")]).pem() == family.device.key.pem()
        )
        #expect(
            code { _ = try store.written(as: .pkcs12, password: bytes("store-1")) }
                == .passphraseWrong
        )
        _ = try store.written(as: .pkcs12, password: bytes("key-1"))
        #expect(
            code {
                _ = try store.written(as: .pkcs12, password: bytes("a"), keyPassword: bytes("b"))
            } == .keystoreEntry
        )
    }

    @Test("a file in which all entries have one name is read without delay, each under its own")
    func oneName() {
        var names = AliasTaker()
        let begin = ContinuousClock.now
        let all = (0..<10_000).map { names.take($0 % 2 == 0 ? "ca" : "CA-2") }
        #expect(ContinuousClock.now - begin < .seconds(10))
        #expect(Set(all.map { $0.lowercased() }).count == 10_000)
        #expect(all.prefix(4) == ["ca", "CA-2", "ca-3", "CA-2-2"])
        #expect(names.take(nil) == "1" && names.take("") == "2")
    }

    @Test("one entry is taken out of a store as a store")
    func reduced() throws {
        let store = try Family().store()
        let one = try store.reduced(to: "SERVERCERTIFICATE")
        #expect(one.entries.map(\.alias) == ["servercertificate"])
        #expect(one.entry("devicekeyentry") == nil && one.entry("servercertificate") != nil)
        #expect(code { _ = try store.reduced(to: "nobody") } == .keystoreEntry)
    }

    @Test("certificates that belong to no entry are kept in PKCS #12")
    func others() throws {
        let family = try Family()
        var store = try family.store()
        let stranger = try Family().root.certificate
        store.otherCertificates = [stranger]
        let file = try store.written(as: .pkcs12, password: bytes("secret-1"))
        let again = try Keystore(reading: file, password: bytes("secret-1"))
        #expect(again.otherCertificates == [stranger] && again.entries.count == 2)
    }
}
