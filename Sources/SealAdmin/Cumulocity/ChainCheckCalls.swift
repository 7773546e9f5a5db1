// SPDX-License-Identifier: Apache-2.0
// The call that says whether a chain would let a device in, without letting one in.

internal import SealBroker
internal import SealBytes
internal import SealHTTP
internal import SealPKI

/// The call about chains.
enum ChainCheckCalls {
    static let operations: [Operation] = [verify]

    /// The most certificates of a chain in a file.
    static let fileCountMax = 10
    /// The most certificates of a chain in a field.
    static let fieldCountMax = 5
    private static let field = "X-Cumulocity-Client-Cert-Chain"

    private static let schema = Schema.object([
        .needed("successfullyValidated", .boolean), .needed("tenantId", .text),
        .needed("issuer", .text), .needed("subject", .text),
    ]).named("ChainVerdict")

    private static let verify = Operation(
        "verifyCertificateChain",
        .post,
        "/tenant/trusted-certificates/verify-cert-chain",
        family: .cumulocity,
        tag: "Trusted certificates",
        "Says whether a chain leads to a trusted certificate; revocation is looked at first.",
        .roles(TrustedCertificate.readers),
        answers: [.json("It does.", schema)]
    ) { call throws(APIError) in
        let tenant = try meant(call)
        let chain = try sent(call)
        _ = try ChainInspection(context: call.context, tenant: tenant, now: call.now)
            .anchor(of: chain)
        guard let leaf = chain.first, let fields = try? CertificateFields(der: leaf.der) else {
            throw APIError(.badRequest, .apiChainUnreadable)
        }
        return call.answer([
            "successfullyValidated": true,
            "tenantId": .string(tenant.id),
            "issuer": .string(TrustedCertificate.spaced(fields.issuer)),
            "subject": .string(TrustedCertificate.spaced(fields.subject)),
        ])
    }
    .taking(
        [
            .header(
                field,
                .text(1...65_536),
                "The chain, joined by commas, with blanks for line breaks; the file counts first."
            )
        ],
        bodies: [
            BodyShape(
                [.multipartForm],
                .form([
                    .optional("tenantId", .text(1...64)),
                    .optional("file", .text(1...CertificateText.bytesMax)),
                ]),
                isNeeded: false
            )
        ],
        problems: [404],
        answersUnasked: true
    )

    /// The tenant of the form, which only the management tenant may choose.
    private static func meant(_ call: Call) throws(APIError) -> Tenant {
        let own = try call.tenant()
        guard let part = call.part("tenantId") else { return own }
        let id = Name(decoding: part.body)
        guard id != own.id else { return own }
        guard own.isManagement else { throw APIError(.forbidden, .apiForeignTenant, id.text) }
        let registry = call.context.registry
        let tenant = try asking { () throws(RegistryError) in try registry.tenant(id: id) }
        guard let tenant else { throw APIError(.notFound, .apiUnknownTenant, id.text) }
        return tenant
    }

    private static func sent(_ call: Call) throws(APIError) -> [PresentedCertificate] {
        let bytes: [UInt8]
        let countMax: Int
        if let file = call.part("file") {
            (bytes, countMax) = (file.body, fileCountMax)
        } else if let text = call.given(field) {
            (bytes, countMax) = (Array(text.utf8), fieldCountMax)
        } else {
            throw APIError(.badRequest, .apiChainUnreadable, "neither file nor field \(field)")
        }
        do { return try CertificateText.presented(bytes, countMax: countMax) } catch {
            throw APIError(.badRequest, .apiChainUnreadable, error.sentence)
        }
    }
}

/// Looks at a chain as a login would, and registers nobody.
struct ChainInspection {
    let context: AdminContext
    let tenant: Tenant
    let now: Int64

    /// The anchor that a chain leads to.
    func anchor(of chain: [PresentedCertificate]) throws(APIError) -> TrustAnchor {
        try checkRevocations(chain)
        let anchors = try candidates(chain)
        guard !anchors.isEmpty else { throw APIError(.unauthorized, .anchorUnknown) }
        var reasons: [Reason] = []
        for anchor in anchors {
            if let reason = standing(anchor) {
                reasons.append(reason)
                continue
            }
            let question = ChainQuestion(
                chain: chain,
                anchor: anchor,
                lengthMax: context.settings.chainLengthMax,
                now: now
            )
            switch context.chains.judge(question) {
            case .good(let path, _):
                // The anchor's own number may be revoked although it was not sent.
                try checkRevocations(path)
                return anchor
            case .refused(let why): reasons += why
            }
        }
        throw APIError(.unauthorized, reasons.first ?? Reason(.chainBroken))
    }

    private func standing(_ anchor: TrustAnchor) -> Reason? {
        let name = anchor.fingerprint.text
        if !anchor.isEnabled { return Reason(.anchorDisabled, detail: name) }
        if anchor.notBefore > now { return Reason(.anchorNotYetValid, detail: name) }
        if anchor.notAfter < now { return Reason(.anchorExpired, detail: name) }
        return nil
    }

    private func candidates(
        _ chain: [PresentedCertificate]
    ) throws(APIError) -> [TrustAnchor] {
        let registry = context.registry
        return try asking { () throws(RegistryError) in
            var found: [TrustAnchor] = []
            for one in chain {
                found += try registry.anchors(sha256: one.sha256, tenant: tenant.number)
            }
            // A lone certificate may leave its issuer out.
            if chain.count == 1, let last = chain.last {
                found += try registry.anchors(subjectKey: last.issuerKey, tenant: tenant.number)
            }
            return found
        }
    }

    private func checkRevocations(
        _ chain: [PresentedCertificate]
    ) throws(APIError) {
        try checkRevocations(
            chain.map { CertificateMark(serial: $0.serial, issuerKey: $0.issuerKey) }
        )
    }

    private func checkRevocations(_ marks: [CertificateMark]) throws(APIError) {
        let registry = context.registry
        for mark in marks {
            let revocation = try asking { () throws(RegistryError) in
                try registry.revocation(
                    tenant: tenant.number,
                    serial: mark.serial,
                    issuerKey: mark.issuerKey
                )
            }
            if revocation != nil {
                throw APIError(.unauthorized, .certificateRevoked, "serial number \(mark.serial)")
            }
        }
    }
}
