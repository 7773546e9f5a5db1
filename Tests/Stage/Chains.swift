// SPDX-License-Identifier: Apache-2.0
// Certificates for the tests: an authority and devices below it.

import SealBroker
import SealBytes
import SealPKI

@testable import SealAdmin

/// An authority made for a test.
struct TestAuthority {
    let authority: CertificateAuthority

    init(_ name: String = "IotDevFactory", days: Int = 3650, notBefore: Int64? = nil) throws {
        authority = try CertificateAuthority.makeRoot(
            subject: DistinguishedName([
                NameAttribute("C", "EU"), NameAttribute("ST", "PL"),
                NameAttribute("O", "Iot Device Factory"), NameAttribute("CN", name),
            ]),
            days: days,
            notBefore: notBefore ?? Desk.now - 86_400
        )
    }

    var der: [UInt8] { authority.certificate.der }
    var pem: String { String(decoding: authority.certificate.pem, as: UTF8.self) }
    /// PEM on one line, as it is pasted into JSON.
    var line: String { pem.filter { !$0.isNewline } }

    /// The name in the API.
    var fingerprint: String {
        get throws { Hex.encode(try DigestKind.sha1.digest(of: der)) }
    }

    /// A device's certificate as a client shows it.
    func device(_ name: String) throws -> PresentedCertificate {
        let order = CertificateOrder(
            subject: try DistinguishedName(commonName: name),
            purpose: .device,
            days: 100,
            notBefore: Desk.now - 3600
        )
        return PresentedCertificate(taking: try authority.issue(order).certificate)
    }

    /// The upload as clients send it.
    func upload(_ more: String = "") -> String {
        "{\"certInPemFormat\":\(JSONText.quoted(line)),\"status\":\"ENABLED\"\(more)}"
    }
}

/// A form with files.
struct TestForm {
    static let type = "multipart/form-data; boundary=frontier"

    static func body(_ parts: [(name: String, contents: String)]) -> [UInt8] {
        var text = ""
        for part in parts {
            text += "--frontier\r\nContent-Disposition: form-data; name=\"\(part.name)\""
            text += "; filename=\"x\"\r\nContent-Type: text/csv\r\n\r\n\(part.contents)\r\n"
        }
        return Array((text + "--frontier--\r\n").utf8)
    }
}
