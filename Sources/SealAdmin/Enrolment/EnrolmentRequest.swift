// SPDX-License-Identifier: Apache-2.0
// A request for a device's certificate as it came, and whether it may be granted.

internal import SealBroker
internal import SealBytes
internal import SealPKI

/// A request that may be granted.
struct EnrolmentRequest {
    /// The request.
    let request: CertificateRequest
    /// The device it is for.
    let identifier: Name

    /// A longer body is not read.
    static let bytesMax = 32_768

    /// Reads a body: base64 of DER (RFC 8951 §3.1), DER, or PEM.
    init(_ body: [UInt8], device identifier: Name) throws(APIError) {
        self.identifier = identifier
        do throws(PKIError) {
            request = try Self.read(body)
            guard try request.subject().values("CN").map({ Name($0) }) == [identifier] else {
                throw PKIError(.commonNameRefused, "the common name is not \(identifier)")
            }
        } catch {
            switch error.code {
            case .commonNameRefused:
                throw APIError(.unprocessableContent, .enrolmentName, error.reason)
            default: throw APIError(.badRequest, .enrolmentRequestUnreadable, error.reason)
            }
        }
        guard request.isSignatureValid else { throw APIError(.badRequest, .enrolmentSignature) }
        guard !request.asksForAuthority else {
            throw APIError(.unprocessableContent, .enrolmentAuthorityWanted)
        }
    }

    private static func read(_ body: [UInt8]) throws(PKIError) -> CertificateRequest {
        guard let first = body.first else { throw PKIError(.malformed, "the body is empty") }
        // DER begins with the tag of a sequence, which is the digit 0 in base64: PKCS #10 in base64
        // always begins with M.
        if first == 0x30 { return try CertificateRequest(der: body) }
        let digits = body.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        if let der = Base64.decode(String(decoding: digits, as: UTF8.self)), !der.isEmpty {
            return try CertificateRequest(der: der)
        }
        return try CertificateRequest(pem: body)
    }
}
