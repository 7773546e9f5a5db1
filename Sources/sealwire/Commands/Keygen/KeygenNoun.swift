// SPDX-License-Identifier: Apache-2.0
// `sealwire keygen server|device`: a key pair with a certificate that signs itself, in every form
// that somebody may want to load or to paste. Certificates of an authority are made by `ca issue`.

import Glibc
import SealPKI

/// What `keygen` is told.
struct KeygenOptions: Sendable {
    var folder = "."
    var prefix: String
    var alias: String
    var format = KeystoreFormat.jks
    var kind = KeyKind.p256
    var days = 3650
    var fields: [NameAttribute] = []
    var names = SubjectNames()
    var trustPaths: [String] = []
    var store = Secret("the keystore")
    var key = Secret("the key in the keystore")
    var replaces = false
}

enum KeygenNoun {
    static let command = Command.noun(
        "keygen",
        "a key pair with its own certificate, as JKS and as PEM",
        [server.command, device.command]
    )

    private static let server = Verb(
        name: "keygen server",
        summary: "for a server that is known by these names",
        usage: "NAME [NAME ...]",
        text: """
            Makes a private key and a certificate for the names, host names or addresses, of a
            server. The first is its common name too. The certificate signs itself: clients that
            are given it trust this server and no other.
            \(files)
            """,
        defaults: KeygenOptions(prefix: "mqttserver", alias: "serveralias"),
        flags: FlagTable(flags(prefix: "mqttserver", alias: "serveralias")),
        words: WordRule(name: "NAME", count: 1...100),
        examples: [
            "sealwire keygen server broker.example.org 192.0.2.7 --password-file store.pass",
            "sealwire keygen server tb.example.org --field O=Works --key rsa-2048 "
                + "--password-file store.pass --key-password-file key.pass",
        ]
    ) { options, words in
        var options = options
        for word in words { try CommandWords.add(word, to: &options.names, "NAME") }
        return try KeygenRun(options, commonName: words[0], purpose: .server).make()
    }

    private static let device = Verb(
        name: "keygen device",
        summary: "for a device of this name",
        usage: "NAME [--trust SERVER.pub.pem]",
        text: """
            Makes a private key and a certificate for a device, with its name as the common name.
            The certificate signs itself: PREFIX.pub.pem is what is pasted as the credentials of
            the device. With --trust the server's certificate goes into the keystore as well.
            \(files)
            """,
        defaults: KeygenOptions(prefix: "mqttclient", alias: "clientalias"),
        flags: FlagTable(flags(prefix: "mqttclient", alias: "clientalias") + [trust]),
        words: .one("NAME"),
        examples: [
            "sealwire keygen device sensor-1 --trust mqttserver.pub.pem --password-file store.pass"
        ]
    ) { options, words in
        try KeygenRun(options, commonName: words[0], purpose: .device).make()
    }

    private static let files = """

          PREFIX.jks         keystore with key and certificate (PREFIX.p12 with --format pkcs12)
          PREFIX.pub.pem     the certificate, to hand out and to paste
          PREFIX.cer         the certificate in DER
          PREFIX.nopass.pem  key and certificate in clear, for programs without Java
        """

    private static let trust = Flag<KeygenOptions>.value(
        "--trust",
        is: "FILE",
        "put this server's certificate into the keystore, as servercertificate"
    ) { (options, value, _) throws(UsageError) in options.trustPaths.append(value) }

    private static func flags(prefix: String, alias: String) -> [Flag<KeygenOptions>] {
        let shape: [Flag<KeygenOptions>] = [
            .value("--dir", is: "FOLDER", "where the files go (.)") {
                (options, value, _) throws(UsageError) in options.folder = value
            },
            .value("--prefix", is: "PREFIX", "how the files' names begin (\(prefix))") {
                (options, value, name) throws(UsageError) in
                guard !value.isEmpty, !value.contains("/") else {
                    throw UsageError(message: "\(name) is a name, not a path; --dir says where")
                }
                options.prefix = value
            },
            .value("--alias", is: "NAME", "the entry of the keystore (\(alias))") {
                (options, value, _) throws(UsageError) in options.alias = value
            },
            .value("--format", is: "FORMAT", "jks or pkcs12 (jks)") {
                (options, value, name) throws(UsageError) in
                guard let format = KeystoreFormat(rawValue: value.lowercased()) else {
                    throw UsageError(message: "\(name) is jks or pkcs12, not '\(value)'")
                }
                options.format = format
            },
        ]
        let certificate: [Flag<KeygenOptions>] = [
            .value("--key", is: "KIND", "ec-p256, ec-p384, rsa-2048 ... (ec-p256)") {
                (options, value, name) throws(UsageError) in
                options.kind = try CommandWords.keyKind(value, name)
            },
            .value("--days", is: "DAYS", "how long the certificate is valid (3650)") {
                (options, value, name) throws(UsageError) in
                options.days = try CommandWords.days(value, name)
            },
            .value("--field", is: "TYPE=VALUE", "a field of the name, as O=Works; again for more") {
                (options, value, name) throws(UsageError) in
                options.fields.append(try CommandWords.field(value, name))
            },
            .value("--san", is: "NAME", "a further name: DNS:, IP:, URI: or email:") {
                (options, value, name) throws(UsageError) in
                try CommandWords.add(value, to: &options.names, name)
            },
            .on("--force", help: "overwrite what is there") { options throws(UsageError) in
                options.replaces = true
            },
        ]
        return shape + certificate
            + Secret.flags("password", "the password of the keystore", \.store)
            + Secret.flags("key-password", "the password of the key (the store's)", \.key)
    }
}
