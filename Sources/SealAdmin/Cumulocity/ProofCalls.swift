// SPDX-License-Identifier: Apache-2.0
// The calls by which a tenant proves that it holds the key of a certificate: a code is asked for,
// signed with the key, and the signature sent back.

internal import SealBroker
internal import SealBytes
internal import SealHTTP
internal import SealPKI

/// The calls about proof of possession.
enum ProofCalls {
    static let operations: [Operation] = [ask, prove, confirm]

    private static let tag = "Trusted certificates"
    private static let root = "/tenant/tenants/{tenantId}/trusted-certificates-pop/{fingerprint}"
    private static let parameters = [
        TrustedCertificate.tenantParameter, TrustedCertificate.fingerprintParameter,
    ]

    private static let ask = Operation(
        "createVerificationCode",
        .post,
        root + "/verification-code",
        family: .cumulocity,
        tag: tag,
        "Makes a new code to be signed with the certificate's key.",
        .roles(TrustedCertificate.admins),
        answers: [.json("The certificate with its code.", TrustedCertificate.schema)]
    ) { call throws(APIError) in
        let forge = call.context.forge
        let code = try asking { () throws(RegistryError) in try forge.generate() }
        let seconds = call.context.settings.proofSeconds
        return try update(call) { proof in
            proof.code = code
            proof.usableUntil = (call.now + seconds) * 1000
        }
    }
    .taking(parameters, problems: [404], answersUnasked: true)

    private static let prove = Operation(
        "proveTrustedCertificate",
        .post,
        root + "/pop",
        family: .cumulocity,
        tag: tag,
        "Proves with a signature of the code that the tenant holds the key.",
        .roles(TrustedCertificate.admins),
        answers: [.json("The certificate, proved.", TrustedCertificate.schema)]
    ) { call throws(APIError) in
        let anchor = try TrustedCertificateCalls.find(call, try call.tenant())
        guard !anchor.proof.code.isEmpty else {
            throw APIError(.unprocessableContent, .trustCodeMissing)
        }
        guard call.now * 1000 <= anchor.proof.usableUntil else {
            throw APIError(.unprocessableContent, .trustCodeExpired)
        }
        let text = call.json["proofOfPossessionSignedVerificationCode"]?.text ?? ""
        guard let signature = Base64.decode(text), isProof(signature, anchor) else {
            throw APIError(.badRequest, .trustProofWrong)
        }
        let code = anchor.proof.code
        return try update(call) { proof throws(RegistryError) in
            guard proof.code.utf8.elementsEqual(code.utf8) else {
                throw RegistryError(.conflict, "another code was asked for meanwhile")
            }
            proof = TrustAnchor.Proof()
            proof.isValid = true
        }
    }
    .taking(
        parameters,
        bodies: [
            .json(
                .object([
                    .needed(
                        "proofOfPossessionSignedVerificationCode",
                        .text(1...8192).noted("The signature in base64, on one line.")
                    )
                ])
            )
        ],
        problems: [400, 404, 409, 422]
    )

    private static let confirm = Operation(
        "confirmTrustedCertificate",
        .post,
        root + "/confirmed",
        family: .cumulocity,
        tag: tag,
        "Confirms without a signature that a tenant holds the key.",
        .roles(TrustedCertificate.admins, reach: .management),
        answers: [.json("The certificate, confirmed.", TrustedCertificate.schema)]
    ) { call throws(APIError) in
        try update(call) { proof in
            proof = TrustAnchor.Proof()
            proof.isValid = true
        }
    }
    .taking(parameters, problems: [404])

    private static func isProof(_ signature: [UInt8], _ anchor: TrustAnchor) -> Bool {
        guard let certificate = try? Certificate(der: anchor.der),
            let key = try? PublicKey(of: certificate)
        else { return false }
        return key.verifies(signature, of: Array(anchor.proof.code.utf8))
    }

    private static func update(
        _ call: Call,
        _ change: (inout TrustAnchor.Proof) throws(RegistryError) -> Void
    ) throws(APIError) -> Response {
        let (anchor, _) = try TrustedCertificateCalls.update(call) {
            anchor throws(RegistryError) in try change(&anchor.proof)
        }
        return call.answer(try TrustedCertificate.value(anchor, try call.tenant(), call))
    }
}
