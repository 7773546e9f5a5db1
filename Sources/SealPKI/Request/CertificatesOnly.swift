// SPDX-License-Identifier: Apache-2.0
// The message without signature that carries certificates: PKCS #7 "certs-only" (RFC 5652 §5,
// RFC 7030 §4.1.3). Reading takes BER as well, which Java's programs write.

internal import SealBytes

/// A message of certificates and nothing else.
public struct CertificatesOnly: Sendable {
    /// The certificates in the order of the message.
    public let certificates: [Certificate]

    /// A message with more certificates is not read.
    public static let certificatesMax = 100
    /// A longer message is not read.
    public static let bytesMax = 1 << 20

    /// Makes a message.
    public init(_ certificates: [Certificate]) { self.certificates = certificates }

    /// Reads a message; bytes after it are refused.
    public init(der: [UInt8]) throws(PKIError) {
        guard der.count <= Self.bytesMax else {
            throw PKIError(.malformed, "the message is longer than \(Self.bytesMax) bytes")
        }
        let found: [[UInt8]]
        do throws(BERError) {
            found = try Self.read(BERReader(der))
        } catch {
            throw PKIError(.malformed, "this is no PKCS #7 message of certificates: \(error.what)")
        }
        var certificates: [Certificate] = []
        for one in found { certificates.append(try Certificate(der: one)) }
        self.certificates = certificates
    }

    /// Reads the body of an answer: base64 in lines of any length.
    public init(base64 text: [UInt8]) throws(PKIError) {
        let digits = text.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        guard text.count <= Self.bytesMax * 2,
            let der = Base64.decode(String(decoding: digits, as: UTF8.self)), !der.isEmpty
        else { throw PKIError(.malformed, "the message is not base64") }
        try self.init(der: der)
    }

    private static func read(_ whole: BERReader) throws(BERError) -> [[UInt8]] {
        var whole = whole
        var content = try whole.sequence("the message")
        try whole.end("the message")
        guard
            ObjectNumber(try content.read(BERTag.number, "its kind")) == ObjectNumbers.signedContent
        else { throw BERError("its kind is another one") }
        var outer = content.inside(try content.read(BERTag.zeroConstructed, "its content"))
        try content.end("the content")
        var fields = try outer.sequence("the signed part")
        try outer.end("the signed part")
        _ = try fields.integer("the version")
        _ = try fields.read(BERTag.set, "the digests")
        _ = try fields.read(BERTag.sequence, "the signed content")
        var certificates: [[UInt8]] = []
        if fields.nextTag == BERTag.zeroConstructed {
            var list = fields.inside(try fields.read(BERTag.zeroConstructed, "the certificates"))
            while !list.isAtEnd {
                guard certificates.count < certificatesMax else {
                    throw BERError("there are more than \(certificatesMax) certificates")
                }
                let one = try list.read()
                guard one.tag == BERTag.sequence else {
                    throw BERError("a certificate is of another kind (tag \(one.tag))")
                }
                certificates.append(DERWriter.value(one.tag, Array(one.content)))
            }
        }
        if fields.nextTag == BERTag.zeroConstructed | 1 { _ = try fields.read() }
        _ = try fields.read(BERTag.set, "the signers")
        try fields.end("the signers")
        return certificates
    }

    /// The encoded message.
    public var der: [UInt8] {
        let empty = DERWriter.value(BERTag.set, [])
        let signed = DERWriter.sequence(
            DERWriter.integer(1),
            empty,
            DERWriter.sequence(ObjectNumbers.plainContent.der),
            DERWriter.value(BERTag.zeroConstructed, certificates.flatMap(\.der)),
            empty
        )
        return DERWriter.sequence(ObjectNumbers.signedContent.der, DERWriter.explicit(signed))
    }

    /// The message in base64 without line breaks, as EST sends it (RFC 8951 §3.1, RFC 4648 §4).
    public var base64: [UInt8] { Array(Base64.encode(der).utf8) }
}
