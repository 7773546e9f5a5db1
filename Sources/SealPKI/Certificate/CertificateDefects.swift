// SPDX-License-Identifier: Apache-2.0
// What RFC 5280 §4 forbids inside one certificate, whoever issued it. Rules about chains are in
// Verification.

/// Something that a certificate must not be.
public struct CertificateDefect: Sendable, Equatable {
    /// The rule.
    public let rule: VerificationRule
    /// What is wrong, in words.
    public let sentence: String
    /// Whether only strict verification refuses it: authorities must not write it, but many did,
    /// and who reads it can pass over it.
    public let isStrictOnly: Bool
}

extension CertificateFields {
    /// Everything that RFC 5280 §4 does not allow.
    public var defects: [CertificateDefect] {
        var found = Defects(fields: self)
        found.checkBody()
        found.checkNames()
        found.checkExtensions()
        found.checkAuthority()
        found.checkIdentifiers()
        return found.all
    }
}

private struct Defects {
    let fields: CertificateFields
    var all: [CertificateDefect] = []

    mutating func add(_ rule: VerificationRule, _ sentence: String, isStrictOnly: Bool = false) {
        all.append(
            CertificateDefect(rule: rule, sentence: sentence, isStrictOnly: isStrictOnly)
        )
    }

    mutating func checkBody() {
        // RFC 5280 §4.1.2.1
        if fields.version < 3, !fields.extensions.isEmpty {
            add(.version, "extensions need version 3, this is version \(fields.version)")
        }
        if fields.version < 2, fields.issuerUniqueID != nil || fields.subjectUniqueID != nil {
            add(.version, "unique identifiers need version 2 or 3, this is version 1")
        }
        // §4.1.1.2
        if fields.signatureAlgorithm != fields.outerAlgorithm {
            add(
                .algorithmMismatch,
                "the signed part says \(fields.signatureAlgorithm.id.shown), the signature says "
                    + fields.outerAlgorithm.id.shown
            )
        }
        checkSerial()
        for defect in fields.timeDefects { add(.validity, defect, isStrictOnly: true) }
        if fields.notAfter < fields.notBefore {
            add(.validity, "the validity ends before it begins")
        }
    }

    // RFC 5280 §4.1.2.2
    private mutating func checkSerial() {
        let serial = fields.serial
        // A sign byte may stand before 20 octets.
        if serial.count > 21 || serial.count == 21 && serial[0] != 0 {
            add(.serialNumber, "the serial number has more than 20 octets")
        }
        if serial.first.map({ $0 & 0x80 != 0 }) == true {
            add(.serialNumber, "the serial number is negative", isStrictOnly: true)
        } else if serial.allSatisfy({ $0 == 0 }) {
            add(.serialNumber, "the serial number is zero", isStrictOnly: true)
        }
    }

    mutating func checkNames() {
        // §4.1.2.4
        if fields.issuer.isEmpty { add(.issuerEmpty, "the issuer is empty") }
        guard fields.subject.isEmpty else { return }
        let names = fields.find(.subjectAlternativeName)
        if fields.basicConstraints?.isAuthority == true {
            // §4.1.2.6
            add(.subjectEmpty, "an authority has an empty subject")
        } else if names == nil {
            add(.subjectEmpty, "the subject is empty and there is no subjectAltName")
        } else if names?.isCritical == false {
            // §4.2.1.6
            add(.extensionCriticality, "the subject is empty and subjectAltName is not critical")
        }
    }

    mutating func checkExtensions() {
        var seen: Set<OID> = []
        for one in fields.extensions {
            // §4.2
            if !seen.insert(one.id).inserted {
                add(.duplicateExtension, "the extension \(one.name) is there twice")
            }
            if case .malformed(let why) = one.content { add(.malformedExtension, why) }
            if one.writesDefault {
                add(
                    .malformedExtension,
                    "\(one.name) writes FALSE out (not DER)",
                    isStrictOnly: true
                )
            }
            if one.isCritical, Self.neverCritical.contains(one.id) {
                add(.extensionCriticality, "\(one.name) is critical and must not be")
            }
            if !one.isCritical, Self.alwaysCritical.contains(one.id) {
                add(
                    .extensionCriticality,
                    "\(one.name) is not critical and must be",
                    isStrictOnly: true
                )
            }
        }
        if let names = fields.find(.nameConstraints), fields.basicConstraints?.isAuthority != true {
            // §4.2.1.10
            add(.extensionPlacement, "\(names.name) stands in a certificate of no authority")
        }
        if case .policyMappings(let pairs) = fields.find(.policyMappings)?.content,
            pairs.contains(where: { $0.issuer == .anyPolicy || $0.subject == .anyPolicy })
        {
            // §4.2.1.5
            add(.malformedExtension, "policyMappings maps anyPolicy")
        }
        checkQualifiers()
        if let usage = fields.keyUsage, usage.isEmpty {
            add(.malformedExtension, "keyUsage allows nothing", isStrictOnly: true)
        }
    }

    /// RFC 5280 §4.2.1.4: critical policies with qualifiers nobody can read are refused.
    private mutating func checkQualifiers() {
        guard let one = fields.find(.certificatePolicies), one.isCritical,
            case .policies(let policies) = one.content
        else { return }
        for qualifier in policies.flatMap(\.qualifiers)
        where qualifier.kind != .practiceStatement && qualifier.kind != .userNotice {
            add(
                .unknownCritical,
                "\(one.name) is critical and has the unknown qualifier \(qualifier.kind.shown)"
            )
        }
    }

    mutating func checkAuthority() {
        guard let constraints = fields.basicConstraints else {
            if fields.version == 3, let usage = fields.keyUsage, usage.contains(.keyCertSign) {
                add(.keyUsage, "keyCertSign without basicConstraints", isStrictOnly: true)
            }
            return
        }
        let usage = fields.keyUsage
        if !constraints.isAuthority {
            // §4.2.1.9
            if usage?.contains(.keyCertSign) == true {
                add(.keyUsage, "keyCertSign is set and the subject is no authority (CA:FALSE)")
            }
            if constraints.pathLength != nil {
                add(
                    .malformedExtension,
                    "basicConstraints limits the path of a subject that is no authority"
                )
            }
            return
        }
        if fields.find(.basicConstraints)?.isCritical == false {
            add(
                .extensionCriticality,
                "basicConstraints of an authority is not critical",
                isStrictOnly: true
            )
        }
        if constraints.pathLength != nil, let usage, !usage.contains(.keyCertSign) {
            add(.keyUsage, "the path is limited and keyUsage lacks keyCertSign")
        }
        if usage == nil, !fields.isSelfIssued {
            add(.keyUsage, "an authority without keyUsage", isStrictOnly: true)
        }
    }

    // RFC 5280 §4.2.1.1 and §4.2.1.2
    mutating func checkIdentifiers() {
        guard fields.version == 3 else { return }
        if fields.basicConstraints?.isAuthority == true, fields.find(.subjectKeyIdentifier) == nil {
            add(
                .keyIdentifier,
                "an authority without subjectKeyIdentifier",
                isStrictOnly: true
            )
        }
        let id = fields.find(.authorityKeyIdentifier)
        if id == nil, !fields.isSelfIssued {
            add(.keyIdentifier, "authorityKeyIdentifier is missing", isStrictOnly: true)
        }
        if case .authorityKey(let key, let issuer, let serial) = id?.content {
            if key == nil {
                add(
                    .keyIdentifier,
                    "authorityKeyIdentifier does not name the key",
                    isStrictOnly: true
                )
            }
            if issuer.isEmpty != (serial == nil) {
                add(.malformedExtension, "authorityKeyIdentifier has only one of issuer and serial")
            }
        }
    }

    /// Extensions that "MUST be marked as non-critical".
    static let neverCritical: Set<OID> = [
        .authorityKeyIdentifier, .subjectKeyIdentifier, .authorityInformation,
        .subjectInformation, .freshestList,
    ]

    /// Extensions that "MUST be marked as critical".
    static let alwaysCritical: Set<OID> = [
        .nameConstraints, .policyConstraints, .inhibitAnyPolicy,
    ]
}
