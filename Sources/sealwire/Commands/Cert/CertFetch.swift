// SPDX-License-Identifier: Apache-2.0
// `sealwire cert fetch`: the chain of a server as PEM, and what it is worth.

import Glibc
import SealClient
import SealPKI

enum CertFetch {
    struct Options: Sendable {
        var serverName: String?
        var file: String?
        var timeLimitSeconds = 15
    }

    static let verb = Verb<Options>(
        name: "cert fetch",
        summary: "gets the certificates of a server",
        usage: "[OPTIONS] HOST:PORT",
        text: """
            Writes the whole chain that a server sends as PEM, to standard output or to -o FILE.
            Standard error says whether it verifies with what the system trusts. If it does not,
            compare the SHA-256 fingerprint with one that you got on another way (from the person
            who runs the server) before you trust the file: anybody on the way can answer instead
            of the server. Servers that demand a certificate of their clients show theirs as well.
            """,
        defaults: Options(),
        flags: FlagTable([
            .value("--sni", is: "NAME", "the name to ask for, when it is not HOST") {
                (options, value, _) throws(UsageError) in options.serverName = value
            },
            .value("-o", "--out", is: "FILE", "writes the PEM to FILE") {
                (options, value, _) throws(UsageError) in options.file = value
            },
            .value("--timeout", is: "SECONDS", "how long the server has (15)") {
                (options, value, name) throws(UsageError) in
                options.timeLimitSeconds = try Numbers.whole(value, of: name, in: 1...600)
            },
        ]),
        words: .one("HOST:PORT"),
        examples: [
            "sealwire cert fetch broker.example:8883 -o server.pem",
            "sealwire cert fetch 192.0.2.7:8883 --sni broker.example | sealwire cert inspect -",
        ],
        run: run
    )

    @MainActor
    private static func run(_ options: Options, _ words: [String]) async throws -> Int32 {
        guard let server = CertSource.server(words[0]) else {
            throw UsageError(
                message: "'\(words[0])' is not HOST:PORT",
                hint: "MQTT over TLS is usually on port 8883: \(words[0]):8883"
            )
        }
        let found = try ServerCertificates.fetch(
            host: server.host,
            port: server.port,
            serverName: options.serverName,
            timeLimitSeconds: options.timeLimitSeconds
        )
        guard let leaf = found.chain.first else {
            throw PKIError(.noPEM, "the server showed no certificate")
        }
        try CertSource.write(Array(found.chain.map(\.pem).joined()), to: options.file)
        if let refusal = found.refusal {
            note(
                "the server showed its certificates and then ended the handshake, as one does that "
                    + "demands a certificate of its clients: \(refusal)"
            )
        }
        judge(found.chain, leaf, options.serverName ?? server.host)
        return ToolExit.done
    }

    @MainActor
    private static func judge(_ chain: [Certificate], _ leaf: Certificate, _ host: String) {
        var settings = VerificationSettings(time: Int64(time(nil)))
        settings.purpose = .server
        settings.host = host
        let roots = try? SystemRoots.load()
        let verdict = ChainVerifier(
            settings: settings,
            trusted: roots?.certificates ?? [],
            intermediates: Array(chain.dropFirst())
        ).verify(leaf)
        let count = chain.count == 1 ? "1 certificate" : "\(chain.count) certificates"
        let place = roots?.place.path ?? "no file of trusted authorities was found"
        if verdict.isValid {
            note(
                "\(count); the chain verifies for \(host) with the system's authorities (\(place))"
            )
            return
        }
        note("\(count); the chain does not verify with the system's authorities (\(place)):")
        for failure in verdict.failures {
            note("  \(failure)")
        }
        note("compare the SHA-256 fingerprint before you trust it:")
        note("  " + CertificateReport.fingerprint(leaf.fingerprint.bytes))
        if let last = chain.last, chain.count > 1 {
            note("that of the last one of the chain:")
            note("  " + CertificateReport.fingerprint(last.fingerprint.bytes))
        }
    }

    @MainActor
    private static func note(_ text: String) { Terminal.note(TextTable.printable(text)) }
}
