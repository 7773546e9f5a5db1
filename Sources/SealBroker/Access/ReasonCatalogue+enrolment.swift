// SPDX-License-Identifier: Apache-2.0
// The words of refusals of devices that fetch their certificates here.

extension ReasonCatalogue {
    /// Enrolment; nil for other codes.
    static func enrolment(_ code: ReasonCode) -> Words? {
        switch code {
        case .enrolmentTenantUnknown:
            (
                "nobody knows the tenant that is meant",
                "name it in the path, before the device identifier, or by its host name"
            )
        case .enrolmentNoAuthority:
            (
                "the tenant has no authority of its own",
                "make one with sealwire trust, or POST .../certificate-authority"
            )
        case .enrolmentCodeExpired:
            ("the code has expired", "have a new one made for the device")
        case .enrolmentCodeUsed:
            (
                "the code has given a certificate to another key",
                "use that key, or have a new code made for the device"
            )
        case .enrolmentNoDevice:
            ("only devices renew certificates", "show the device's certificate or token")
        case .enrolmentRequestUnreadable:
            (
                "the certificate request cannot be read",
                "send PKCS #10 in base64, as sealwire enroll and openssl req do"
            )
        case .enrolmentSignature:
            (
                "the certificate request is not signed with its own key",
                "make it anew with the device's key"
            )
        case .enrolmentName:
            (
                "the certificate request does not name the device",
                "ask for a subject whose one common name is the device identifier"
            )
        case .enrolmentAuthorityWanted:
            ("the certificate request asks to become an authority", "leave CA:TRUE out of it")
        case .enrolmentWeakKey:
            (
                "the key of the certificate request is too weak or of a foreign kind",
                "use P-256, P-384, P-521, Ed25519, or RSA with 2048 bits or more"
            )
        case .enrolmentWeakSignature:
            (
                "the certificate request is signed with a digest that can be forged",
                "sign it with SHA-256 or better"
            )
        default: nil
        }
    }
}
