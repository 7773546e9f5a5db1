// SPDX-License-Identifier: Apache-2.0
// Keystores that we write, opened by keytool and openssl.

import Foundation
import Testing

@testable import SealPKI

@Suite("A keystore that we wrote")
struct WrittenStoreTests {
    static let kinds: [KeyKind] = [.p256, .p384, .rsa2048, .ed25519]

    @Test(
        "in JKS opens in keytool with a password for the store and one for the key",
        arguments: kinds
    )
    func jks(kind: KeyKind) throws {
        let bench = try Workbench()
        let family = try Family(kind)
        try bench.write(
            "made.jks",
            family.store().written(
                as: .jks,
                password: bytes("store-secret"),
                keyPassword: bytes("key-secret")
            )
        )
        let list = try bench.run("keytool -list -v -keystore made.jks -storepass store-secret")
        #expect(list.contains("Keystore type: JKS"))
        #expect(list.contains("Your keystore contains 2 entries"))
        #expect(list.contains("Alias name: devicekeyentry"))
        #expect(list.contains("Entry type: PrivateKeyEntry"))
        #expect(list.contains("Certificate chain length: 3"))
        #expect(list.contains("Entry type: trustedCertEntry"))
        #expect(list.contains("Creation date: Nov 14, 2023"))
        // The key opens with its own password, and with no other.
        let convert =
            "keytool -importkeystore -srckeystore made.jks -srcstorepass store-secret"
            + " -srcalias devicekeyentry -destkeystore out.p12 -deststoretype PKCS12"
            + " -deststorepass other-secret"
        try bench.run("\(convert) -srckeypass store-secret", fails: true)
        try bench.run("\(convert) -srckeypass key-secret")
        try checkWithOpenSSL(bench, family, "out.p12", "other-secret")
    }

    @Test(
        "in PKCS #12 opens in keytool and in openssl",
        arguments: kinds,
        PKCS12Strength.allCases
    )
    func pkcs12(kind: KeyKind, strength: PKCS12Strength) throws {
        let bench = try Workbench()
        let family = try Family(kind)
        try bench.write(
            "made.p12",
            family.store().written(as: .pkcs12, password: bytes("secret-1"), strength: strength)
        )
        let list = try bench.run("keytool -list -v -keystore made.p12 -storepass secret-1")
        #expect(list.contains("Keystore type: PKCS12"))
        #expect(list.contains("Your keystore contains 2 entries"))
        #expect(list.contains("Certificate chain length: 3"))
        #expect(list.contains("Entry type: trustedCertEntry"))
        #expect(list.contains("Creation date: Nov 14, 2023"))
        try bench.run("keytool -list -keystore made.p12 -storepass secret-2", fails: true)
        try checkWithOpenSSL(bench, family, "made.p12", "secret-1")
        // No module for old algorithms is needed, even for the old protection.
        let algorithms = try bench.run(
            "openssl pkcs12 -in made.p12 -passin pass:secret-1 -info -noout"
        )
        #expect(algorithms.contains(strength == .modern ? "AES-256-CBC" : "3-KeyTripleDES"))
        #expect(algorithms.contains(strength == .modern ? "MAC: sha256" : "MAC: sha1"))
    }

    private func checkWithOpenSSL(
        _ bench: Workbench,
        _ family: Family,
        _ file: String,
        _ password: String
    ) throws {
        try bench.write("root.pem", family.root.certificate.pem)
        let all = "openssl pkcs12 -in \(file) -passin pass:\(password)"
        try bench.run(
            "\(all) -nocerts -nodes -out key.pem && \(all) -clcerts -nokeys -out leaf.pem"
        )
        try bench.run("\(all) -cacerts -nokeys -out middle.pem")
        let verdict = try bench.run(
            "openssl verify -CAfile root.pem -untrusted middle.pem leaf.pem"
        )
        #expect(verdict.contains("leaf.pem: OK"))
        let keys = try bench.run("openssl pkey -in key.pem -pubout")
        #expect(try bench.run("openssl x509 -in leaf.pem -noout -pubkey") == keys)
        #expect(try family.device.key.pem() == PrivateKey(pem: bench.read("key.pem")).pem())
    }

    @Test("with trusted certificates alone is seen by Java", arguments: KeystoreFormat.allCases)
    func truststore(format: KeystoreFormat) throws {
        let bench = try Workbench()
        var store = Keystore()
        for number in 1...3 {
            let root = try CertificateAuthority.makeRoot(
                subject: DistinguishedName(commonName: "Root \(number)")
            )
            try store.add(
                KeystoreEntry(
                    alias: "Root-\(number)",
                    created: nil,
                    content: .trusted(root.certificate)
                )
            )
        }
        try bench.write("trust", store.written(as: format, password: bytes("changeit")))
        let list = try bench.run("keytool -list -keystore trust -storepass changeit")
        #expect(list.contains("Your keystore contains 3 entries"))
        #expect(list.contains("root-2, "))
        #expect(list.components(separatedBy: "trustedCertEntry").count == 4)
    }

    @Test("has names beyond ASCII, in both formats", arguments: KeystoreFormat.allCases)
    func names(format: KeystoreFormat) throws {
        let bench = try Workbench()
        let family = try Family()
        let store = try family.store(alias: "gerät-钥匙-🔑")
        let file = try store.written(as: format, password: bytes("secret-1"))
        try bench.write("named", file)
        let list = try bench.run(
            "keytool -J-Dfile.encoding=UTF-8 -J-Dsun.stdout.encoding=UTF-8 -list -keystore named "
                + "-storepass secret-1"
        )
        #expect(list.contains("gerät-钥匙-🔑, "))
        let again = try Keystore(reading: file, password: bytes("secret-1"))
        #expect(again.entry("GERÄT-钥匙-🔑")?.isKey == true)
    }

    @Test("with nothing in it opens in keytool", arguments: KeystoreFormat.allCases)
    func empty(format: KeystoreFormat) throws {
        let bench = try Workbench()
        let file = try Keystore().written(as: format, password: bytes("changeit"))
        try bench.write("empty", file)
        let list = try bench.run("keytool -list -keystore empty -storepass changeit")
        #expect(list.contains("Your keystore contains 0 entries"))
        #expect(try Keystore(reading: file, password: bytes("changeit")).entries.isEmpty)
    }
}
