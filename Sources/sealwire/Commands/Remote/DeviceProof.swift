// SPDX-License-Identifier: Apache-2.0
// `sealwire device prove`: that a tenant holds the key of a device's pinned certificate.

import SealBytes
import SealClient
import SealPKI

enum DeviceProof {
    static let command = Verb<RemoteOptions>.remote(
        "device prove",
        "proves that you hold the key of its certificate",
        usage: "[OPTIONS] --key FILE DEVICE",
        text: """
            Gets a code from the server, signs it with the key of the certificate that DEVICE logs
            in with, and sends the signature. The key stays where it is. A certificate is public, so
            one that is not proved yields to what other tenants have for the same device.
            """,
        effect: .changes,
        flags: [.own("--key", is: "FILE", "the key of the certificate")]
            + Secret.flags("key-password", "what opens the key", \RemoteOptions.keyPassword),
        words: .one("DEVICE"),
        examples: ["sealwire device prove --key sensor-1.key sensor-1"]
    ) { remote, words in
        guard let file = remote.options.values["--key"] else {
            throw UsageError(message: "--key is missing", hint: "--key FILE")
        }
        var secret = Secret(file)
        secret.file = remote.options.keyPassword.file
        secret.variable = remote.options.keyPassword.variable
        let key = try CertKey.read(file, secret)
        let device = try remote.own(DeviceNoun.path(words[0]))
        let pinned = (device["credentials"]?.elements ?? []).filter {
            $0["kind"]?.text == "X509_CERTIFICATE"
        }
        guard let first = pinned.first(where: { $0["possessionProved"]?.flag != true }) else {
            throw CommandFailure(
                RemoteExit.no,
                pinned.isEmpty
                    ? "device \(words[0]) does not log in with a certificate of its own"
                    : "the key of device \(words[0]) is proved already"
            )
        }
        let root =
            DeviceNoun.path(words[0]) + RESTRequest.path("credentials", first["id"]?.text ?? "")
        let ask = RESTRequest(.post, root + "/verification-code", query: remote.tenantQuery)
        guard let asked = try remote.change(ask) else { return RemoteExit.done }
        guard let code = asked.json["code"]?.text else {
            throw CommandFailure(RemoteExit.protocolFault, "the server sent no code to sign")
        }
        let signature = Base64.encode(try key.signature(of: Array(code.utf8)))
        let request = RESTRequest(
            .post,
            root + "/pop",
            query: remote.tenantQuery,
            json: ["signature": .string(signature)]
        )
        guard let done = try remote.change(request) else { return RemoteExit.done }
        if remote.options.isJSON { Output.answer(done.json) }
        Output.say(
            "it is proved that you hold the key of device \(words[0])\(done.endedText)",
            remote.options
        )
        return RemoteExit.done
    }.command
}
