// SPDX-License-Identifier: Apache-2.0
// The calls by which a tenant proves that it holds the key of a device's certificate: a code is
// asked for, signed with the key, and the signature sent back. A certificate is public, so without
// that proof it yields to what other tenants have for the same device.

internal import SealBroker
internal import SealBytes
internal import SealHTTP
internal import SealPKI

/// The calls about proof of possession of devices' certificates.
enum CredentialProofCalls {
    static let operations: [Operation] = [ask, prove]

    private static let root = "/api/v1/devices/{identifier}/credentials/{credentialId}"
    private static let parameters = [
        DeviceCalls.path,
        Parameter.path("credentialId", .uuid, "The id of a credential of the device."),
        OwnShapes.tenant,
    ]

    private static let ask = Operation(
        "createCredentialCode",
        .post,
        root + "/verification-code",
        family: .sealwire,
        tag: "Devices",
        "Makes a new code to be signed with the key of the device's certificate.",
        .roles(ThingsBoardShapes.deviceRoles),
        answers: [
            .json(
                "The code.",
                .object(
                    [
                        .needed("id", .uuid), .needed("code", .text),
                        .needed("usableUntil", .moment),
                    ],
                    others: .forbidden
                ).named("CredentialCode")
            )
        ]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        let credential = try find(call, tenant)
        let forge = call.context.forge
        var proof = credential.proof
        proof.code = try asking { () throws(RegistryError) in try forge.generate() }
        proof.usableUntil = (call.now + call.context.settings.proofSeconds) * 1000
        let wanted = proof
        _ = try OwnShapes.change(call, tenant) { writer throws(RegistryError) in
            var proof = try stored(credential, writer).proof
            proof.code = wanted.code
            proof.usableUntil = wanted.usableUntil
            try writer.setProof(proof, credential: credential.number)
        }
        return call.answer([
            "id": .string(credential.uuid), "code": .string(wanted.code),
            "usableUntil": OwnShapes.moment(wanted.usableUntil),
        ])
    }
    .taking(parameters, problems: [404, 409, 422], answersUnasked: true)

    private static let prove = Operation(
        "proveCredential",
        .post,
        root + "/pop",
        family: .sealwire,
        tag: "Devices",
        "Proves with a signature of the code that the tenant holds the key of the certificate.",
        .roles(ThingsBoardShapes.deviceRoles),
        answers: [Answer.json("The credential, proved.", DeviceCalls.credential).ending]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        let credential = try find(call, tenant)
        let proof = credential.proof
        guard !proof.code.isEmpty else { throw APIError(.unprocessableContent, .trustCodeMissing) }
        guard call.now * 1000 <= proof.usableUntil else {
            throw APIError(.unprocessableContent, .trustCodeExpired)
        }
        guard let signature = Base64.decode(call.json["signature"]?.text ?? ""),
            isProof(signature, credential)
        else { throw APIError(.badRequest, .trustProofWrong) }
        let made = try OwnShapes.change(call, tenant) {
            writer throws(RegistryError) -> Credential in
            // The code that was signed, of the certificate whose key signed it.
            let now = try stored(credential, writer)
            guard now.proof.code.utf8.elementsEqual(proof.code.utf8) else {
                throw RegistryError(.conflict, "another code was asked for meanwhile")
            }
            var proved = TrustAnchor.Proof()
            proved.isValid = true
            try writer.setProof(proved, credential: now.number)
            return try stored(credential, writer)
        }
        return call.answer(DeviceCalls.document(made.result)).ending(made.effect)
    }
    .taking(
        parameters,
        bodies: [
            .json(
                .object(
                    [
                        .needed(
                            "signature",
                            .text(1...8192).noted("The signature in base64, on one line.")
                        )
                    ],
                    others: .forbidden
                ).named("CredentialProof")
            )
        ],
        problems: [400, 404, 409, 422],
        note: "Sign the exact bytes of the code, without line end, with SHA-256. Connections end "
            + "that rely on unproved registrations of the same certificate elsewhere."
    )

    private static func find(_ call: Call, _ tenant: Tenant) throws(APIError) -> Credential {
        let device = try DeviceCalls.named(call, tenant)
        let id = call.name("credentialId").lowerASCII
        let all = try asking { () throws(RegistryError) in
            try call.context.registry.credentials(device: device.number)
        }
        guard let one = all.first(where: { $0.uuid == id }) else {
            throw APIError.absent("this credential of the device")
        }
        guard one.kind == .certificate else {
            throw APIError(.unprocessableContent, .trustProofOfCertificates, one.kind.rawValue)
        }
        return one
    }

    /// The credential as it is now, if it still is for the same certificate.
    private static func stored(
        _ credential: Credential,
        _ writer: any RegistryWriter
    ) throws(RegistryError) -> Credential {
        let now = try writer.directory.credential(
            tenant: credential.tenant,
            kind: .certificate,
            lookup: credential.lookup
        )
        guard let now, now.number == credential.number else {
            throw RegistryError(.conflict, "the credential was changed meanwhile")
        }
        return now
    }

    private static func isProof(_ signature: [UInt8], _ credential: Credential) -> Bool {
        guard let der = Base64.decode(String(decoding: credential.value, as: UTF8.self)),
            let certificate = try? Certificate(der: der),
            let key = try? PublicKey(of: certificate)
        else { return false }
        return key.verifies(signature, of: Array(credential.proof.code.utf8))
    }
}
