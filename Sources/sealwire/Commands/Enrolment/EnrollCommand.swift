// SPDX-License-Identifier: Apache-2.0
// `sealwire enroll` and `sealwire renew`: a device's certificate from the server's own authority,
// for a one-time code at first and by itself from then on (EST, RFC 7030). What is done is
// EnrollRun's and RenewRun's.

import SealClient
import SealPKI

/// What `enroll` and `renew` are told.
struct EnrollOptions: Sendable {
    var url: String?
    var tenant: String?
    var folder = "."
    var authorityFile: String?
    var kind = KeyKind.p256
    var code = Secret("the enrolment", noun: "code")
    var replaces = false
    var makesNewKey = false
    var isForced = false
    var daysBefore: Int?
    var isTested = true
    var timeLimitSeconds = 30
    var isJSON = false

    /// Which server is meant.
    func target() throws -> RESTTarget {
        guard let url else {
            throw UsageError(message: "--url is missing", hint: "--url https://HOST:PORT")
        }
        do { return try RESTTarget(url) } catch { throw UsageError(message: error.reason) }
    }
}

enum EnrollCommand {
    static let command = Verb(
        name: "enroll",
        summary: "gets a device its first certificate, for a one-time code",
        usage: "DEVICE --url URL [OPTIONS]",
        text: """
            Makes a private key, asks the server's authority for a certificate that names DEVICE,
            and writes

              DEVICE.key        the private key, for its owner alone; it never leaves this machine
              DEVICE.crt        the certificate
              DEVICE.chain.pem  the certificate and the authority's, to be sent when connecting

            The code counts once. It is made by an operator, and asked for on the terminal, or read
            from a file or a variable. A key that an interrupted run left is used again.
            """,
        defaults: EnrollOptions(),
        flags: FlagTable(
            server + Secret.flags("code", "the code", \EnrollOptions.code) + [
                .value("--key", is: "KIND", "ec-p256, ec-p384, rsa-2048 ... (ec-p256)") {
                    (options, value, name) throws(UsageError) in
                    options.kind = try CommandWords.keyKind(value, name)
                },
                .on("--force", help: "begin anew although there is a certificate") {
                    (options) throws(UsageError) in options.replaces = true
                },
            ] + ending
        ),
        words: .one("DEVICE"),
        examples: [
            "sealwire enroll sensor-1 --url https://iot.example:8443 --cafile ca.crt --tenant t1",
            "sealwire enroll sensor-1 --url https://iot.example:8443 --cafile ca.crt "
                + "--code-file code --dir /etc/device",
        ],
        exitCodes: RemoteExit.rows,
        run: { options, words in try Remote.mapping { try EnrollRun(options, words[0]).run() } }
    ).command

    static let renewCommand = Verb(
        name: "renew",
        summary: "renews a device's certificate when it is due",
        usage: "DEVICE --url URL [OPTIONS]",
        text: """
            Renews DEVICE.crt when a third of its life is left, or fewer days than --before says,
            and does nothing before that, so that it can be run every day. The certificate it has
            is what proves who asks. The new one is tried out before it takes the place of the old
            one; what is there stays as it is when anything fails.
            """,
        defaults: EnrollOptions(),
        flags: FlagTable(
            server + [
                .on("--new-key", help: "make a new private key, too") {
                    (options) throws(UsageError) in options.makesNewKey = true
                },
                .value("--key", is: "KIND", "the kind of a new key (ec-p256)") {
                    (options, value, name) throws(UsageError) in
                    options.kind = try CommandWords.keyKind(value, name)
                },
                .value("--before", is: "DAYS", "when so many days are left (a third of its life)") {
                    (options, value, name) throws(UsageError) in
                    options.daysBefore = try Numbers.whole(value, of: name, in: 0...36_525)
                },
                .on("--force", help: "also when it is not due") { (options) throws(UsageError) in
                    options.isForced = true
                },
                .on("--no-test", help: "do not try the new certificate out first") {
                    (options) throws(UsageError) in options.isTested = false
                },
            ] + ending
        ),
        words: .one("DEVICE"),
        examples: [
            "sealwire renew sensor-1 --url https://iot.example:8443 --cafile ca.crt",
            "sealwire renew sensor-1 --url https://iot.example:8443 --cafile ca.crt --new-key "
                + "--before 30 --dir /etc/device",
        ],
        exitCodes: RemoteExit.rows,
        run: { options, words in try Remote.mapping { try RenewRun(options, words[0]).run() } }
    ).command

    private static let server: [Flag<EnrollOptions>] = [
        .value("--url", is: "URL", "the server's REST API, https://HOST:PORT") {
            (options, value, _) throws(UsageError) in options.url = value
        },
        .value("--tenant", is: "ID", "the tenant (the one the host name stands for)") {
            (options, value, _) throws(UsageError) in options.tenant = value
        },
        .value("--cafile", is: "FILE", "the authority of the server (the system's)") {
            (options, value, _) throws(UsageError) in options.authorityFile = value
        },
        .value("--dir", is: "FOLDER", "where the files are (.)") {
            (options, value, _) throws(UsageError) in options.folder = value
        },
    ]

    private static let ending: [Flag<EnrollOptions>] = [
        .value("--timeout", is: "SECONDS", "how long an answer may take (30)") {
            (options, value, name) throws(UsageError) in
            options.timeLimitSeconds = try Numbers.whole(value, of: name, in: 1...3600)
        },
        .on("--json", help: "one JSON object on a line") { (options) throws(UsageError) in
            options.isJSON = true
        },
    ]
}
