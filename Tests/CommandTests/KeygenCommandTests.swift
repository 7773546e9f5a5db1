// SPDX-License-Identifier: Apache-2.0
// `sealwire keygen`, and Java's TLS against the broker with what `sealwire` wrote.

import Foundation
import SealPKI
import SealServer
import SealTelemetry
import Testing

@Suite("sealwire keygen")
struct KeygenCommandTests {
    private let bench: StoreBench

    init() throws { bench = try StoreBench() }

    /// A daemon with the server's keystore, which trusts the one device.
    private func daemon(_ keystore: String, _ truststore: String) throws -> Daemon {
        var configuration = Configuration()
        configuration.metrics.isEnabled = false
        configuration.reload.watchesFiles = false
        configuration.shards.count = 1
        var listener = ListenerSettings()
        listener.name = "mtls"
        listener.bind = ["127.0.0.1"]
        listener.port = 0
        listener.keystore = bench.path(keystore)
        listener.keystoreAlias = "serveralias"
        listener.keystorePasswordFile = bench.path("store.pass")
        listener.keyPassphraseFile = bench.path("key.pass")
        listener.truststore = bench.path(truststore)
        listener.truststorePasswordFile = bench.path("store.pass")
        listener.clientCertificates = .require
        listener.identity = .commonName
        configuration.listeners = [listener]
        return try Daemon(configuration, logger: .silent())
    }

    private static let secrets = "--password-file store.pass --key-password-file key.pass"

    @Test("makes what the guide's scripts make, in one command each")
    func files() throws {
        let server = try bench.run(
            "sealwire keygen server localhost 127.0.0.1 --field C=US --field ST=GA "
                + "--field L=Roswell --field O=Tempus --field OU=Tempus --key rsa-2048 --days 9999 "
                + Self.secrets
        )
        #expect(server.output.contains("./mqttserver.jks: JKS with the key \"serveralias\""))
        let list = try bench.run(
            "keytool -list -v -keystore mqttserver.jks -storepass store-secret"
        ).output
        #expect(list.contains("Keystore type: JKS") && list.contains("Alias name: serveralias"))
        #expect(list.contains("Owner: CN=localhost, OU=Tempus, O=Tempus, L=Roswell, ST=GA, C=US"))
        #expect(list.contains("DNSName: localhost") && list.contains("IPAddress: 127.0.0.1"))
        #expect(list.contains("2048-bit RSA key"))
        // The same certificate three times, and the key in clear for programs without Java.
        let prints = try bench.run(
            """
            for form in '-in mqttserver.pub.pem' '-in mqttserver.nopass.pem' \
            '-inform der -in mqttserver.cer'; do
            openssl x509 $form -noout -fingerprint -sha256 || exit 1; done | sort -u | wc -l
            """
        )
        #expect(prints.output.contains("1"))
        try bench.run("openssl pkey -in mqttserver.nopass.pem -noout")
        #expect(try bench.mode("mqttserver.nopass.pem") == 0o600)
        #expect(try bench.mode("mqttserver.jks") == 0o600)
        #expect(try bench.mode("mqttserver.pub.pem") == 0o644)
        let copy =
            "keytool -importkeystore -srckeystore mqttserver.jks -srcstorepass store-secret "
            + "-srcalias serveralias -destkeystore x.p12 -deststorepass changeit"
        try bench.run("\(copy) -srckeypass store-secret", exit: 1)
        try bench.run("\(copy) -srckeypass key-secret")
        let again = try bench.run("sealwire keygen server localhost \(Self.secrets)", exit: 1)
        #expect(again.errors.contains("is there already"))
        try bench.run("sealwire keygen server localhost \(Self.secrets) --force")
        try bench.run("sealwire keygen device d --format pkcs12 \(Self.secrets)", exit: 64)
        try bench.run("sealwire keygen device d --prefix a/b \(Self.secrets)", exit: 64)
    }

    @Test("its files connect a device to the broker: PEM, keystore, and Java's TLS in both formats")
    func connects() throws {
        try bench.run("sealwire keygen server localhost 127.0.0.1 \(Self.secrets)")
        try bench.run("sealwire keygen device sensor-1 --trust mqttserver.pub.pem \(Self.secrets)")
        try bench.run(
            "sealwire keystore import-trust devices.p12 --alias sensor-1 --cert mqttclient.pub.pem "
                + "--password-file store.pass"
        )
        let daemon = try daemon("mqttserver.jks", "devices.p12")
        defer { daemon.stop() }
        let port = try #require(daemon.ports.first).port
        let to = "-h localhost -p \(port) -t a -m b -q 1 -i s1"
        try bench.run(
            "sealwire pub \(to) --cafile mqttserver.pub.pem --cert mqttclient.nopass.pem "
                + "--key mqttclient.nopass.pem"
        )
        try bench.run(
            "sealwire pub \(to) --keystore mqttclient.jks --keystore-password-file store.pass "
                + "--key-password-file key.pass --truststore mqttclient.jks "
                + "--truststore-password-file store.pass"
        )
        try java(port, "JKS mqttclient.jks store-secret key-secret mqttclient.jks store-secret")
        try bench.run(
            "sealwire keystore convert mqttclient.jks mqttclient.p12 "
                + "--password-file store.pass --key-password-file key.pass"
        )
        try java(
            port,
            "PKCS12 mqttclient.p12 store-secret store-secret mqttclient.p12 store-secret"
        )
        let measured = try bench.run(
            "sealwire bench pairs -h localhost -p \(port) --clients 2 --seconds 0.3 --warmup 0.1 "
                + "--keystore mqttclient.p12 --keystore-password-file store.pass --json "
                + "--truststore mqttclient.p12 --truststore-password-file store.pass"
        )
        #expect(measured.output.contains("{"), "\(measured.errors)")
        // Nobody knows another device.
        try bench.run(
            "sealwire keygen device stranger --prefix stranger --trust mqttserver.pub.pem "
                + Self.secrets
        )
        try bench.run(
            "sealwire pub \(to) --cafile mqttserver.pub.pem --cert stranger.nopass.pem "
                + "--key stranger.nopass.pem",
            exit: 8
        )
    }

    @Test(
        "truststores and keystores of sealwire serve Java over a chain",
        arguments: ["JKS", "PKCS12"]
    )
    func java(type: String) throws {
        let root = try CertificateAuthority.makeRoot(
            subject: DistinguishedName(commonName: "Root")
        )
        for (name, purpose) in [("server", CertificatePurpose.server), ("device", .device)] {
            let made = try root.issue(
                CertificateOrder(
                    subject: DistinguishedName(commonName: name),
                    names: SubjectNames(dns: name == "server" ? ["localhost"] : []),
                    purpose: purpose,
                    days: 10
                )
            )
            try bench.write("\(name).key", made.key.pem())
            try bench.write("\(name).crt", made.certificate.pem)
        }
        try bench.write("ca.crt", root.certificate.pem)
        let format = "--format \(type.lowercased()) --password-file store.pass"
        let own = type == "JKS" ? "--key-password-file key.pass" : ""
        for (name, alias) in [("server", "serveralias"), ("device", "devicekeyentry")] {
            try bench.run(
                "sealwire keystore import-key \(name) --alias \(alias) --key \(name).key "
                    + "--cert \(name).crt --cert ca.crt \(format) \(own)"
            )
        }
        try bench.run("sealwire keystore import-trust trust --alias ca --cert ca.crt \(format)")
        let daemon = try daemon("server", "trust")
        defer { daemon.stop() }
        let port = try #require(daemon.ports.first).port
        let key = type == "JKS" ? "key-secret" : "store-secret"
        try java(port, "\(type) device store-secret \(key) trust store-secret")
    }

    /// CONNECT from Java; MQTT 3.1.1 §3.2: CONNACK with return code 0.
    private func java(_ port: UInt16, _ words: String) throws {
        let program = "\(Paths.root)/Tests/CommandTests/Java/Connect.java"
        let outcome = try bench.run("java '\(program)' \(port) \(words)")
        #expect(outcome.output == "20020000 TLSv1.3\n", "\(outcome.errors)")
    }
}
