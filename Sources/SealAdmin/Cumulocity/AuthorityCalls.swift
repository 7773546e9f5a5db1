// SPDX-License-Identifier: Apache-2.0
// The call that makes a tenant's own authority. Its key is sealed and never leaves.

internal import SealBroker
internal import SealBytes
internal import SealHTTP
internal import SealPKI

/// The calls about a tenant's own authority.
enum AuthorityCalls {
    static let operations: [Operation] = [make]

    private static let make = Operation(
        "createCertificateAuthority",
        .post,
        "/tenant/tenants/{tenantId}/certificate-authority",
        family: .cumulocity,
        tag: "Trusted certificates",
        "Makes the tenant's own authority, for devices that enrol here.",
        .roles(TrustedCertificate.admins),
        answers: [
            Answer.json(.created, "The authority's certificate.", TrustedCertificate.schema).located
        ]
    ) { call throws(APIError) in
        let tenant = try call.tenant()
        let registry = call.context.registry
        let isThere = try asking { () throws(RegistryError) in
            try registry.authority(tenant: tenant.number) != nil
        }
        guard !isThere else { throw APIError(.conflict, .trustAuthorityExists) }
        let made = try authority(tenant, days: call.context.settings.authorityDays)
        let vault = call.context.vault
        let sealed = try asking { () throws(RegistryError) in try vault.seal(made.key) }
        let anchor = try call.changing { writer throws(RegistryError) in
            let isThere = try writer.directory.authority(tenant: tenant.number) != nil
            try call.checking { () throws(APIError) in
                guard !isThere else { throw APIError(.conflict, .trustAuthorityExists) }
            }
            let anchor = try writer.add(made.anchor)
            try writer.add(
                TenantAuthority(tenant: tenant.number, anchor: anchor.number, sealed: sealed)
            )
            return anchor
        }.result
        return call.created(
            try TrustedCertificate.value(anchor, tenant, call),
            at: TrustedCertificate.path(tenant, anchor.fingerprint)
        )
    }
    .taking([TrustedCertificate.tenantParameter], problems: [404, 409])

    private static func authority(
        _ tenant: Tenant,
        days: Int
    ) throws(APIError) -> (anchor: TrustAnchor, key: [UInt8]) {
        do {
            let name = try DistinguishedName(
                commonName: "\(tenant.id) device authority",
                organization: tenant.label.isEmpty ? nil : tenant.label
            )
            // RFC 5280 §4.2.1.9: it issues devices' certificates and no further authorities.
            let authority = try CertificateAuthority.makeRoot(
                subject: name,
                days: days,
                pathLength: 0
            )
            var anchor = try TrustAnchor(
                trusting: authority.certificate,
                tenant: tenant.number
            )
            anchor.name = "Device authority"
            anchor.isTenantAuthority = true
            anchor.proof.isValid = true
            return (anchor, try authority.key.pem())
        } catch {
            throw APIError(.internalServerError, .apiUnexpected)
        }
    }
}
