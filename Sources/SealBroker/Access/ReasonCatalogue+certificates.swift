// SPDX-License-Identifier: Apache-2.0
// The words of refusals about certificates, chains, trust anchors and devices.

extension ReasonCatalogue {
    /// Certificates that a listener judges by files.
    static func certificate(_ code: ReasonCode) -> Words? {
        switch code {
        case .certificateNeeded:
            (
                "the listener demands a certificate, and none was sent",
                "give the client a certificate and its key"
            )
        case .certificateUntrusted:
            (
                "no trusted authority vouches for the certificate",
                "add the authority to trust-files, or name the fingerprint in the ACL file"
            )
        case .certificateWithoutName:
            (
                "the certificate lacks the field that names the user",
                "issue a certificate with that field, or change identity"
            )
        case .certificateNameUnusable:
            (
                "the name in the certificate holds characters a user name may not have",
                "issue a certificate with a printable name"
            )
        default: anchor(code)
        }
    }

    private static func anchor(_ code: ReasonCode) -> Words? {
        switch code {
        case .certificateNotRegistered:
            (
                "no device has this certificate as its credentials",
                "paste the client's own certificate into the credentials of its device"
            )
        case .anchorUnknown:
            (
                "no tenant trusts a certificate of the chain",
                "upload the authority's certificate to the tenant, or pin this one for its device"
            )
        case .anchorNotSent:
            (
                "the chain ends before the trusted certificate",
                "send it too: the client's certificate first, each followed by its issuer"
            )
        case .registrationStands:
            (
                "another tenant registered what this client shows, too; this registration counts",
                "prove possession of the key, or set a password, so that it stands against others"
            )
        case .registrationYields:
            (
                "another registration of what the client shows counts: it was proved, or is older",
                "prove possession of the key, or let clients name the tenant"
            )
        case .anchorOfOtherTenant:
            (
                "the tenant that was named does not trust the chain",
                "name the tenant that trusts it, or none"
            )
        case .certificateOfOtherTenant:
            (
                "the certificate is good for another tenant than that of the user name or token",
                "show a certificate that this tenant trusts or has pinned"
            )
        case .anchorDisabled: ("the trusted certificate is disabled", "enable it")
        case .anchorExpired:
            ("the trusted certificate has expired", "upload the one that follows it")
        case .anchorNotYetValid:
            ("the trusted certificate is not valid yet", "wait, or set the clocks right")
        default: nil
        }
    }

    /// Chains below a trust anchor.
    static func chain(_ code: ReasonCode) -> Words? {
        switch code {
        case .certificateExpired:
            ("a certificate of the chain has expired", "renew it and send the new chain")
        case .certificateNotYetValid:
            ("a certificate of the chain is not valid yet", "check the clocks of both sides")
        case .certificateMalformed:
            (
                "a certificate of the chain breaks the rules of RFC 5280",
                "look at it with sealwire cert inspect, and issue a correct one"
            )
        case .certificateWeak:
            (
                "a key or a signature of the chain is too weak",
                "use RSA with 2048 bits or more or P-256, and SHA-256"
            )
        case .certificatePurpose:
            (
                "the certificate may not be used by a client of TLS",
                "issue one with clientAuth, or without extended key usage"
            )
        case .certificateRevoked:
            ("a certificate of the chain is revoked", "issue a new one for a new key")
        case .revocationListOverdue:
            (
                "the revocation list of a certificate's issuer is overdue",
                "put the newest list in the place of the old one"
            )
        case .chainBroken:
            (
                "the chain does not lead to the trusted certificate",
                "send the device's certificate first and each issuer after it"
            )
        case .chainTooLong:
            (
                "the chain is longer than allowed",
                "issue directly below the trusted certificate, or raise chain-length-max"
            )
        case .issuerNotAuthority:
            (
                "a certificate of the chain may not issue the one before it",
                "issue with an authority: CA:TRUE, and keyCertSign where a key usage is given"
            )
        case .pathLength:
            (
                "an authority of the chain may not have so many authorities below it",
                "issue directly below it, or with an authority whose pathlen allows it"
            )
        case .nameConstraints:
            (
                "a name in the chain lies outside of what an authority above it allows",
                "issue it with an authority that allows the name"
            )
        default: nil
        }
    }

    /// Devices and client ids.
    static func device(_ code: ReasonCode) -> Words? {
        switch code {
        case .commonNameMissing:
            ("the certificate has no common name", "issue it with the device identifier as CN")
        case .commonNameColon:
            ("the common name holds a colon", "issue it with a device identifier without colon")
        case .commonNameUnusable:
            (
                "the common name cannot be a device identifier",
                "use printable characters, at most 1024 bytes"
            )
        case .deviceUnknown:
            (
                "the device is not registered",
                "register it, or allow automatic registration at the trusted certificate"
            )
        case .deviceDisabled: ("the device is disabled", "enable it")
        case .deviceTakesNoCertificates:
            (
                "the device is not registered for certificates",
                "register it with AUTH_TYPE CERTIFICATES"
            )
        case .registrationFailed:
            ("the device could not be registered", "see the log and the limits of the tenant")
        case .clientIDMismatch:
            (
                "the client id is not the user name",
                "set the client id to the user name, or change client-id-rule"
            )
        case .clientIDWithoutUser:
            (
                "the listener ties client ids to user names, and there is no user",
                "connect as a user, or change client-id-rule"
            )
        case .clientIDNotDevice:
            (
                "the client id does not name the device of the certificate",
                "use the common name as client id, also as d:NAME or d:NAME:TEMPLATE"
            )
        case .clientIDOfDevice:
            (
                "the client id is the name of another device",
                "use another client id, or the credentials of that device"
            )
        default: nil
        }
    }
}
