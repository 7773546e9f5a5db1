// SPDX-License-Identifier: Apache-2.0
// `sealwire keystore`, with keytool and openssl looking at everything it writes.

import Foundation
import SealPKI
import Testing

@Suite("sealwire keystore")
struct KeystoreCommandTests {
    private let bench: StoreBench

    init() throws {
        bench = try StoreBench()
        let root = try CertificateAuthority.makeRoot(
            subject: DistinguishedName(commonName: "Root CA", organization: "Works")
        )
        let device = try root.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: "device-1"),
                names: SubjectNames(dns: ["device-1.example"]),
                purpose: .device,
                days: 30
            )
        )
        try bench.write("caCert.pem", root.certificate.pem)
        try bench.write("caCert.cer", root.certificate.der)
        try bench.write("deviceKey.pem", device.key.pem())
        // The root first: the order is put right.
        try bench.write("chain.pem", root.certificate.pem + device.certificate.pem)
        try bench.write("deviceCert.pem", device.certificate.pem)
    }

    private static let importKey =
        "--alias devicekeyentry --key deviceKey.pem --cert chain.pem --password-file store.pass"

    @Test("does the guide's steps: keystore, the same as JKS, truststores in both formats")
    func guide() throws {
        let made = try bench.run("sealwire keystore import-key dev.pkcs12 \(Self.importKey)")
        #expect(
            made.output == "dev.pkcs12: PrivateKeyEntry \"devicekeyentry\" with 2 certificates\n"
        )
        try bench.run("sealwire keystore convert dev.pkcs12 dev.jks --password-file store.pass")
        for (name, type) in [("dev.pkcs12", "PKCS12"), ("dev.jks", "JKS")] {
            let list = try bench.run("keytool -list -v -keystore \(name) -storepass store-secret")
            #expect(list.output.contains("Keystore type: \(type)"))
            #expect(list.output.contains("Entry type: PrivateKeyEntry"))
            #expect(list.output.contains("Certificate chain length: 2"))
            #expect(try bench.mode(name) == 0o600)
        }
        for (name, format) in [("trust.p12", "pkcs12"), ("trust.jks", "jks")] {
            try bench.run(
                "sealwire keystore import-trust \(name) --format \(format) "
                    + "--alias servercertificate --cert caCert.cer --password-file store.pass"
            )
            let list = try bench.run("keytool -list -keystore \(name) -storepass store-secret")
            #expect(list.output.contains("servercertificate, "))
            #expect(list.output.contains("trustedCertEntry"))
        }
        // The other order of things: into the keystore itself.
        try bench.run(
            "sealwire keystore import-trust dev.jks --alias servercertificate --cert caCert.pem "
                + "--password-file store.pass"
        )
        let both = try bench.run("keytool -list -keystore dev.jks -storepass store-secret")
        #expect(both.output.contains("Your keystore contains 2 entries"))
    }

    @Test("lists in keytool's words, as details, and as JSON")
    func list() throws {
        try bench.run("sealwire keystore import-key d.jks --format jks \(Self.importKey)")
        try bench.run(
            "sealwire keystore import-trust d.jks --alias ca --cert caCert.pem "
                + "--password-file store.pass"
        )
        let list = try bench.run("sealwire keystore list d.jks --password-file store.pass")
        #expect(list.output.contains("Your keystore contains 2 entries"))
        #expect(list.output.contains("devicekeyentry  PrivateKeyEntry"))
        #expect(list.output.contains("ca              trustedCertEntry"))
        let print = try bench.run("openssl x509 -in caCert.pem -noout -fingerprint -sha256")
        let digits = print.output.split(separator: "=").last.map { $0.dropLast() } ?? "none"
        #expect(list.output.contains(digits))
        let details = try bench.run("sealwire keystore list -v --alias CA d.jks")
        #expect(details.errors.contains("no password"))
        #expect(details.output.contains("Owner: CN=Root CA,O=Works"))
        #expect(!details.output.contains("devicekeyentry"))
        let json = try bench.run("sealwire keystore list --json d.jks --password-file store.pass")
        let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8))
        let store = try #require(object as? [String: Any])
        #expect(store["format"] as? String == "jks" && store["isVerified"] as? Bool == true)
        let entries = try #require(store["entries"] as? [[String: Any]])
        #expect(entries.map { $0["alias"] as? String } == ["devicekeyentry", "ca"])
        let chain = try #require(entries[0]["certificates"] as? [[String: Any]])
        #expect(chain.map { $0["owner"] as? String } == ["CN=device-1", "CN=Root CA,O=Works"])
        #expect(chain[0]["names"] as? String == "DNS:device-1.example")
    }

    @Test("takes out what was put in")
    func export() throws {
        try bench.run(
            "sealwire keystore import-key d.jks --format jks --key-password-file key.pass "
                + Self.importKey
        )
        let open = "sealwire keystore export d.jks --password-file store.pass"
        try bench.run("\(open) -o cert.pem && \(open) --chain -o all.pem && \(open) --der -o c.der")
        #expect(try bench.read("cert.pem") == bench.read("deviceCert.pem"))
        #expect(
            try bench.read("all.pem") == bench.read("deviceCert.pem") + bench.read("caCert.pem")
        )
        try bench.run("openssl x509 -inform der -in c.der -noout")
        try bench.run("\(open) --key -o key.pem", exit: 1)
        try bench.run("\(open) --key --key-password-file key.pass -o key.pem")
        #expect(try bench.read("key.pem") == bench.read("deviceKey.pem"))
        #expect(try bench.mode("key.pem") == 0o600)
        try bench.run("\(open) --key --key-password-file key.pass -o key.pem", exit: 1)
        try bench.run(
            "\(open) --key --key-password-file key.pass --pem-password-file new.pass -o enc.pem"
        )
        try bench.run("openssl pkey -in enc.pem -passin pass:new-one -noout")
        // And back, with the passphrase.
        try bench.run(
            "sealwire keystore import-key back.p12 --alias d --key enc.pem --cert all.pem "
                + "--pem-password-file new.pass --password-file store.pass"
        )
        let same = try bench.run(
            "openssl pkcs12 -in back.p12 -passin pass:store-secret -nodes -nocerts"
        )
        #expect(same.output.contains("BEGIN PRIVATE KEY"))
    }

    @Test("converts with other passwords, and keys that have their own")
    func convert() throws {
        try bench.run(
            "sealwire keystore import-key d.jks --format jks --key-password-file key.pass "
                + Self.importKey
        )
        let convert = "sealwire keystore convert d.jks d.p12 --password-file store.pass"
        let refused = try bench.run(convert, exit: 1)
        #expect(refused.errors.contains("pki.passphrase-wrong"))
        try bench.run("\(convert) --key-password-file key.pass --new-password-file new.pass")
        try bench.run("openssl pkcs12 -in d.p12 -passin pass:new-one -nodes -noout")
        try bench.run(
            "sealwire keystore convert d.p12 e.jks --password-file new.pass "
                + "--new-password-file store.pass --new-key-password-file key.pass"
        )
        try bench.run(
            "keytool -importkeystore -srckeystore e.jks -srcstorepass store-secret -srcalias "
                + "devicekeyentry -srckeypass key-secret -destkeystore f.p12 "
                + "-deststorepass changeit"
        )
        try bench.run(
            "sealwire keystore convert d.p12 old.p12 --format pkcs12 --legacy "
                + "--password-file new.pass"
        )
        let old = try bench.run("openssl pkcs12 -in old.p12 -passin pass:new-one -info -noout")
        #expect(old.errors.contains("3-KeyTripleDES"))
    }

    @Test("changes passwords of stores and keys, which keytool then wants")
    func password() throws {
        try bench.run(
            "sealwire keystore import-key d.jks --format jks --key-password-file key.pass "
                + Self.importKey
        )
        try bench.run(
            "sealwire keystore import-key d.jks --key deviceKey.pem --cert chain.pem --alias same "
                + "--password-file store.pass"
        )
        try bench.run(
            "sealwire keystore password d.jks --password-file store.pass "
                + "--new-password-file new.pass"
        )
        try bench.run("keytool -list -keystore d.jks -storepass store-secret", exit: 1)
        let take = "sealwire keystore export d.jks --password-file new.pass --key"
        // The one keeps its own password, the other follows the store.
        try bench.run("\(take) --alias devicekeyentry", exit: 1)
        try bench.run("\(take) --alias devicekeyentry --key-password-file key.pass")
        try bench.run("\(take) --alias same")
        try bench.run(
            "sealwire keystore password d.jks --alias same --password-file new.pass "
                + "--new-key-password-file store.pass"
        )
        try bench.run("\(take) --alias same", exit: 1)
        try bench.run("\(take) --alias same --key-password-file store.pass")
        try bench.run("\(take) --alias devicekeyentry --key-password-file key.pass")
        try bench.run("sealwire keystore import-key d.p12 \(Self.importKey)")
        let change = "sealwire keystore password d.p12 --password-file store.pass"
        try bench.run("\(change) --new-key-password-file key.pass", exit: 1)
        try bench.run("\(change) --new-password-file new.pass")
        try bench.run("openssl pkcs12 -in d.p12 -passin pass:new-one -nodes -noout")
        #expect(try bench.mode("d.p12") == 0o600)
    }

    @Test("renames, deletes and replaces", arguments: ["jks", "pkcs12"])
    func entries(format: String) throws {
        let secret = "--password-file store.pass"
        try bench.run("sealwire keystore create s --format \(format) \(secret)")
        try bench.run("sealwire keystore create s --format \(format) \(secret)", exit: 1)
        try bench.run("sealwire keystore import-trust s --alias one --cert caCert.pem \(secret)")
        let again = "sealwire keystore import-trust s --alias one --cert deviceCert.pem \(secret)"
        let taken = try bench.run(again, exit: 1)
        #expect(taken.errors.contains("there is an entry \"one\" already"))
        try bench.run("\(again) --replace")
        try bench.run("sealwire keystore import-trust s --alias more --cert chain.pem \(secret)")
        try bench.run("sealwire keystore rename s one uno \(secret)")
        try bench.run("sealwire keystore delete s more-2 \(secret)")
        try bench.run("sealwire keystore delete s more-2 \(secret)", exit: 1)
        let list = try bench.run("keytool -list -keystore s -storepass store-secret")
        #expect(list.output.contains("Your keystore contains 2 entries"))
        #expect(list.output.contains("uno, ") && list.output.contains("more, "))
        #expect(try bench.mode("s") == 0o644)
    }

    @Test("tells a wrong password, a wrong file, a broken file and a wrong command line apart")
    func refusals() throws {
        try bench.run("sealwire keystore import-key d.p12 \(Self.importKey)")
        let wrong = try bench.run("sealwire keystore list d.p12 --password-file new.pass", exit: 1)
        #expect(wrong.errors.contains("pki.keystore-password"))
        let pem = try bench.run(
            "sealwire keystore list chain.pem --password-file new.pass",
            exit: 1
        )
        #expect(pem.errors.contains("pki.keystore-format"))
        try bench.run("head -c 300 d.p12 >cut")
        let cut = try bench.run("sealwire keystore list cut --password-file store.pass", exit: 1)
        #expect(cut.errors.contains("pki.keystore-broken"))
        let lost = try bench.run(
            "sealwire keystore list nowhere --password-file store.pass",
            exit: 1
        )
        #expect(lost.errors.contains("nowhere cannot be opened"))
        try bench.run("printf 'short' >short.pass")
        let short = try bench.run("sealwire keystore create n --password-file short.pass", exit: 64)
        #expect(short.errors.contains("at least 6 characters"))
        try bench.run("sealwire keystore list d.p12 --password secret", exit: 64)
        let silent = try bench.run("setsid sealwire keystore list d.p12 </dev/null", exit: 64)
        #expect(silent.errors.contains("no terminal to ask on"))
        let gap = try bench.run(
            "sealwire keystore import-key g.p12 --alias a --key deviceKey.pem --cert caCert.pem "
                + "--password-file store.pass",
            exit: 1
        )
        #expect(gap.errors.contains("pki.key-mismatch"))
        #expect(!FileManager.default.fileExists(atPath: bench.path("g.p12")))
    }

    @Test("reads a file whose password is empty, and the environment's password")
    func passwords() throws {
        try bench.run(
            "openssl pkcs12 -export -inkey deviceKey.pem -in chain.pem -name d -passout pass: "
                + "-out empty.p12 && touch empty.pass"
        )
        let list = try bench.run("sealwire keystore list empty.p12 --password-file empty.pass")
        #expect(list.output.contains("PrivateKeyEntry"))
        try bench.run("S=store-secret sealwire keystore create e.p12 --password-env S")
        try bench.run("keytool -list -keystore e.p12 -storepass store-secret")
        try bench.run("sealwire keystore create f.p12 --password-env NOT_SET", exit: 64)
    }
}
