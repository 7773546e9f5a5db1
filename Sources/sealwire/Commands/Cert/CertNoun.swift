// SPDX-License-Identifier: Apache-2.0
// `sealwire cert`: the verbs about certificates. Each has a file of its own.

enum CertNoun {
    static let command = Command.noun(
        "cert",
        "looks at certificates, verifies chains, makes keys and requests",
        [
            CertInspect.verb.command, CertVerify.verb.command, CertFetch.verb.command,
            CertChain.verb.command, CertFingerprint.verb.command, CertRequest.verb.command,
            CertKey.verb.command, CertRenewal.verb.command, CertRoots.verb.command,
        ]
    )
}
