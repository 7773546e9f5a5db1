// SPDX-License-Identifier: Apache-2.0
// The object identifiers that the house knows by name. What they mean is decided where they are
// used.

extension OID {
    /// The name of a known identifier.
    public var name: String? { Self.names[self] }

    /// The name, or the dotted numbers.
    public var shown: String { name ?? description }

    static let basicConstraints = OID(known: "2.5.29.19")
    static let keyUsage = OID(known: "2.5.29.15")
    static let extendedKeyUsage = OID(known: "2.5.29.37")
    static let subjectAlternativeName = OID(known: "2.5.29.17")
    static let issuerAlternativeName = OID(known: "2.5.29.18")
    static let subjectKeyIdentifier = OID(known: "2.5.29.14")
    static let authorityKeyIdentifier = OID(known: "2.5.29.35")
    static let nameConstraints = OID(known: "2.5.29.30")
    static let distributionPoints = OID(known: "2.5.29.31")
    static let freshestList = OID(known: "2.5.29.46")
    static let certificatePolicies = OID(known: "2.5.29.32")
    static let policyMappings = OID(known: "2.5.29.33")
    static let policyConstraints = OID(known: "2.5.29.36")
    static let inhibitAnyPolicy = OID(known: "2.5.29.54")
    static let anyPolicy = OID(known: "2.5.29.32.0")
    static let authorityInformation = OID(known: "1.3.6.1.5.5.7.1.1")
    static let subjectInformation = OID(known: "1.3.6.1.5.5.7.1.11")
    static let tlsFeature = OID(known: "1.3.6.1.5.5.7.1.24")
    static let listNumber = OID(known: "2.5.29.20")
    static let reasonCode = OID(known: "2.5.29.21")
    static let invalidityDate = OID(known: "2.5.29.24")
    static let deltaIndicator = OID(known: "2.5.29.27")
    static let issuingDistributionPoint = OID(known: "2.5.29.28")
    static let entryIssuer = OID(known: "2.5.29.29")
    static let netscapeType = OID(known: "2.16.840.1.113730.1.1")
    static let netscapeComment = OID(known: "2.16.840.1.113730.1.13")
    static let ocspNoCheck = OID(known: "1.3.6.1.5.5.7.48.1.5")
    static let serverAuth = OID(known: "1.3.6.1.5.5.7.3.1")
    static let clientAuth = OID(known: "1.3.6.1.5.5.7.3.2")
    static let anyPurpose = OID(known: "2.5.29.37.0")
    static let practiceStatement = OID(known: "1.3.6.1.5.5.7.2.1")
    static let userNotice = OID(known: "1.3.6.1.5.5.7.2.2")
    static let emailAddress = OID(known: "1.2.840.113549.1.9.1")
    static let commonName = OID(known: "2.5.4.3")
    static let rsa = OID(known: "1.2.840.113549.1.1.1")
    static let rsaPSS = OID(known: "1.2.840.113549.1.1.10")
    static let ecPublicKey = OID(known: "1.2.840.10045.2.1")
    static let dsa = OID(known: "1.2.840.10040.4.1")
    static let sha1 = OID(known: "1.3.14.3.2.26")

    private static let names: [OID: String] = {
        var all: [OID: String] = [:]
        for (dotted, name) in listed {
            if let oid = OID(dotted) { all[oid] = name }
        }
        return all
    }()

    private static let listed: [(String, String)] =
        nameAttributes + extensions + purposes + algorithms

    /// The attributes of names, by the short names people know.
    private static let nameAttributes = [
        ("2.5.4.3", "CN"), ("2.5.4.4", "SN"), ("2.5.4.5", "serialNumber"), ("2.5.4.6", "C"),
        ("2.5.4.7", "L"), ("2.5.4.8", "ST"), ("2.5.4.9", "street"), ("2.5.4.10", "O"),
        ("2.5.4.11", "OU"), ("2.5.4.12", "title"), ("2.5.4.13", "description"),
        ("2.5.4.15", "businessCategory"), ("2.5.4.17", "postalCode"), ("2.5.4.41", "name"),
        ("2.5.4.42", "GN"), ("2.5.4.43", "initials"), ("2.5.4.44", "generationQualifier"),
        ("2.5.4.46", "dnQualifier"), ("2.5.4.65", "pseudonym"),
        ("2.5.4.97", "organizationIdentifier"), ("0.9.2342.19200300.100.1.25", "DC"),
        ("0.9.2342.19200300.100.1.1", "UID"), ("1.2.840.113549.1.9.1", "emailAddress"),
        ("1.2.840.113549.1.9.2", "unstructuredName"),
        ("1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL"),
        ("1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST"),
        ("1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC"),
    ]

    private static let extensions = [
        ("2.5.29.9", "subjectDirectoryAttributes"), ("2.5.29.14", "subjectKeyIdentifier"),
        ("2.5.29.15", "keyUsage"), ("2.5.29.16", "privateKeyUsagePeriod"),
        ("2.5.29.17", "subjectAltName"), ("2.5.29.18", "issuerAltName"),
        ("2.5.29.19", "basicConstraints"), ("2.5.29.20", "cRLNumber"),
        ("2.5.29.21", "reasonCode"), ("2.5.29.24", "invalidityDate"),
        ("2.5.29.27", "deltaCRLIndicator"), ("2.5.29.28", "issuingDistributionPoint"),
        ("2.5.29.29", "certificateIssuer"), ("2.5.29.30", "nameConstraints"),
        ("2.5.29.31", "cRLDistributionPoints"), ("2.5.29.32", "certificatePolicies"),
        ("2.5.29.32.0", "anyPolicy"), ("2.5.29.33", "policyMappings"),
        ("2.5.29.35", "authorityKeyIdentifier"), ("2.5.29.36", "policyConstraints"),
        ("2.5.29.37", "extendedKeyUsage"), ("2.5.29.46", "freshestCRL"),
        ("2.5.29.54", "inhibitAnyPolicy"), ("1.3.6.1.5.5.7.1.1", "authorityInfoAccess"),
        ("1.3.6.1.5.5.7.1.3", "qcStatements"), ("1.3.6.1.5.5.7.1.11", "subjectInfoAccess"),
        ("1.3.6.1.5.5.7.1.24", "tlsFeature"), ("1.3.6.1.5.5.7.48.1", "OCSP"),
        ("1.3.6.1.5.5.7.48.2", "caIssuers"), ("1.3.6.1.5.5.7.48.1.5", "ocspNoCheck"),
        ("1.3.6.1.5.5.7.2.1", "cps"), ("1.3.6.1.5.5.7.2.2", "userNotice"),
        ("1.3.6.1.4.1.11129.2.4.2", "signedCertificateTimestamps"),
        ("1.3.6.1.4.1.11129.2.4.3", "certificateTransparencyPoison"),
        ("2.16.840.1.113730.1.1", "netscapeCertType"),
        ("2.16.840.1.113730.1.13", "netscapeComment"),
    ]

    private static let purposes = [
        ("1.3.6.1.5.5.7.3.1", "serverAuth"), ("1.3.6.1.5.5.7.3.2", "clientAuth"),
        ("1.3.6.1.5.5.7.3.3", "codeSigning"), ("1.3.6.1.5.5.7.3.4", "emailProtection"),
        ("1.3.6.1.5.5.7.3.5", "ipsecEndSystem"), ("1.3.6.1.5.5.7.3.8", "timeStamping"),
        ("1.3.6.1.5.5.7.3.9", "OCSPSigning"), ("2.5.29.37.0", "anyExtendedKeyUsage"),
        ("1.3.6.1.4.1.311.20.2.2", "smartcardLogon"),
        ("2.16.840.1.113730.4.1", "netscapeServerGatedCrypto"),
    ]

    private static let algorithms = [
        ("1.2.840.113549.1.1.1", "rsaEncryption"),
        ("1.2.840.113549.1.1.2", "md2WithRSAEncryption"),
        ("1.2.840.113549.1.1.3", "md4WithRSAEncryption"),
        ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
        ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
        ("1.3.14.3.2.29", "sha1WithRSASignature"), ("1.3.14.3.2.26", "sha1"),
        ("1.2.840.113549.1.1.10", "rsassaPss"),
        ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
        ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption"),
        ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption"),
        ("1.2.840.113549.1.1.14", "sha224WithRSAEncryption"),
        ("1.2.840.10045.2.1", "ecPublicKey"), ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
        ("1.2.840.10045.4.3.1", "ecdsa-with-SHA224"),
        ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
        ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
        ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"), ("1.2.840.10040.4.1", "dsa"),
        ("1.2.840.10040.4.3", "dsa-with-SHA1"),
        ("2.16.840.1.101.3.4.3.1", "dsa-with-SHA224"),
        ("2.16.840.1.101.3.4.3.2", "dsa-with-SHA256"), ("1.3.101.110", "X25519"),
        ("1.3.101.112", "Ed25519"), ("1.3.101.113", "Ed448"),
        ("1.2.840.10045.3.1.1", "P-192"), ("1.3.132.0.33", "P-224"),
        ("1.2.840.10045.3.1.7", "P-256"), ("1.3.132.0.34", "P-384"),
        ("1.3.132.0.35", "P-521"), ("1.3.132.0.10", "secp256k1"),
        ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"),
        ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1"),
        ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1"),
        ("2.16.840.1.101.3.4.2.1", "sha256"), ("2.16.840.1.101.3.4.2.2", "sha384"),
        ("2.16.840.1.101.3.4.2.3", "sha512"), ("2.16.840.1.101.3.4.2.4", "sha224"),
    ]
}
