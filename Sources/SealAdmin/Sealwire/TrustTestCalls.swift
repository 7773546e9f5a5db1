// SPDX-License-Identifier: Apache-2.0
// What a login with a chain of certificates would come to, without one taking place.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// The call that tries a chain out.
enum TrustTestCalls {
    static let operations: [Operation] = [test]

    /// The most certificates of a chain that is tried out.
    static let chainCountMax = 10

    private static let test = Operation(
        "testTrust",
        .post,
        "/api/v1/trust/test",
        family: .sealwire,
        tag: "Trust",
        "Which trust anchor and which device a chain of certificates leads to, or why to none.",
        .roles([.tenantAdmin, .tenantManagementAdmin, .tenantManagementRead]),
        answers: [
            .json(
                "What a login would come to.",
                .object(
                    [
                        .needed("allowed", .boolean), .needed("tenant", .text.orNull),
                        .needed("device", .text.orNull),
                        .needed("registers", .boolean), .needed("method", .text.orNull),
                        .needed("anchor", anchor.orNull), .needed("proof", .text),
                        .needed("reasons", OwnShapes.reasons),
                    ],
                    others: .forbidden
                ).named("TrustAnswer")
            )
        ]
    ) { call throws(APIError) in
        let chain: [PresentedCertificate]
        do throws(CertificateText.Fault) {
            chain = try CertificateText.presented(
                (call.json["chain"]?.text ?? "").utf8,
                countMax: chainCountMax
            )
        } catch {
            throw APIError(.unprocessableContent, .apiChainUnreadable, error.sentence)
        }
        return call.answer(try answer(chain, call))
    }
    .taking(
        [OwnShapes.tenant],
        bodies: [
            .json(
                .object(
                    [
                        .needed("chain", .text(1...CertificateText.bytesMax)),
                        .optional("clientId", .text(0...65_535, TextRules.printable)),
                        .optional("user", .text(0...1024, TextRules.printable)),
                    ],
                    others: .forbidden
                ).named("TrustQuestion").example(["chain": "-----BEGIN CERTIFICATE-----..."])
            )
        ],
        problems: [404],
        note: "Nothing is changed: a device that would be registered is not. The chain is PEM, the "
            + "device's own certificate first. Without `clientId` that of the certificate is "
            + "taken."
    )

    private static let anchor = Schema.object(
        [
            .needed("fingerprint", .text(40...40)), .needed("name", .text),
            .needed("pending", .boolean),
        ],
        others: .forbidden
    ).named("AnchorSummary")

    private static func answer(
        _ chain: [PresentedCertificate],
        _ call: Call
    ) throws(APIError) -> JSONValue {
        let tenant = try OwnShapes.tenant(call)
        var credentials = Credentials(
            user: call.json["user"]?.name,
            isSecure: true,
            clientID: call.json["clientId"]?.name ?? chain.first?.commonName ?? .empty,
            isClientIDAssigned: call.json["clientId"] == nil
        )
        credentials.chain = chain
        var rules = AccessRules()
        rules.source = .registry
        rules.registry.isRehearsal = true
        rules.registry.chainLengthMax = call.context.settings.chainLengthMax
        // Others' trust is nobody's business, but the management tenant's.
        if !tenant.isManagement { rules.registry.tenant = tenant.id }
        switch RegistryLogin.begin(credentials, rules, call.context.environment) {
        case .accepted(let principal): return try document(principal, call)
        case .refused(let reasons): return refusal(reasons)
        case .needsPasswordCheck, .needsRegistry: return refusal([])
        }
    }

    private static func document(
        _ principal: Principal,
        _ call: Call
    ) throws(APIError) -> JSONValue {
        let registry = call.context.registry
        let found = try asking { () throws(RegistryError) -> TrustAnchor? in
            guard let number = principal.reliance.anchor else { return nil }
            return try registry.anchor(number: number)
        }
        var reasons = [Reason(principal.method.reason)]
        var summary: JSONValue = .null
        if let anchor = found {
            let isPending = try TrustStanding(call).isPending(anchor)
            if isPending { reasons.append(Reason(.trustPending, detail: anchor.fingerprint.text)) }
            summary = [
                "fingerprint": .string(anchor.fingerprint), "name": .string(anchor.name),
                "pending": .bool(isPending),
            ]
        }
        return [
            "allowed": true, "tenant": .string(principal.tenantID),
            "device": .string(orNull: principal.device?.identifier),
            "registers": .bool(principal.device?.number == 0),
            "method": .string(principal.method.rawValue),
            "anchor": summary,
            "proof": .string(principal.proof),
            "reasons": OwnShapes.document(reasons),
        ]
    }

    private static func refusal(_ reasons: [Reason]) -> JSONValue {
        [
            "allowed": false, "tenant": .null, "device": .null, "registers": false,
            "method": .null, "anchor": .null, "proof": "",
            "reasons": OwnShapes.document(reasons),
        ]
    }
}
