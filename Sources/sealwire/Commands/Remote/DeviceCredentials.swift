// SPDX-License-Identifier: Apache-2.0
// `sealwire device credentials`: what a device logs in with besides certificates of trusted
// authorities.

import SealBytes
import SealClient
import SealPKI

enum DeviceCredentials {
    static let command = Verb<RemoteOptions>.remote(
        "device credentials",
        "shows or sets what a device logs in with",
        usage: "[OPTIONS] DEVICE",
        text: """
            Without options lists the credentials of a device, but no secrets. With a password the
            device logs in as TENANT/device_DEVICE. With --certificate exactly this certificate
            lets it in, whoever issued it; connections that rely on the credentials before end.
            """,
        effect: .destroys,
        flags: [
            .own("--certificate", is: "FILE", "pins the first certificate in FILE"),
            .own("--access-token", "shows its access token, if it logs in with one"),
        ] + Secret.flags("password", "its new password", \RemoteOptions.password),
        words: .one("DEVICE"),
        examples: [
            "sealwire device credentials sensor-1",
            "sealwire device credentials sensor-1 --certificate sensor-1.crt",
            "sealwire device credentials gate-7 --password-file gate-7.pass --yes",
        ]
    ) { remote, words in
        let options = remote.options
        if let file = options.values["--certificate"] {
            return try pin(file, words[0], remote)
        }
        if let password = try options.password.given() {
            return try setPassword(password, words[0], remote)
        }
        let device = try remote.own(DeviceNoun.path(words[0]))
        if options.switches.contains("--access-token") {
            return try showToken(device, words[0], remote)
        }
        var listing = Listing(
            options,
            [
                ("KIND", "kind"), ("ID", "id"), ("VERSION", "version"), ("CREATED", "createdAt"),
                ("PROVED", "possessionProved"),
            ]
        )
        for one in device["credentials"]?.elements ?? [] { listing.add(one) }
        listing.finish("device \(words[0]) has no credentials of its own")
        return RemoteExit.done
    }.command

    private static func setPassword(
        _ password: [UInt8],
        _ name: String,
        _ remote: Remote
    ) throws -> Int32 {
        try remote.confirm("ends the connections of device \(name) that rely on its old password")
        let request = RESTRequest(
            .put,
            DeviceNoun.path(name),
            query: remote.tenantQuery,
            json: ["password": .string(String(decoding: password, as: UTF8.self))]
        )
        guard let done = try remote.change(request) else { return RemoteExit.done }
        if remote.options.isJSON { Output.answer(done.json) }
        Output.say("device \(name) has a new password\(done.endedText)", remote.options)
        return RemoteExit.done
    }

    /// ThingsBoard's calls set credentials; they need the record as it is now.
    private static func record(_ device: JSONValue, _ remote: Remote) throws -> JSONValue {
        guard remote.options.tenant == nil else {
            throw UsageError(
                message: "--tenant cannot be used here",
                hint: "log in to that tenant"
            )
        }
        let id = device["id"]?.text ?? ""
        return try remote.get(RESTRequest.path("api", "device", id, "credentials"))
    }

    private static func pin(
        _ file: String,
        _ name: String,
        _ remote: Remote
    ) throws -> Int32 {
        let certificate = try Certificate(pem: try Files.read(file))
        let device = try remote.own(DeviceNoun.path(name))
        var members: JSONObject = [
            "deviceId": ["entityType": "DEVICE", "id": device["id"] ?? .null],
            "credentialsType": "X509_CERTIFICATE",
            "credentialsValue": .string(String(decoding: certificate.pem, as: UTF8.self)),
        ]
        do {
            if let id = try record(device, remote)["id"] { members["id"] = id }
        } catch let failure as CommandFailure where failure.exitCode == RemoteExit.unknown {
            // It has none yet.
        }
        try remote.confirm(
            "makes \(certificate.fingerprint) the certificate of device \(name) and ends the "
                + "connections that rely on its credentials before"
        )
        let request = RESTRequest(.post, "/api/device/credentials", json: .object(members))
        guard let done = try remote.change(request) else { return RemoteExit.done }
        if remote.options.isJSON { Output.answer(done.json) }
        Output.say(
            "device \(name) logs in with exactly this certificate\(done.endedText)",
            remote.options
        )
        return RemoteExit.done
    }

    private static func showToken(
        _ device: JSONValue,
        _ name: String,
        _ remote: Remote
    ) throws -> Int32 {
        let record = try record(device, remote)
        guard record["credentialsType"]?.text == "ACCESS_TOKEN",
            let token = record["credentialsId"]?.text
        else {
            throw CommandFailure(RemoteExit.no, "device \(name) does not log in with a token")
        }
        if remote.options.isJSON {
            Output.object(["device": .string(name), "accessToken": .string(token)])
        } else {
            Terminal.write(token + "\n")
        }
        return RemoteExit.done
    }
}
