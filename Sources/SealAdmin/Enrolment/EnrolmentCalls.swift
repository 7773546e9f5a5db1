// SPDX-License-Identifier: Apache-2.0
// Enrolment over Secure Transport (RFC 7030) with a tenant's own authority: its certificate, a
// first certificate for a one-time code, and renewal by whoever is the device already.

internal import SealBroker
internal import SealBytes
internal import SealHTTP
internal import SealPKI

/// The calls of enrolment; each also with the tenant's id as label in its path (RFC 7030 §3.2.2).
enum EnrolmentCalls {
    static let operations: [Operation] =
        [authority(""), authority("/{label}")] + [first(""), first("/{label}")]
        + [again(""), again("/{label}")]

    private static let root = "/.well-known/est"
    private static let tag = "Enrolment"
    private static let certificates = MediaType(known: "application/pkcs7-mime")
    private static let request = BodyShape(
        [MediaType(known: "application/pkcs10")],
        .bytes,
        bytesMax: EnrolmentRequest.bytesMax
    )
    private static let coding: (name: String, schema: Schema, note: String) = (
        "Content-Transfer-Encoding", .text(6...6), "base64, for older clients."
    )

    private static func parameters(_ label: String) -> [Parameter] {
        label.isEmpty ? [] : [.path("label", .text(1...256), "The id of the tenant.")]
    }

    private static func authority(_ label: String) -> Operation {
        Operation(
            label.isEmpty ? "estCertificates" : "estCertificatesOfTenant",
            .get,
            "\(root)\(label)/cacerts",
            family: .enrolment,
            tag: tag,
            "The certificate of the tenant's own authority.",
            .anyone,
            answers: [
                Answer(
                    .ok,
                    "A PKCS #7 message with one certificate, in base64.",
                    types: [certificates],
                    fields: [coding]
                )
            ]
        ) { call throws(APIError) in
            let office = try EnrolmentOffice(call, of: try EnrolmentTenant.find(call, nil))
            return answer([office.authority.certificate])
        }
        .taking(parameters(label), problems: [404])
    }

    private static func first(_ label: String) -> Operation {
        Operation(
            label.isEmpty ? "estEnroll" : "estEnrollInTenant",
            .post,
            "\(root)\(label)/simpleenroll",
            family: .enrolment,
            tag: tag,
            "A device's first certificate, for a one-time code.",
            .anyone,
            answers: [issued]
        ) { call throws(APIError) in
            let shown = try EnrolmentLogin.shown(call)
            let tenant = try EnrolmentTenant.find(call, shown.tenantID)
            let code = try EnrolmentLogin(call: call).code(shown, tenant)
            let wanted = try EnrolmentRequest(call.bytes, device: code.identifier)
            let office = try EnrolmentOffice(call, of: tenant)
            return answer([try office.issue(wanted, for: code)])
        }
        .taking(
            parameters(label),
            bodies: [request],
            problems: [401, 404, 422, 429],
            note:
                "Basic credentials: the device identifier, with `tenant/` before it where neither "
                + "the label nor the host says which tenant, and the code as password."
        )
    }

    private static func again(_ label: String) -> Operation {
        Operation(
            label.isEmpty ? "estReenroll" : "estReenrollInTenant",
            .post,
            "\(root)\(label)/simplereenroll",
            family: .enrolment,
            tag: tag,
            "The next certificate of a device, for the same key or a new one.",
            .anyone,
            answers: [issued]
        ) { call throws(APIError) in
            let (tenant, device) = try EnrolmentLogin(call: call).device()
            let wanted = try EnrolmentRequest(call.bytes, device: device.identifier)
            let office = try EnrolmentOffice(call, of: tenant)
            return answer([try office.issue(wanted, again: device)])
        }
        .taking(
            parameters(label),
            bodies: [request],
            problems: [401, 403, 404, 422, 429],
            note: "By the certificate of the connection, or by the device's token or password."
        )
    }

    private static let issued = Answer(
        .ok,
        "A PKCS #7 message with the new certificate alone, in base64.",
        types: [certificates],
        fields: [coding]
    )

    private static func answer(_ certificates: [Certificate]) -> Response {
        Response(
            .ok,
            fields: [
                "Content-Type": "application/pkcs7-mime; smime-type=certs-only",
                "Content-Transfer-Encoding": "base64",
            ],
            body: CertificatesOnly(certificates).base64
        )
    }
}

/// Which tenant is meant: by label, by the user's prefix, by the host, by the certificate of the
/// connection, or because there is no other.
enum EnrolmentTenant {
    static func find(_ call: Call, _ prefix: Name?) throws(APIError) -> Tenant {
        let registry = call.context.registry
        let label = call.name("label")
        if let prefix, !label.isEmpty, prefix != label {
            throw APIError(.notFound, .enrolmentTenantUnknown)
        }
        let found = try asking { () throws(RegistryError) -> Tenant? in
            if !label.isEmpty { return try registry.tenant(id: label) }
            if let prefix { return try registry.tenant(id: prefix) }
            return try unnamed(call)
        }
        guard let found, found.isEnabled else {
            throw APIError(.notFound, .enrolmentTenantUnknown)
        }
        return found
    }

    private static func unnamed(_ call: Call) throws(RegistryError) -> Tenant? {
        let registry = call.context.registry
        let host = call.request.hostName
        if !host.isEmpty, let found = try registry.tenant(domain: host) { return found }
        if let leaf = call.request.chain.first {
            let anchors = try registry.anchors(subjectKey: leaf.issuerKey, tenant: nil)
            let own = anchors.filter(\.isTenantAuthority)
            if own.count == 1 { return try registry.tenant(number: own[0].tenant) }
        }
        let first = try registry.tenants(PageRequest(limit: 3)).items.filter { !$0.isManagement }
        return first.count == 1 ? first[0] : nil
    }
}
