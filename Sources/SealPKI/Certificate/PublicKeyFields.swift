// SPDX-License-Identifier: Apache-2.0
// Algorithms and public keys of certificates, as their bytes say. Nothing is computed with them.

/// An algorithm with its parameters.
public struct AlgorithmFields: Sendable, Hashable {
    /// Which it is.
    public let id: OID
    /// The encoded parameters; nil when there are none.
    public let parameters: [UInt8]?

    init(reading reader: inout DERReader, _ what: String) throws(PKIError) {
        var fields = try reader.sequence(what)
        id = try fields.oid(what)
        parameters = fields.isAtEnd ? nil : Array(try fields.next(what).whole)
        try fields.end(what)
    }

    /// The digest that a signature of this kind uses when it is too weak to be trusted.
    var weakDigest: String? {
        if let known = Self.weak[id] { return known }
        guard id == .rsaPSS else { return nil }
        // RFC 4055 §3.1: without a field of its own the digest is SHA-1.
        guard let parameters else { return "SHA-1" }
        var reader = DERReader(parameters)
        guard var fields = try? reader.sequence("parameters"),
            let hash = try? fields.takeOptional(DERTag.constructed(0), "digest")
        else { return "SHA-1" }
        var inside = hash.inside
        guard let digest = try? AlgorithmFields(reading: &inside, "digest") else { return "SHA-1" }
        return digest.id == .sha1 || digest.id.name == nil ? "SHA-1" : nil
    }

    private static let weak: [OID: String] = [
        OID(known: "1.2.840.113549.1.1.2"): "MD2", OID(known: "1.2.840.113549.1.1.3"): "MD4",
        OID(known: "1.2.840.113549.1.1.4"): "MD5", OID(known: "1.2.840.113549.1.1.5"): "SHA-1",
        OID(known: "1.3.14.3.2.29"): "SHA-1", OID(known: "1.3.14.3.2.3"): "MD5",
        OID(known: "1.3.14.3.2.27"): "SHA-1", OID(known: "1.2.840.10045.4.1"): "SHA-1",
        OID(known: "1.2.840.10040.4.3"): "SHA-1",
    ]
}

/// A public key.
public struct PublicKeyFields: Sendable {
    /// What the key is.
    public enum Kind: Sendable, Equatable {
        /// RSA: modulus and exponent.
        case rsa(modulus: [UInt8], exponent: [UInt8])
        /// A point on a curve that has a name.
        case ellipticCurve(OID)
        /// A point on a curve that is written out in the certificate.
        case explicitCurve
        /// DSA with a modulus of so many bits.
        case dsa(bits: Int)
        /// Ed25519 or Ed448.
        case edwards(OID)
        /// Anything else.
        case other
    }

    /// The algorithm.
    public let algorithm: AlgorithmFields
    /// The key's bytes.
    public let bytes: [UInt8]
    /// What the key is.
    public let kind: Kind
    /// The whole SubjectPublicKeyInfo.
    let der: [UInt8]

    init(reading reader: inout DERReader) throws(PKIError) {
        let what = "the public key"
        let value = try reader.take(DERTag.sequence, what)
        var fields = value.inside
        algorithm = try AlgorithmFields(reading: &fields, what)
        let (bytes, unused) = try fields.bits(what)
        try fields.end(what)
        guard unused == 0 else { throw DERReader.fault(what, "is no whole number of bytes") }
        self.bytes = bytes
        der = Array(value.whole)
        kind = try Self.kind(algorithm, bytes)
    }

    private static func kind(
        _ algorithm: AlgorithmFields,
        _ bytes: [UInt8]
    ) throws(PKIError) -> Kind {
        switch algorithm.id {
        case .rsa, .rsaPSS:
            var reader = DERReader(bytes)
            var fields = try reader.sequence("the RSA key")
            let modulus = try fields.integer("the RSA modulus")
            let exponent = try fields.integer("the RSA exponent")
            try fields.end("the RSA key")
            try reader.end("the RSA key")
            return .rsa(modulus: unsigned(modulus), exponent: unsigned(exponent))
        case .ecPublicKey:
            guard let parameters = algorithm.parameters else { return .explicitCurve }
            var reader = DERReader(parameters)
            guard let curve = try? reader.oid("the curve") else { return .explicitCurve }
            return .ellipticCurve(curve)
        case .dsa:
            guard let parameters = algorithm.parameters else { return .dsa(bits: 0) }
            var reader = DERReader(parameters)
            guard var fields = try? reader.sequence("the DSA parameters"),
                let prime = try? fields.integer("the DSA prime")
            else { return .dsa(bits: 0) }
            return .dsa(bits: bitCount(unsigned(prime)))
        default:
            return ["1.3.101.112", "1.3.101.113"].contains(algorithm.id.description)
                ? .edwards(algorithm.id) : .other
        }
    }

    private static func unsigned(_ bytes: [UInt8]) -> [UInt8] {
        bytes.count > 1 && bytes[0] == 0 ? Array(bytes.dropFirst()) : bytes
    }

    private static func bitCount(_ bytes: [UInt8]) -> Int {
        guard let first = bytes.first else { return 0 }
        return bytes.count * 8 - first.leadingZeroBitCount
    }

    /// The size in bits; 0 when it is not known.
    public var bits: Int {
        switch kind {
        case .rsa(let modulus, _): Self.bitCount(modulus)
        case .ellipticCurve(let curve): Self.curveBits[curve.description] ?? 0
        case .dsa(let bits): bits
        case .edwards(let id): id.description == "1.3.101.112" ? 253 : 448
        case .explicitCurve, .other: 0
        }
    }

    private static let curveBits = [
        "1.2.840.10045.3.1.1": 192, "1.3.132.0.33": 224, "1.2.840.10045.3.1.7": 256,
        "1.3.132.0.34": 384, "1.3.132.0.35": 521, "1.3.132.0.10": 256,
        "1.3.36.3.3.2.8.1.1.7": 256, "1.3.36.3.3.2.8.1.1.11": 384,
        "1.3.36.3.3.2.8.1.1.13": 512,
    ]

    /// The key in words: `RSA 2048`, `EC P-256`, `Ed25519`.
    public var shown: String {
        switch kind {
        case .rsa: "RSA \(bits)"
        case .ellipticCurve(let curve): "EC \(curve.shown)"
        case .explicitCurve: "EC with a curve written out"
        case .dsa: "DSA \(bits)"
        case .edwards(let id): id.shown
        case .other: algorithm.id.shown
        }
    }
}
