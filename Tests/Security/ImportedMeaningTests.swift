// SPDX-License-Identifier: Apache-2.0
// Imports that lose a meaning say so: each option of mosquitto.conf is obeyed or named in a note.

import Testing

@testable import SealServer

@Suite("What an import of mosquitto.conf means") struct ImportedMeaningTests {
    private func run(_ text: String) -> ImportResult {
        MosquittoImport.run(text: text, path: "m.conf", readFile: { _ in nil })
    }

    private func notes(_ text: String) -> [String] { run(text).notes.map(\.message) }

    private let tls = "listener 8883\ncertfile /c.pem\nkeyfile /k.pem\nallow_anonymous true\n"

    @Test("cafile completes the server's chain without a certificate being demanded")
    func chain() throws {
        let conf = run(tls + "cafile /ca.pem\n").sealwireConf
        let loaded = try Configuration.load(Array(conf.utf8), file: "/s/s.conf", environment: [:])
        let listener = try #require(loaded.configuration.listeners.first)
        #expect(listener.trustFiles == ["/ca.pem"])
        #expect(listener.clientCertificates == .off)
        let folders = run(tls + "capath /cas\n").sealwireConf
        #expect(folders.contains("trust-folders = [\"/cas\"]"))
    }

    @Test("what is without limit there has a limit here, and the note names it")
    func limits() {
        let all = notes("max_queued_messages 0\n").joined(separator: "\n")
        for word in ["queued-messages", "queued-bytes", "retained-messages"] {
            #expect(all.contains(word), "\(word)")
        }
        #expect(
            !notes("max_queued_messages 0\nmax_queued_bytes 5000\n").joined()
                .contains("queued-bytes = 16MiB")
        )
    }

    @Test(
        "what has no effect here is named",
        arguments: [
            ("disable_client_cert_date_checks true", "disable_client_cert_date_checks"),
            ("crlfile /crl.pem", "crlfile"),
            ("socket_domain unix", "socket_domain"),
        ]
    )
    func lost(line: String, word: String) {
        #expect(notes(tls + line + "\n").contains { $0.contains(word) })
    }

    @Test(
        "settings of TLS on a listener without it are named",
        arguments: ["ciphers HIGH", "ciphers_tls1.3 TLS_AES_128_GCM_SHA256", "tls_version tlsv1.3"]
    )
    func plain(line: String) {
        let word = String(line.prefix { $0 != " " })
        #expect(notes("listener 1883\n\(line)\n").contains { $0.contains(word) })
    }

    @Test("of two limits of a packet one counts, and the note says which")
    func packets() {
        let all = notes("max_packet_size 5000\nmessage_size_limit 100\n")
        #expect(all.contains { $0.contains("message_size_limit") })
    }

    @Test("a kind of log that is switched off is named")
    func quiet() { #expect(notes("log_type none\n").contains { $0.contains("log_type") }) }

    @Test("suites that can never be chosen are left out, and named")
    func suites() throws {
        let result = run(tls + "ciphers DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256\n")
        #expect(result.sealwireConf.contains("ciphers = \"ECDHE-RSA-AES128-GCM-SHA256\""))
        #expect(result.notes.contains { $0.message.contains("DHE-RSA-AES128-GCM-SHA256") })
        #expect(!result.notes.contains { $0.message.contains("refused") })
        let none = run(tls + "ciphers RC4-SHA\n")
        #expect(!none.sealwireConf.contains("ciphers"))
    }
}
