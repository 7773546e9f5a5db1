// SPDX-License-Identifier: Apache-2.0
// The calls about trusted certificates: list, upload, show, change, delete.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// The calls about trusted certificates.
enum TrustedCertificateCalls {
    static let operations: [Operation] = [list, upload, uploadMany, show, change, remove]

    private static let tag = "Trusted certificates"
    private static let root = "/tenant/tenants/{tenantId}/trusted-certificates"
    private static let collection = Paging.schema(
        "certificates",
        TrustedCertificate.schema,
        "TrustedCertificates"
    )
    private static let addToTrustStore = Parameter.query(
        "addToTrustStore",
        .boolean,
        "Taken from clients of Cumulocity. A certificate is trusted from its upload on, as its "
            + "status says."
    )

    private static let list = Operation(
        "listTrustedCertificates",
        .get,
        root,
        family: .cumulocity,
        tag: tag,
        "The trusted certificates of a tenant.",
        .roles(TrustedCertificate.readers),
        answers: [.json("The certificates.", collection)]
    ) { call throws(APIError) in
        let tenant = try call.tenant()
        let paging = Paging(call)
        let registry = call.context.registry
        let wantsAuthority = call.flag("certificateAuthority")
        let found = try asking { () throws(RegistryError) in
            guard wantsAuthority else {
                return try registry.anchors(tenant: tenant.number, paging.request)
            }
            // A tenant has one authority of its own at most.
            let own = try registry.authority(tenant: tenant.number)
            let anchor = try own.flatMapTyped { one throws(RegistryError) in
                try registry.anchor(number: one.anchor)
            }
            let items = paging.page == 1 ? anchor.map { [$0] } ?? [] : []
            return Page(items: items, hasMore: false, total: anchor == nil ? 0 : 1)
        }
        return call.answer(
            try paging.collection(call, "certificates", found) { anchor throws(APIError) in
                try TrustedCertificate.value(anchor, tenant, call)
            }
        )
    }
    .taking(
        [TrustedCertificate.tenantParameter] + Paging.parameters + [
            .query("certificateAuthority", .boolean, "Only the tenant's own authority.")
        ],
        problems: [404]
    )

    private static let upload = Operation(
        "addTrustedCertificate",
        .post,
        root,
        family: .cumulocity,
        tag: tag,
        "Trusts a certificate.",
        .roles(TrustedCertificate.admins),
        answers: [
            Answer.json(.created, "The certificate.", TrustedCertificate.schema).located
        ]
    ) { call throws(APIError) in
        let tenant = try call.tenant()
        let anchor = try TrustedCertificate.anchor(call.json, tenant, now: call.now)
        let added = try add([anchor], call)
        guard let one = added.first else { throw APIError(.internalServerError, .apiUnexpected) }
        return call.created(
            try TrustedCertificate.value(one, tenant, call),
            at: TrustedCertificate.path(tenant, one.fingerprint)
        )
    }
    .taking(
        [TrustedCertificate.tenantParameter, addToTrustStore],
        bodies: [.json(TrustedCertificate.uploadSchema)],
        problems: [404, 409]
    )

    private static let uploadMany = Operation(
        "addTrustedCertificates",
        .post,
        root + "/bulk",
        family: .cumulocity,
        tag: tag,
        "Trusts several certificates, all or none.",
        .roles(TrustedCertificate.admins),
        answers: [.json(.created, "The certificates.", collection)]
    ) { call throws(APIError) in
        let tenant = try call.tenant()
        let uploads = call.json["certificates"]?.elements ?? []
        guard uploads.count <= call.context.settings.bulkAnchorsMax else {
            throw APIError(
                .unprocessableContent,
                .apiLimit,
                "at most \(call.context.settings.bulkAnchorsMax) certificates at once"
            )
        }
        var anchors: [TrustAnchor] = []
        for (index, upload) in uploads.enumerated() {
            do throws(APIError) {
                anchors.append(try TrustedCertificate.anchor(upload, tenant, now: call.now))
            } catch {
                var error = error
                error.reason.detail = "/certificates/\(index): \(error.reason.detail)"
                throw error
            }
        }
        let added = try add(anchors, call)
        var values: [JSONValue] = []
        for anchor in added { values.append(try TrustedCertificate.value(anchor, tenant, call)) }
        let path = "/tenant/tenants/\(Call.escaped(tenant.id))/trusted-certificates"
        return call.answer(
            [
                "self": .string(call.link(path)),
                "statistics": [
                    "currentPage": 1, "pageSize": .integer(Int64(max(values.count, 1))),
                ],
                "certificates": .array(values),
            ],
            .created
        )
    }
    .taking(
        [TrustedCertificate.tenantParameter, addToTrustStore],
        bodies: [
            .json(
                .object([
                    .needed("certificates", .array(TrustedCertificate.uploadSchema, 1...2000))
                ]),
                bytesMax: 8 << 20
            )
        ],
        problems: [404, 409]
    )

    private static let show = Operation(
        "getTrustedCertificate",
        .get,
        root + "/{fingerprint}",
        family: .cumulocity,
        tag: tag,
        "A trusted certificate.",
        .roles(TrustedCertificate.readers, reach: .ownOrManagement),
        answers: [.json("The certificate.", TrustedCertificate.schema)]
    ) { call throws(APIError) in
        let tenant = try call.tenant()
        return call.answer(
            try TrustedCertificate.value(try find(call, tenant), tenant, call)
        )
    }
    .taking(
        [TrustedCertificate.tenantParameter, TrustedCertificate.fingerprintParameter],
        problems: [404]
    )

    private static let change = Operation(
        "changeTrustedCertificate",
        .put,
        root + "/{fingerprint}",
        family: .cumulocity,
        tag: tag,
        "Changes label, status and automatic registration of a trusted certificate.",
        .roles(TrustedCertificate.admins, reach: .ownOrManagement),
        answers: [Answer.json("The certificate.", TrustedCertificate.schema).ending]
    ) { call throws(APIError) in
        let body = call.json
        let (anchor, effect) = try update(call) { anchor in
            if let name = body["name"] { anchor.name = name.text ?? "" }
            if let status = body["status"]?.text { anchor.isEnabled = status == "ENABLED" }
            if let flag = TrustedCertificate.truth(body["autoRegistrationEnabled"]) {
                anchor.registersDevices = flag
            }
        }
        return call.answer(try TrustedCertificate.value(anchor, try call.tenant(), call))
            .ending(effect)
    }
    .taking(
        [TrustedCertificate.tenantParameter, TrustedCertificate.fingerprintParameter],
        bodies: [.json(TrustedCertificate.changeSchema)],
        problems: [404],
        note: "Other members are ignored, as clients send back what they read. Connections that "
            + "rely on a certificate that is disabled end before the answer comes."
    )

    private static let remove = Operation(
        "deleteTrustedCertificate",
        .delete,
        root + "/{fingerprint}",
        family: .cumulocity,
        tag: tag,
        "Trusts a certificate no more, and ends the connections that rely on it.",
        .roles(TrustedCertificate.admins, reach: .ownOrManagement),
        answers: [Answer.empty("It is gone.").ending]
    ) { call throws(APIError) in
        let anchor = try find(call, try call.tenant())
        let effect = try call.change { writer throws(RegistryError) in
            try writer.removeAnchor(number: anchor.number)
        }
        return call.done().ending(effect)
    }
    .taking(
        [TrustedCertificate.tenantParameter, TrustedCertificate.fingerprintParameter],
        problems: [404]
    )

    /// The certificate that the path names.
    static func find(_ call: Call, _ tenant: Tenant) throws(APIError) -> TrustAnchor {
        let fingerprint = call.name("fingerprint").lowerASCII
        let registry = call.context.registry
        let anchor = try asking { () throws(RegistryError) in
            try registry.anchor(tenant: tenant.number, fingerprint: fingerprint)
        }
        guard let anchor else { throw APIError.absent("trusted certificate \(fingerprint)") }
        return anchor
    }

    /// Changes the certificate that the path names.
    ///
    /// It is read again inside of the change, so that of two changes at once both count.
    static func update(
        _ call: Call,
        _ body: (inout TrustAnchor) throws(RegistryError) -> Void
    ) throws(APIError) -> (anchor: TrustAnchor, effect: ChangeEffect) {
        let found = try find(call, try call.tenant())
        let rivals = found.proof.isValid ? [] : try TrustStanding(call).rivals(of: found)
        let (anchor, effect) = try call.changing { writer throws(RegistryError) in
            let now = try writer.directory.anchors(
                sha256: found.sha256,
                tenant: found.tenant
            )
            guard var anchor = now.first(where: { $0.number == found.number }) else {
                throw RegistryError(.notFound, "the certificate was deleted meanwhile")
            }
            let wasProved = anchor.proof.isValid
            try body(&anchor)
            try writer.replace(anchor)
            if anchor.proof.isValid, !wasProved {
                try TrustStanding.tell(rivals, isProof: true, writer)
            }
            return anchor
        }
        return (anchor, effect)
    }

    private static func add(
        _ anchors: [TrustAnchor],
        _ call: Call
    ) throws(APIError) -> [TrustAnchor] {
        let standing = TrustStanding(call)
        var rivals: [[TrustAnchor]] = []
        var toldCount = 0
        for anchor in anchors {
            let all = toldCount < TrustStanding.toldMax ? try standing.rivals(of: anchor) : []
            toldCount += all.count
            rivals.append(all)
        }
        let others = rivals
        return try call.changing { writer throws(RegistryError) in
            var added: [TrustAnchor] = []
            for (index, anchor) in anchors.enumerated() {
                let one = try writer.add(anchor)
                added.append(one)
                guard !others[index].isEmpty else { continue }
                try TrustStanding.tell(others[index], isProof: false, writer)
                try TrustStanding.tellOwner(of: one, writer)
            }
            return added
        }.result
    }
}
