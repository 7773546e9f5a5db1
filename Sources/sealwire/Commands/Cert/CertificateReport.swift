// SPDX-License-Identifier: Apache-2.0
// One certificate as lines for people and as JSON. What it is worth is said by the verification.

import SealBytes
import SealPKI

/// What is said about one certificate.
struct CertificateReport {
    let certificate: Certificate
    let fields: CertificateFields

    init(_ certificate: Certificate) throws(PKIError) {
        self.certificate = certificate
        fields = try certificate.fields()
    }

    /// Bytes with colons, several lines.
    private static func dump(_ bytes: [UInt8]) -> [String] {
        stride(from: 0, to: bytes.count, by: 24).map { start in
            bytes[start..<min(start + 24, bytes.count)].map { Hex.encode([$0]) }
                .joined(separator: ":")
        }
    }

    /// Names and values; a value of several lines stands below its name.
    var lines: [String] {
        var out: [String] = []
        func add(_ name: String, _ values: [String]) {
            guard values.count > 1 else {
                out.append("\(name): \(values.first ?? "")")
                return
            }
            out.append("\(name):")
            out += values.map { "    " + $0 }
        }
        add("Version", [String(fields.version)])
        add("Serial number", ["\(fields.serialHex) (\(fields.serialDecimal))"])
        add("Issuer", [fields.issuer.shown])
        add("Not before", [Moment.text(fields.notBefore)])
        add("Not after", [Moment.text(fields.notAfter)])
        add("Subject", [fields.subject.shown])
        add("Public key algorithm", [fields.publicKey.shown])
        add("Subject public key", Self.dump(fields.publicKey.bytes))
        add("Certificate signature algorithm", [fields.outerAlgorithm.id.shown])
        add("Certificate signature", Self.dump(fields.signature))
        if let id = fields.issuerUniqueID { add("Issuer unique identifier", Self.dump(id)) }
        if let id = fields.subjectUniqueID { add("Subject unique identifier", Self.dump(id)) }
        for one in fields.extensions {
            let mark = one.isCritical ? " (critical)" : ""
            add("Extension \(one.id.shown)\(mark)", one.lines)
        }
        add("SHA-256 fingerprint", [Self.fingerprint(certificate.fingerprint.bytes)])
        for defect in fields.defects { add("Note", [defect.sentence]) }
        return out.map(TextTable.printable)
    }

    /// Upper-case digits with colons, as browsers and openssl show them.
    static func fingerprint(_ bytes: [UInt8]) -> String {
        bytes.map { Hex.encode([$0]).uppercased() }.joined(separator: ":")
    }

    var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("version", .integer(Int64(fields.version))),
            ("serialNumber", .string(fields.serialHex)),
            ("serialNumberDecimal", .string(fields.serialDecimal)),
            ("issuer", .string(fields.issuer.description)),
            ("notBefore", .string(Moment.text(fields.notBefore))),
            ("notAfter", .string(Moment.text(fields.notAfter))),
            ("subject", .string(fields.subject.description)),
            ("publicKeyAlgorithm", .string(fields.publicKey.algorithm.id.shown)),
            ("publicKeyKind", .string(fields.publicKey.shown)),
            ("publicKeyBits", .integer(Int64(fields.publicKey.bits))),
            ("publicKey", .string(Hex.encode(fields.publicKey.bytes))),
            ("signatureAlgorithm", .string(fields.outerAlgorithm.id.shown)),
            ("signature", .string(Hex.encode(fields.signature))),
            (
                "issuerUniqueIdentifier",
                .string(orNull: fields.issuerUniqueID.map { Hex.encode($0) })
            ),
            (
                "subjectUniqueIdentifier",
                .string(orNull: fields.subjectUniqueID.map { Hex.encode($0) })
            ),
        ]
        members.append(("extensions", .array(fields.extensions.map(Self.json))))
        members.append(("sha256", .string(certificate.fingerprint.description)))
        members.append(("defects", .array(fields.defects.map { .string($0.sentence) })))
        return .pairs(members)
    }

    static func json(_ one: CertificateExtension) -> JSONValue {
        .pairs([
            ("name", .string(one.id.shown)),
            ("oid", .string(one.id.description)),
            ("critical", .bool(one.isCritical)),
            ("value", .array(one.lines.map { .string($0) })),
            ("der", .string(Hex.encode(one.value))),
        ])
    }
}
