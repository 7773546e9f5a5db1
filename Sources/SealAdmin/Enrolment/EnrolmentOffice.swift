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
    /// The number of the authority's anchor.
    private let anchor: Int64
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
        self.anchor = anchor.number
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

    /// A device's first certificate; the code is for this key from now on, and an unknown device
    /// registered.
    func issue(
        _ wanted: EnrolmentRequest,
        for code: EnrolmentCode,
        key: [UInt8]
    ) throws(APIError) -> Certificate {
        let registry = call.context.registry
        let known = try asking { () throws(RegistryError) in
            try registry.device(tenant: tenant.number, identifier: code.identifier)
        }
        if let known, !known.isEnabled { throw APIError(.forbidden, .deviceDisabled) }
        let certificate = try signed(wanted)
        try write(wanted.identifier, "enrolment code", certificate) {
            writer throws(RegistryError) in
            let state = writer.directory
            // A code that was given in its place is another one, which stays.
            try writer.bind(code, key: key)
            let known = try state.device(tenant: tenant.number, identifier: code.identifier)
            if let known { return try takeCertificates(known.number, writer) }
            _ = try writer.add(
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

    /// What ends the code when the certificate is on its way; before that the device may ask again.
    func delivery(of code: EnrolmentCode, key: [UInt8]) -> DeliveryNote {
        let registry = call.context.registry
        let author = Author(
            name: "\(tenant.id)/device_\(code.identifier)",
            tenant: tenant.number,
            source: call.request.peerAddress
        )
        return DeliveryNote {
            // What cannot be written now is bound to its key all the same, and ends by itself.
            _ = try? registry.change(by: author) { writer throws(RegistryError) in
                try writer.spend(code, key: key)
            }
        }
    }

    /// The next certificate of a device.
    func issue(
        _ wanted: EnrolmentRequest,
        again device: Device
    ) throws(APIError) -> Certificate {
        let certificate = try signed(wanted)
        try write(wanted.identifier, "renewal", certificate) { writer throws(RegistryError) in
            let now = try writer.directory.device(number: device.number)
            // What it showed must count still: a new password would have counted the epoch up.
            guard let now, now.epoch == device.epoch else { throw Self.usedUp }
            try takeCertificates(device.number, writer)
        }
        return certificate
    }

    private static let usedUp = RegistryError(.notFound, "what was shown counts no more")

    /// The device as it is now must be enabled.
    private func takeCertificates(
        _ number: Int64,
        _ writer: any RegistryWriter
    ) throws(RegistryError) {
        try writer.update(device: number) { device throws(RegistryError) in
            let isEnabled = device.isEnabled
            try call.checking { () throws(APIError) in
                guard isEnabled else { throw APIError(.forbidden, .deviceDisabled) }
            }
            device.takesCertificates = true
        }
    }

    private func signed(_ wanted: EnrolmentRequest) throws(APIError) -> Certificate {
        do throws(PKIError) {
            return try authority.issue(
                CertificateOrder(
                    subject: try DistinguishedName(commonName: wanted.identifier),
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
            case .weakDigest:
                throw APIError(.unprocessableContent, .enrolmentWeakSignature, error.reason)
            default: throw APIError(.badRequest, .enrolmentRequestUnreadable, error.reason)
            }
        }
    }

    /// Changes the registry in the device's name, and writes down which certificate it got.
    private func write(
        _ identifier: String,
        _ how: String,
        _ issued: Certificate,
        _ body: (any RegistryWriter) throws(RegistryError) -> Void
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
            subject: identifier,
            detail: "serial \(issued.serial), by \(how), until \(Moment.text(issued.notAfter))"
        )
        _ = try call.changing(
            by: author,
            { error in
                switch error.code {
                // Another key has the code.
                case .conflict: APIError(.unauthorized, .enrolmentCodeUsed)
                // It was used up, or taken back, in the meantime.
                case .notFound: APIError(.unauthorized, .apiCredentialsWrong)
                default: APIError(error)
                }
            }
        ) { writer throws(RegistryError) in
            guard try writer.directory.tenant(number: tenant.number)?.isEnabled == true,
                try writer.directory.anchor(number: anchor)?.isEnabled == true
            else { throw Self.usedUp }
            try body(writer)
            try writer.audit(record)
        }
    }
}
