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
            ("version", .number(Int64(fields.version))),
            ("serialNumber", .text(fields.serialHex)),
            ("serialNumberDecimal", .text(fields.serialDecimal)),
            ("issuer", .text(fields.issuer.description)),
            ("notBefore", .text(Moment.text(fields.notBefore))),
            ("notAfter", .text(Moment.text(fields.notAfter))),
            ("subject", .text(fields.subject.description)),
            ("publicKeyAlgorithm", .text(fields.publicKey.algorithm.id.shown)),
            ("publicKeyKind", .text(fields.publicKey.shown)),
            ("publicKeyBits", .number(Int64(fields.publicKey.bits))),
            ("publicKey", .text(Hex.encode(fields.publicKey.bytes))),
            ("signatureAlgorithm", .text(fields.outerAlgorithm.id.shown)),
            ("signature", .text(Hex.encode(fields.signature))),
            ("issuerUniqueIdentifier", .text(orNull: fields.issuerUniqueID.map { Hex.encode($0) })),
            (
                "subjectUniqueIdentifier",
                .text(orNull: fields.subjectUniqueID.map { Hex.encode($0) })
            ),
        ]
        members.append(("extensions", .array(fields.extensions.map(Self.json))))
        members.append(("sha256", .text(certificate.fingerprint.description)))
        members.append(("defects", .array(fields.defects.map { .text($0.sentence) })))
        return .object(members)
    }

    static func json(_ one: CertificateExtension) -> JSONValue {
        .object([
            ("name", .text(one.id.shown)),
            ("oid", .text(one.id.description)),
            ("critical", .bool(one.isCritical)),
            ("value", .array(one.lines.map { .text($0) })),
            ("der", .text(Hex.encode(one.value))),
        ])
    }
}
