// SPDX-License-Identifier: Apache-2.0
// The fields of a certificate request (RFC 2986), for showing. Signing requests is the authority's.

/// The fields of a certificate request.
public struct CertificateRequestFields: Sendable {
    /// Whom the certificate shall name.
    public let subject: CertificateName
    /// The key.
    public let publicKey: PublicKeyFields
    /// The algorithm of the request's own signature.
    public let signatureAlgorithm: AlgorithmFields
    /// The extensions that are asked for.
    public private(set) var extensions: [CertificateExtension] = []

    /// Reads one request; bytes behind it are refused.
    public init(der: [UInt8]) throws(PKIError) {
        let what = "the request"
        var reader = DERReader(der)
        var outer = try reader.sequence(what)
        try reader.end(what)
        var fields = try outer.sequence(what)
        signatureAlgorithm = try AlgorithmFields(reading: &outer, "the signature algorithm")
        _ = try outer.bits("the signature")
        try outer.end(what)
        guard try fields.count("the version") == 0 else {
            throw DERReader.fault("the version", "of the request is not 1")
        }
        subject = try CertificateName(reading: try fields.next("the subject"), "the subject")
        publicKey = try PublicKeyFields(reading: &fields)
        guard let attributes = try fields.takeOptional(DERTag.constructed(0), "attributes") else {
            return
        }
        var list = attributes.inside
        while !list.isAtEnd {
            var attribute = try list.sequence("an attribute")
            let type = try attribute.oid("an attribute")
            var values = try attribute.take(DERTag.set, "an attribute").inside
            // RFC 2985 §5.4.2: extensionRequest.
            guard type == Self.extensionRequest else { continue }
            extensions += try ExtensionReader.list(try values.sequence("the extensions"), what)
        }
    }

    private static let extensionRequest = OID(known: "1.2.840.113549.1.9.14")
}
