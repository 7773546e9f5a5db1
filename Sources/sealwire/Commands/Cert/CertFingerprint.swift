// SPDX-License-Identifier: Apache-2.0
// `sealwire cert fingerprint`: digests of certificates.

import SealBytes
import SealPKI

enum CertFingerprint {
    struct Options: Sendable {
        var kind = DigestKind.sha256
        var isPlain = false
    }

    static let verb = Verb<Options>(
        name: "cert fingerprint",
        summary: "prints the digests of certificates",
        usage: "[OPTIONS] FILE",
        text: """
            Prints the digest of the DER of every certificate of FILE with its subject. SHA-1 is
            for comparing with old listings only: it can be forged.
            """,
        defaults: Options(),
        flags: FlagTable([
            .on("--sha256", help: "SHA-256 (default)") { $0.kind = .sha256 },
            .on("--sha3-256", help: "SHA3-256") { $0.kind = .sha3 },
            .on("--sha1", help: "SHA-1") { $0.kind = .sha1 },
            .on("--plain", help: "lower-case digits without colons, nothing else") {
                $0.isPlain = true
            },
        ]),
        words: .one("FILE"),
        examples: ["sealwire cert fingerprint ca.crt"],
        run: { options, words in
            for one in try CertSource.certificates(words[0]) {
                let digest = try options.kind.digest(of: one.der)
                if options.isPlain {
                    Terminal.write(Hex.encode(digest) + "\n")
                    continue
                }
                let subject = TextTable.printable(try one.fields().subject.shown)
                let text = CertificateReport.fingerprint(digest)
                Terminal.write("\(options.kind.rawValue) \(text)  \(subject)\n")
            }
            return ToolExit.done
        }
    )
}
