// SPDX-License-Identifier: Apache-2.0
// The tenant's own authority at work: its key is taken out of the vault for one signature.

internal import SealBroker
internal import SealBytes
internal import SealHTTP
internal import SealPKI

/// Issues certificates for devices of one tenant.
struct EnrolmentOffice {
    private let call: Call
    private let tenant: Tenant
    /// The authority with its key.
    let authority: CertificateAuthority

    /// Opens the tenant's authority.
    init(_ call: Call, of tenant: Tenant) throws(APIError) {
        self.call = call
        self.tenant = tenant
        let context = call.context
        let found = try asking { () throws(RegistryError) -> (TenantAuthority, TrustAnchor)? in
            guard let authority = try context.registry.authority(tenant: tenant.number),
                let anchor = try context.registry.anchor(number: authority.anchor)
            else { return nil }
            return (authority, anchor)
        }
        guard let (stored, anchor) = found else {
            throw APIError(.notFound, .enrolmentNoAuthority)
        }
        guard anchor.isEnabled else { throw APIError(.forbidden, .anchorDisabled) }
        guard call.now < anchor.notAfter else { throw APIError(.forbidden, .anchorExpired) }
        guard let pem = context.vault.open(stored.sealed) else {
            throw APIError(.serviceUnavailable, .apiStorage, "the authority's key does not open")
        }
        do throws(PKIError) {
            authority = try CertificateAuthority(
                certificate: try Certificate(der: anchor.der),
                key: try PrivateKey(pem: pem)
            )
        } catch {
            throw APIError(.serviceUnavailable, .apiStorage, "the authority cannot be used")
        }
    }

    /// A device's first certificate; the code is used up, and an unknown device registered.
    func issue(
        _ wanted: EnrolmentRequest,
        for code: EnrolmentCode
    ) throws(APIError) -> Certificate {
        let registry = call.context.registry
        let known = try asking { () throws(RegistryError) in
            try registry.device(tenant: tenant.number, identifier: code.identifier)
        }
        if let known, !known.isEnabled { throw APIError(.forbidden, .deviceDisabled) }
        let certificate = try signed(wanted)
        try write(wanted.identifier, "enrolment code", certificate) {
            writer throws(RegistryError) in
            try writer.removeEnrolmentCode(tenant: tenant.number, identifier: code.identifier)
            if var device = known {
                guard !device.takesCertificates else { return device }
                device.takesCertificates = true
                try writer.replace(device)
                return device
            }
            return try writer.add(
                Device(
                    tenant: tenant.number,
                    identifier: code.identifier,
                    origin: .enrolment,
                    takesCertificates: true
                )
            )
        }
        return certificate
    }

    /// The next certificate of a device.
    func issue(
        _ wanted: EnrolmentRequest,
        again device: Device
    ) throws(APIError) -> Certificate {
        let certificate = try signed(wanted)
        try write(wanted.identifier, "renewal", certificate) { writer throws(RegistryError) in
            guard !device.takesCertificates else { return device }
            var device = device
            device.takesCertificates = true
            try writer.replace(device)
            return device
        }
        return certificate
    }

    private func signed(_ wanted: EnrolmentRequest) throws(APIError) -> Certificate {
        do throws(PKIError) {
            return try authority.issue(
                CertificateOrder(
                    subject: try DistinguishedName(commonName: wanted.identifier.text),
                    purpose: .device,
                    days: call.context.settings.deviceCertificateDays,
                    notBefore: call.now - 300
                ),
                for: wanted.request
            )
        } catch {
            switch error.code {
            case .weakKey, .unsupportedKey:
                throw APIError(.unprocessableContent, .enrolmentWeakKey, error.reason)
            default: throw APIError(.badRequest, .enrolmentRequestUnreadable, error.reason)
            }
        }
    }

    /// Changes the registry in the device's name, and writes down which certificate it got.
    private func write(
        _ identifier: Name,
        _ how: String,
        _ issued: Certificate,
        _ body: (any RegistryWriter) throws(RegistryError) -> Device
    ) throws(APIError) {
        let author = Author(
            name: "\(tenant.id)/device_\(identifier)",
            tenant: tenant.number,
            source: call.request.peerAddress
        )
        let record = AuditRecord(
            tenant: tenant.number,
            author: author,
            act: "device.enrolled",
            subject: identifier.text,
            detail: "serial \(issued.serial), by \(how), until \(Moment.text(issued.notAfter))"
        )
        do throws(RegistryError) {
            _ = try call.context.registry.change(by: author) { writer throws(RegistryError) in
                let device = try body(writer)
                try writer.audit(record)
                return device.number
            }
        } catch {
            // Somebody else used the code up in the meantime.
            if error.code == .notFound {
                throw APIError(.unauthorized, .apiCredentialsWrong)
            }
            throw APIError(error)
        }
    }
}
