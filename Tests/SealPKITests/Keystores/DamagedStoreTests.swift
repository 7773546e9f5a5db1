// SPDX-License-Identifier: Apache-2.0
// Keystores that are damaged, hostile or too large: never a trap, and three different answers to
// a wrong password, a wrong kind of file and a broken one.

import SealBytes
import Testing

@testable import SealPKI

@Suite("A keystore from somewhere")
struct DamagedStoreTests {
    private let secret = bytes("secret-1")

    private func file(_ format: KeystoreFormat) throws -> [UInt8] {
        try Family().store().written(as: format, password: secret)
    }

    @Test("says whether the password, the kind or the file is wrong")
    func threeAnswers() throws {
        for format in KeystoreFormat.allCases {
            let file = try file(format)
            let wrong = #expect(throws: PKIError.self) {
                try Keystore(reading: file, password: bytes("secret-2"))
            }
            #expect(wrong?.code == .keystorePassword)
            #expect(wrong?.reason.contains("the password is wrong") == true)
            let short = #expect(throws: PKIError.self) {
                try Keystore(reading: Array(file.dropLast(30)), password: secret)
            }
            #expect(short?.code == .keystoreBroken)
            #expect(short?.reason.contains("damaged") == true)
        }
        let family = try Family()
        for (other, word) in [
            (family.root.certificate.pem, "PEM"), (family.root.certificate.der, "DER"),
            ([], "empty"),
            (bytes("hello"), "neither"),
        ] {
            let refused = #expect(throws: PKIError.self) {
                try Keystore(reading: other, password: secret)
            }
            #expect(refused?.code == .keystoreFormat)
            #expect(refused?.reason.contains(word) == true)
        }
    }

    @Test("is refused when it is cut off anywhere", arguments: KeystoreFormat.allCases)
    func truncation(format: KeystoreFormat) throws {
        let file = try file(format)
        for count in 0..<file.count {
            let refusal = code {
                _ = try Keystore(reading: Array(file.prefix(count)), password: secret)
            }
            #expect(refusal == .keystoreBroken || refusal == .keystoreFormat, "\(count) bytes")
        }
        #expect(code { _ = try Keystore(reading: file + [0], password: secret) } != nil)
    }

    @Test("is refused when any bit is another one", arguments: KeystoreFormat.allCases)
    func flips(format: KeystoreFormat) throws {
        // One iteration, or this would take minutes.
        let file = try format == .jks ? file(.jks) : CheapStore.pkcs12(Family(), secret)
        let original = try Keystore(reading: file, password: secret)
        var limits = KeystoreLimits.standard
        limits.iterationsMax = 100_000
        for index in file.indices {
            var other = file
            other[index] ^= 1 << UInt8(index % 8)
            // What PKCS #12 does not put under its digest are names of algorithms and NULLs: a file
            // that is read in spite of the other bit must say the same.
            let read = try? Keystore(reading: other, password: secret, limits: limits)
            guard let read else { continue }
            #expect(format == .pkcs12, "byte \(index)")
            #expect(read.entries.map(\.certificates) == original.entries.map(\.certificates))
        }
    }

    @Test("without its password shows what is not encrypted, unchecked")
    func noPassword() throws {
        let jks = try Keystore(reading: file(.jks), password: nil)
        #expect(jks.entries.count == 2 && !jks.isVerified)
        #expect(try Keystore(reading: file(.jks), password: secret).isVerified)
        let pkcs12 = try file(.pkcs12)
        #expect(code { _ = try Keystore(reading: pkcs12, password: nil) } == .passphraseMissing)
    }

    @Test("in JKS of nobody is read as keytool reads it")
    func vector() throws {
        let text = "feedfeed0000000200000000e2686e45fb43dfa4d992dd41ceb6b21c6330d792"
        let file = try #require(Hex.decode(text))
        let store = try Keystore(reading: file, password: bytes("changeit"))
        #expect(store.entries.isEmpty && store.isVerified)
        #expect(try store.written(as: .jks, password: bytes("changeit")) == file)
    }

    @Test("in the first version of JKS is read as keytool reads it")
    func firstVersion() throws {
        let bench = try Workbench()
        let family = try Family()
        let der = family.root.certificate.der
        var body = JKS.magic + [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 2] + bytes("ca")
        body += [0, 0, 1, 0x8B, 0xCF, 0xE5, 0x68, 0]
        body += [0, 0, UInt8(der.count >> 8), UInt8(der.count & 255)] + der
        let password = try KeystorePassword(bytes("changeit"))
        let file = try body + StoreDigest.sha1.of(password.wide + bytes("Mighty Aphrodite") + body)
        try bench.write("old.jks", file)
        let list = try bench.run("keytool -list -keystore old.jks -storepass changeit")
        #expect(list.contains("ca, Nov 14, 2023, trustedCertEntry"))
        let store = try Keystore(reading: file, password: bytes("changeit"))
        #expect(store.trusted == [family.root.certificate])
        #expect(store.entries.first?.created == 1_700_000_000_000)
    }

    @Test("has bounds: at each it is read, one above it is not")
    func limits() throws {
        for format in KeystoreFormat.allCases {
            let file = try file(format)
            func read(_ change: (inout KeystoreLimits) -> Void) -> PKIError.Code? {
                var limits = KeystoreLimits.standard
                change(&limits)
                return code { _ = try Keystore(reading: file, password: secret, limits: limits) }
            }
            #expect(read { $0.bytesMax = file.count } == nil)
            #expect(read { $0.bytesMax = file.count - 1 } == .keystoreLimit)
            #expect(read { $0.entriesMax = 2 } == nil)
            #expect(read { $0.entriesMax = 1 } == .keystoreLimit)
            #expect(read { $0.chainMax = 3 } == nil)
            #expect(read { $0.chainMax = 2 } == .keystoreLimit)
            #expect(read { $0.aliasBytesMax = "servercertificate".utf8.count } == nil)
            guard format == .jks else { continue }
            #expect(
                read { $0.aliasBytesMax = "servercertificate".utf8.count - 1 } == .keystoreLimit
            )
        }
        // Twice for the file: its digest and its certificates. Once for a key.
        let file = try file(.pkcs12)
        var limits = KeystoreLimits.standard
        limits.iterationsMax = 20_000
        let store = try Keystore(reading: file, password: secret, limits: limits)
        guard case .key(let key, _) = try #require(store.keys.first).content else { return }
        limits.iterationsMax = 19_999
        #expect(
            code { _ = try Keystore(reading: file, password: secret, limits: limits) }
                == .keystoreLimit
        )
        limits.iterationsMax = 10_000
        _ = try key.opened([secret], limits: limits)
        limits.iterationsMax = 9999
        #expect(code { _ = try key.opened([secret], limits: limits) } == .keystoreLimit)
        limits = .standard
        limits.saltBytesMax = 20
        _ = try Keystore(reading: file, password: secret, limits: limits)
        limits.saltBytesMax = 19
        #expect(
            code { _ = try Keystore(reading: file, password: secret, limits: limits) }
                == .keystoreLimit
        )
    }

    @Test("that wants a billion iterations is refused at once")
    func hostileIterations() throws {
        let file = try CheapStore.pkcs12(Family(), secret, iterations: 1_000_000_000)
        let begin = ContinuousClock.now
        #expect(code { _ = try Keystore(reading: file, password: secret) } == .keystoreLimit)
        #expect(ContinuousClock.now - begin < .seconds(5))
    }

    @Test("takes passwords of at most 1024 bytes")
    func longPassword() throws {
        _ = try KeystorePassword([UInt8](repeating: 65, count: 1024))
        #expect(
            code { _ = try KeystorePassword([UInt8](repeating: 65, count: 1025)) } == .badRequest
        )
    }
}

/// PKCS #12 written in ways that we only read.
enum CheapStore {
    /// With any number of iterations, in the older protection, and any reading of the password.
    static func pkcs12(
        _ family: Family,
        _ password: [UInt8],
        iterations: Int = 1,
        reading: [UInt8]? = nil
    ) throws -> [UInt8] {
        let secret = try KeystorePassword(password)
        let reading = try reading ?? #require(secret.readings.first)
        let salt = try Cryptography.randomBytes(8)
        // Deriving with a billion would take minutes here; nobody gets as far as to compare.
        let rounds = min(iterations, 1000)
        func seal(_ plain: [UInt8]) throws -> ([UInt8], [UInt8]) {
            let values = DERWriter.sequence(DERWriter.octets(salt), DERWriter.integer(iterations))
            let number = ObjectNumber(dotted: "1.2.840.113549.1.12.1.3")
            let digest = StoreDigest.sha1
            let key = try digest.pkcs12(reading, salt: salt, iterations: rounds, .key, count: 24)
            let vector = try digest.pkcs12(
                reading,
                salt: salt,
                iterations: rounds,
                .vector,
                count: 8
            )
            let sealed = StoreCipher.tripleDES.encrypt(plain, key: key, vector: vector)
            return (DERWriter.sequence(number.der, values), try #require(sealed))
        }
        let key = try seal(family.device.key.pkcs8())
        let keyBag = DERWriter.sequence(
            ObjectNumbers.shroudedKeyBag.der,
            DERWriter.explicit(DERWriter.sequence(key.0, DERWriter.octets(key.1))),
            name
        )
        let certificate = DERWriter.sequence(
            ObjectNumbers.x509Certificate.der,
            DERWriter.explicit(DERWriter.octets(family.device.certificate.der))
        )
        let certificateBag = DERWriter.sequence(
            ObjectNumbers.certificateBag.der,
            DERWriter.explicit(certificate),
            name
        )
        let part = try seal(DERWriter.sequence(certificateBag))
        let encrypted = DERWriter.sequence(
            DERWriter.integer(0),
            DERWriter.sequence(
                ObjectNumbers.plainContent.der,
                part.0,
                DERWriter.value(BERTag.zero, part.1)
            )
        )
        let content = DERWriter.sequence(
            plain(DERWriter.sequence(keyBag)),
            DERWriter.sequence(ObjectNumbers.encryptedContent.der, DERWriter.explicit(encrypted))
        )
        let digest = StoreDigest.sha1
        let macKey = try digest.pkcs12(reading, salt: salt, iterations: rounds, .mac, count: 20)
        let mac = DERWriter.sequence(
            DERWriter.sequence(
                DERWriter.sequence(digest.number.der, DERWriter.null),
                DERWriter.octets(try digest.hmac(key: macKey, content))
            ),
            DERWriter.octets(salt),
            DERWriter.integer(iterations)
        )
        return DERWriter.sequence(DERWriter.integer(3), plain(content), mac)
    }

    /// The attributes of a bag: the name "k".
    private static let name = DERWriter.set(
        DERWriter.sequence(
            ObjectNumbers.friendlyName.der,
            DERWriter.set(DERWriter.value(BERTag.wideText, [0, 0x6B]))
        )
    )

    private static func plain(_ bytes: [UInt8]) -> [UInt8] {
        DERWriter.sequence(
            ObjectNumbers.plainContent.der,
            DERWriter.explicit(DERWriter.octets(bytes))
        )
    }
}
