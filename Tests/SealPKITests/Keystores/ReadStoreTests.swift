// SPDX-License-Identifier: Apache-2.0
// Keystores that keytool and openssl wrote, read by us.

import Foundation
import Testing

@testable import SealPKI

/// A way to make a keystore with somebody else's program.
struct Recipe: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// The command that makes `made` of `key.pem`, `leaf.pem` and `chain.pem`, or of nothing.
    var line: String
    var format = KeystoreFormat.pkcs12
    var store = "store-secret"
    var key: String?
    var alias = "devicekeyentry"
    var chainCount = 3

    private static let openssl =
        "openssl pkcs12 -export -out made -name devicekeyentry -inkey key.pem -in leaf.pem "
        + "-certfile chain.pem -passout pass:store-secret "

    private static func keytool(_ options: String, key: String = "") -> String {
        "keytool -genkeypair -keystore made.jks -alias serveralias -dname CN=host -storepass "
            + "store-secret \(key) -validity 9999 \(options) && mv made.jks made"
    }

    static let all: [Recipe] = [
        Recipe(testDescription: "openssl as it is", line: openssl),
        Recipe(
            testDescription: "openssl -legacy: RC2-40 and triple DES",
            line: openssl + "-legacy"
        ),
        Recipe(testDescription: "openssl -descert", line: openssl + "-legacy -descert"),
        Recipe(
            testDescription: "openssl with RC2-128 and RC4-128",
            line: openssl + "-legacy -certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-RC4-128"
        ),
        Recipe(
            testDescription: "openssl with RC4-40 and two-key DES",
            line: openssl + "-legacy -certpbe PBE-SHA1-RC4-40 -keypbe PBE-SHA1-2DES"
        ),
        Recipe(
            testDescription: "openssl with AES-128 and SHA-512",
            line: openssl + "-certpbe AES-128-CBC -keypbe AES-192-CBC -macalg sha512"
        ),
        Recipe(
            testDescription: "openssl with triple DES in PBES2",
            line: openssl + "-certpbe DES-EDE3-CBC -keypbe DES-EDE3-CBC -macalg sha384"
        ),
        Recipe(
            testDescription: "openssl without any encryption",
            line: openssl + "-certpbe NONE -keypbe NONE"
        ),
        Recipe(testDescription: "openssl without a digest", line: openssl + "-nomac"),
        Recipe(testDescription: "openssl with one iteration", line: openssl + "-noiter -nomaciter"),
        Recipe(
            testDescription: "openssl with no password",
            line: openssl.replacingOccurrences(of: "pass:store-secret", with: "pass:"),
            store: ""
        ),
        Recipe(
            testDescription: "openssl -legacy with no password",
            line: openssl.replacingOccurrences(of: "pass:store-secret", with: "pass:") + "-legacy",
            store: ""
        ),
        Recipe(
            testDescription: "x.jks of keytool, which is PKCS #12",
            line: keytool("-keyalg RSA -keysize 2048", key: "-keypass key-secret"),
            alias: "serveralias",
            chainCount: 1
        ),
        Recipe(
            testDescription: "keytool in JKS with two passwords",
            line: keytool("-keyalg RSA -keysize 2048 -storetype JKS", key: "-keypass key-secret"),
            format: .jks,
            key: "key-secret",
            alias: "serveralias",
            chainCount: 1
        ),
        Recipe(
            testDescription: "keytool in JKS with EC",
            line: keytool("-keyalg EC -groupname secp256r1 -storetype JKS"),
            format: .jks,
            alias: "serveralias",
            chainCount: 1
        ),
        Recipe(
            testDescription: "keytool with Ed25519",
            line: keytool("-keyalg Ed25519"),
            alias: "serveralias",
            chainCount: 1
        ),
        Recipe(
            testDescription: "keytool with the old protection",
            line: keytool("-keyalg EC -groupname secp384r1 -J-Dkeystore.pkcs12.legacy"),
            alias: "serveralias",
            chainCount: 1
        ),
        Recipe(
            testDescription: "keytool, converted by keytool to JKS",
            line: openssl + " && keytool -importkeystore -srckeystore made -srcstorepass "
                + "store-secret -destkeystore out -deststoretype JKS -deststorepass other-secret "
                + "&& mv out made",
            format: .jks,
            store: "other-secret",
            // Keytool keeps the password that the key had.
            key: "store-secret"
        ),
    ]
}

@Suite("A keystore that others wrote")
struct ReadStoreTests {
    @Test("is read with its key and its chain", arguments: Recipe.all)
    func read(recipe: Recipe) throws {
        let bench = try Workbench()
        let family = try Family()
        try bench.write("key.pem", family.device.key.pem())
        try bench.write("leaf.pem", family.device.certificate.pem)
        // Not in order: a PKCS #12 file has none.
        try bench.write("chain.pem", family.root.certificate.pem + family.middle.certificate.pem)
        try bench.run(recipe.line)
        let file = try bench.read("made")
        #expect(try Keystore.format(of: file) == recipe.format)
        let store = try Keystore(reading: file, password: bytes(recipe.store))
        let entry = try #require(store.entry(recipe.alias))
        #expect(store.entries.count == 1 && store.otherCertificates.isEmpty)
        guard case .key(let key, let chain) = entry.content else {
            Issue.record("no private key")
            return
        }
        let open = try key.opened([bytes(recipe.key ?? recipe.store)])
        #expect(open.matches(try #require(chain.first)))
        #expect(chain.count == recipe.chainCount)
        for (one, issuer) in zip(chain, chain.dropFirst()) { #expect(one.isIssued(by: issuer)) }
        if chain.count == 3 { #expect(chain == family.chain) }
        #expect(code { _ = try key.opened([bytes("not this one")]) } == refusal(of: recipe))
        guard !recipe.line.contains("-nomac") else { return }
        #expect(
            code { _ = try Keystore(reading: file, password: bytes("not this one")) }
                == .keystorePassword
        )
    }

    /// A key that is not encrypted opens with any password.
    private func refusal(of recipe: Recipe) -> PKIError.Code? {
        recipe.line.contains("-keypbe NONE") ? nil : .passphraseWrong
    }

    @Test("is seen with its trusted certificates", arguments: ["JKS", "PKCS12"])
    func truststore(type: String) throws {
        let bench = try Workbench()
        let family = try Family()
        try bench.write("ca.pem", family.root.certificate.pem)
        try bench.run(
            "keytool -importcert -noprompt -keystore trust -storetype \(type) -storepass changeit "
                + "-alias ServerCertificate -file ca.pem"
        )
        let store = try Keystore(reading: bench.read("trust"), password: bytes("changeit"))
        #expect(store.trusted == [family.root.certificate])
        #expect(store.entry("servercertificate") != nil)
        #expect(store.entries.first?.isSeenByJava == true)
        #expect(store.entries.first?.kind == "trustedCertEntry")
    }

    @Test("without Java's mark is trusted by us, and said not to be seen by Java")
    func unmarked() throws {
        let bench = try Workbench()
        let family = try Family()
        try bench.write("ca.pem", family.root.certificate.pem)
        try bench.run(
            "openssl pkcs12 -export -nokeys -in ca.pem -passout pass:changeit -out trust"
        )
        let list = try bench.run("keytool -list -keystore trust -storepass changeit")
        #expect(list.contains("contains 0 entries"))
        let store = try Keystore(reading: bench.read("trust"), password: bytes("changeit"))
        #expect(store.trusted == [family.root.certificate])
        #expect(store.entries.first?.isSeenByJava == false)
        // Written again, Java sees it.
        try bench.write("again", store.written(as: .pkcs12, password: bytes("changeit")))
        let after = try bench.run("keytool -list -keystore again -storepass changeit")
        #expect(after.contains("contains 1 entry"))
    }

    @Test("of a kind that is not taken is refused in words")
    func refused() throws {
        let bench = try Workbench()
        let make = "keytool -genseckey -keyalg AES -keysize 128 -alias s -storepass changeit"
        try bench.run("\(make) -keystore jceks -storetype JCEKS")
        try bench.run("\(make) -keystore p12 -storetype PKCS12")
        let jceks = #expect(throws: PKIError.self) {
            try Keystore(reading: bench.read("jceks"), password: nil)
        }
        #expect(jceks?.code == .keystoreFormat && jceks?.reason.contains("JCEKS") == true)
        let secret = #expect(throws: PKIError.self) {
            try Keystore(reading: bench.read("p12"), password: bytes("changeit"))
        }
        #expect(secret?.code == .keystoreEntry)
        #expect(secret?.reason.contains("the entry \"s\" is a secret key") == true)
    }
}
