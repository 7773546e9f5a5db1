// SPDX-License-Identifier: Apache-2.0
// A trusted certificate as Cumulocity's API shows it, and what an upload must be.

internal import SealBroker
internal import SealBytes
internal import SealPKI

/// The values of trusted certificates.
enum TrustedCertificate {
    /// Who may change them.
    static let admins: Set<Role> = [.tenantManagementAdmin, .tenantAdmin]
    /// Who may see them.
    static let readers: Set<Role> = [.tenantManagementAdmin, .tenantAdmin, .tenantManagementRead]

    static let tenantParameter = Parameter.path(
        "tenantId",
        .text(1...64, TextRules.tenant).example("t12345"),
        "The tenant."
    )
    static let fingerprintParameter = Parameter.path(
        "fingerprint",
        .text(40...40, TextRules.fingerprint),
        "SHA-1 of the certificate's DER in hexadecimal digits."
    )

    /// A boolean, also as a string: the vendor's own example sends one.
    static let looseBoolean = Schema.either([.boolean, .choice(["true", "false"])])
    static let status = Schema.choice(["ENABLED", "DISABLED"])

    static let uploadSchema = Schema.object([
        .needed(
            "certInPemFormat",
            .text(1...65_536).noted(
                "PEM with or without line breaks, or the base64 of the DER alone."
            )
        ),
        .needed("status", status),
        .optional("name", .text(0...256, TextRules.printable)),
        .optional("autoRegistrationEnabled", looseBoolean),
    ]).named("TrustedCertificateUpload")

    static let changeSchema = Schema.object([
        .optional("name", Schema.text(0...256, TextRules.printable).orNull),
        .optional("status", status),
        .optional("autoRegistrationEnabled", looseBoolean),
    ]).named("TrustedCertificateChange")

    static let schema = Schema.object([
        .needed("self", .uri), .needed("name", .text), .needed("fingerprint", .text(40...40)),
        .needed("certInPemFormat", .text), .needed("status", status),
        .needed("autoRegistrationEnabled", .boolean), .needed("subject", .text),
        .needed("issuer", .text), .needed("serialNumber", .text), .needed("algorithmName", .text),
        .needed("version", .integer(1...3)), .needed("notBefore", .moment),
        .needed("notAfter", .moment), .needed("proofOfPossessionValid", .boolean),
        .optional("proofOfPossessionUnsignedVerificationCode", .text),
        .optional("proofOfPossessionVerificationCodeUsableUntil", .moment),
        .needed("tenantCertificateAuthority", .boolean),
        .needed("pending", .boolean),
        .optional(
            "pendingReason",
            .object([
                .needed("reason", .text), .needed("message", .text), .needed("hint", .text),
            ])
        ),
    ]).named("TrustedCertificate")

    /// Where a certificate is.
    static func path(_ tenant: Tenant, _ fingerprint: Name) -> String {
        "/tenant/tenants/\(Call.escaped(tenant.id))/trusted-certificates/\(fingerprint)"
    }

    /// A certificate as it is shown.
    static func value(
        _ anchor: TrustAnchor,
        _ tenant: Tenant,
        _ call: Call
    ) throws(APIError) -> JSONValue {
        let fields: CertificateFields
        do { fields = try CertificateFields(der: anchor.der) } catch {
            throw APIError(.internalServerError, .apiUnexpected)
        }
        let pem = PEMText.block("CERTIFICATE", anchor.der)
        var members: JSONObject = [
            "self": .string(call.link(path(tenant, anchor.fingerprint))),
            "name": .string(anchor.name),
            "fingerprint": .string(anchor.fingerprint),
            "certInPemFormat": .string(String(decoding: pem, as: UTF8.self)),
            "status": anchor.isEnabled ? "ENABLED" : "DISABLED",
            "autoRegistrationEnabled": .bool(anchor.registersDevices),
            "subject": .string(spaced(fields.subject)),
            "issuer": .string(spaced(fields.issuer)),
            "serialNumber": .string(fields.serialDecimal),
            "algorithmName": .string(fields.signatureAlgorithm.javaName),
            "version": .integer(Int64(fields.version)),
            "notBefore": .string(ISOTime.text(seconds: fields.notBefore)),
            "notAfter": .string(ISOTime.text(seconds: fields.notAfter)),
            "proofOfPossessionValid": .bool(anchor.proof.isValid),
            "tenantCertificateAuthority": .bool(anchor.isTenantAuthority),
            "pending": false,
        ]
        if try TrustStanding(call).isPending(anchor) {
            let code = ReasonCode.trustPending
            members["pending"] = true
            members["pendingReason"] = [
                "reason": .string(code.rawValue), "message": .string(code.sentence),
                "hint": .string(code.hint),
            ]
        }
        if !anchor.proof.code.isEmpty {
            members["proofOfPossessionUnsignedVerificationCode"] = .string(anchor.proof.code)
            members["proofOfPossessionVerificationCodeUsableUntil"] = .string(
                ISOTime.text(milliseconds: anchor.proof.usableUntil)
            )
        }
        return .object(members)
    }

    /// A name with the most specific part first and a blank behind each comma.
    static func spaced(_ name: CertificateName) -> String {
        var text = ""
        var isEscaped = false
        for character in name.description {
            text.append(character)
            if character == ",", !isEscaped { text.append(" ") }
            isEscaped = character == "\\" && !isEscaped
        }
        return text
    }

    /// The truth of a boolean or of its string.
    static func truth(_ value: JSONValue?) -> Bool? {
        value?.flag ?? value?.text.map { $0 == "true" }
    }

    /// An upload as an anchor, or why it cannot be one.
    static func anchor(
        _ upload: JSONValue,
        _ tenant: Tenant,
        now: Int64
    ) throws(APIError) -> TrustAnchor {
        var anchor = try read(upload["certInPemFormat"]?.text ?? "", tenant, now: now)
        anchor.name = upload["name"]?.text ?? ""
        anchor.isEnabled = upload["status"]?.name != "DISABLED"
        anchor.registersDevices = truth(upload["autoRegistrationEnabled"]) ?? false
        return anchor
    }

    /// A text as a certificate that may be trusted.
    static func read(
        _ text: String,
        _ tenant: Tenant,
        now: Int64
    ) throws(APIError) -> TrustAnchor {
        let der: [UInt8]
        do throws(CertificateText.Fault) {
            let all = try CertificateText.read(text.utf8)
            guard let first = all.first, all.count == 1 else {
                throw CertificateText.Fault(
                    "it holds \(all.count) certificates; send them one by one"
                )
            }
            der = first
        } catch { throw refused(.trustUnreadable, error.sentence) }
        let anchor: TrustAnchor
        let fields: CertificateFields
        do throws(PKIError) {
            fields = try CertificateFields(der: der)
            anchor = try TrustAnchor(trusting: try Certificate(der: der), tenant: tenant.number)
        } catch { throw refused(.trustUnreadable, error.reason) }
        guard fields.version == 3 else {
            throw refused(.trustVersion, "version \(fields.version)")
        }
        guard fields.basicConstraints?.isAuthority == true else {
            throw refused(.trustNotAuthority, fields.subject.shown)
        }
        if let usage = fields.keyUsage, !usage.contains(.keyCertSign) {
            throw refused(.trustNotAuthority, "its keyUsage lacks keyCertSign")
        }
        guard fields.notAfter >= now else {
            throw refused(.trustExpired, ISOTime.text(seconds: fields.notAfter))
        }
        if case .rsa = fields.publicKey.kind, fields.publicKey.bits < 2048 {
            throw refused(.certificateWeak, "RSA with \(fields.publicKey.bits) bits")
        }
        if let defect = fields.defects.first(where: { !$0.isStrictOnly }) {
            throw refused(.trustDefective, defect.sentence)
        }
        return anchor
    }

    private static func refused(_ code: ReasonCode, _ detail: String) -> APIError {
        APIError(.unprocessableContent, code, detail)
    }
}
