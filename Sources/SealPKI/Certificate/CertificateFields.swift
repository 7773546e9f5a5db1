// SPDX-License-Identifier: Apache-2.0
// Every field of an X.509 certificate (RFC 5280 §4.1), read from its DER by the house itself.
// What is wrong with the fields is collected in CertificateDefects.

/// All fields of a certificate.
public struct CertificateFields: Sendable {
    /// 1, 2 or 3.
    public private(set) var version = 1
    /// The serial number: big-endian two's complement.
    public let serial: [UInt8]
    /// The algorithm that the signed part says it is signed with.
    public let signatureAlgorithm: AlgorithmFields
    /// Who signed.
    public let issuer: CertificateName
    /// The first second in which the certificate is valid, in Unix seconds.
    public let notBefore: Int64
    /// The last second in which it is valid, in Unix seconds.
    public let notAfter: Int64
    /// Whom it names.
    public let subject: CertificateName
    /// The key.
    public let publicKey: PublicKeyFields
    /// The issuer's unique identifier, of version 2.
    public private(set) var issuerUniqueID: [UInt8]?
    /// The subject's unique identifier, of version 2.
    public private(set) var subjectUniqueID: [UInt8]?
    /// The extensions in the certificate's order.
    public private(set) var extensions: [CertificateExtension] = []
    /// The algorithm beside the signature.
    public let outerAlgorithm: AlgorithmFields
    /// The signature.
    public let signature: [UInt8]
    /// Times that are not written as they must be.
    let timeDefects: [String]

    /// Reads one certificate; bytes behind it are refused.
    public init(der: [UInt8]) throws(PKIError) {
        let what = "the certificate"
        var reader = DERReader(der)
        var outer = try reader.sequence(what)
        try reader.end(what)
        var fields = try outer.sequence("the signed part")
        outerAlgorithm = try AlgorithmFields(reading: &outer, "the signature algorithm")
        let (signature, unused) = try outer.bits("the signature")
        guard unused == 0 else {
            throw DERReader.fault("the signature", "is no whole number of bytes")
        }
        self.signature = signature
        try outer.end(what)

        if let value = try fields.takeOptional(DERTag.constructed(0), "the version") {
            var inside = value.inside
            let number = try inside.count("the version")
            try inside.end("the version")
            // X.690 §11.5: version 1 is the default and not written.
            guard (1...2).contains(number) else {
                throw DERReader.fault("the version", "is not one of X.509's")
            }
            version = number + 1
        }
        serial = try fields.integer("the serial number")
        signatureAlgorithm = try AlgorithmFields(reading: &fields, "the signature algorithm")
        issuer = try CertificateName(reading: try fields.next("the issuer"), "the issuer")
        var validity = try fields.sequence("the validity")
        let begin = try DERTime.read(try validity.next("notBefore"), "notBefore")
        let end = try DERTime.read(try validity.next("notAfter"), "notAfter")
        try validity.end("the validity")
        notBefore = begin.seconds
        notAfter = end.seconds
        timeDefects = [begin.defect, end.defect].compactMap(\.self)
        subject = try CertificateName(reading: try fields.next("the subject"), "the subject")
        publicKey = try PublicKeyFields(reading: &fields)
        if let value = try fields.takeOptional(DERTag.context(1), "issuerUniqueID") {
            issuerUniqueID = try DERReader.bits(value, "issuerUniqueID").bytes
        }
        if let value = try fields.takeOptional(DERTag.context(2), "subjectUniqueID") {
            subjectUniqueID = try DERReader.bits(value, "subjectUniqueID").bytes
        }
        if let value = try fields.takeOptional(DERTag.constructed(3), "the extensions") {
            var inside = value.inside
            let list = try inside.sequence("the extensions")
            try inside.end("the extensions")
            guard !list.isAtEnd else { throw DERReader.fault("the extensions", "are empty") }
            extensions = try ExtensionReader.list(list, "the extensions")
        }
        try fields.end("the signed part")
    }

    /// The serial number in upper-case hexadecimal digits, two for each byte.
    public var serialHex: String { Self.hexadecimal(serial) }

    /// Big-endian two's complement in upper-case hexadecimal digits, two for each byte.
    static func hexadecimal(_ serial: [UInt8]) -> String {
        if let first = serial.first, first & 0x80 != 0 {
            return "-" + CertificateText.hex(DecimalDigits.negated(serial))
        }
        let plain = serial.count > 1 && serial[0] == 0 ? Array(serial.dropFirst()) : serial
        return CertificateText.hex(plain)
    }

    /// The serial number in decimal digits.
    public var serialDecimal: String { DecimalDigits.signed(serial) ?? "0x" + serialHex }

    /// Whether issuer and subject are the same name.
    public var isSelfIssued: Bool { issuer == subject }

    /// The first extension of a kind.
    func find(_ id: OID) -> CertificateExtension? { extensions.first { $0.id == id } }

    /// What basicConstraints says, if it can be read.
    public var basicConstraints: (isAuthority: Bool, pathLength: Int?)? {
        if case .basicConstraints(let isAuthority, let length) = find(.basicConstraints)?.content {
            return (isAuthority, length)
        }
        return nil
    }

    /// What the key may be used for; nil is anything.
    public var keyUsage: KeyUsage? {
        if case .keyUsage(let usage) = find(.keyUsage)?.content { usage } else { nil }
    }

    /// What the certificate is for; nil is anything.
    public var purposes: [OID]? {
        if case .purposes(let all) = find(.extendedKeyUsage)?.content { all } else { nil }
    }

    /// The subject alternative names.
    public var subjectNames: [GeneralName] {
        if case .names(let all) = find(.subjectAlternativeName)?.content { all } else { [] }
    }

    /// The key's name.
    public var subjectKeyID: [UInt8]? {
        if case .subjectKey(let id) = find(.subjectKeyIdentifier)?.content { id } else { nil }
    }

    /// The name of the key that signed.
    public var authorityKeyID: [UInt8]? {
        if case .authorityKey(let id, _, _) = find(.authorityKeyIdentifier)?.content {
            id
        } else {
            nil
        }
    }

    var nameConstraints: NameConstraints? {
        if case .nameConstraints(let all) = find(.nameConstraints)?.content { all } else { nil }
    }

    var distributionPoints: [DistributionPoint] {
        if case .distributionPoints(let all) = find(.distributionPoints)?.content {
            all
        } else {
            []
        }
    }
}

extension Certificate {
    /// Every field, read from the bytes by the house itself.
    public func fields() throws(PKIError) -> CertificateFields { try CertificateFields(der: der) }
}
