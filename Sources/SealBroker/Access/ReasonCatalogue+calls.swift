// SPDX-License-Identifier: Apache-2.0
// The words of refusals of the administration: calls that cannot be done, and what a tenant may
// not trust or set.

extension ReasonCatalogue {
    /// Calls of the API; nil for other codes.
    static func call(_ code: ReasonCode) -> Words? {
        request(code) ?? permission(ofCall: code) ?? trust(code) ?? thing(code)
    }

    /// Requests that are not what the call takes.
    private static func request(_ code: ReasonCode) -> Words? {
        switch code {
        case .apiNoSuchCall: ("there is no such call", "see /openapi.json for all calls")
        case .apiMethod:
            ("the path has no such method", "use one of those in the answer's field Allow")
        case .apiNotAcceptable:
            ("the client takes none of the media types", "name one of them in Accept, or */*")
        case .apiMediaType:
            ("the body's media type is not taken", "set Content-Type to what the body is")
        case .apiBodyTooLarge: ("the body is too large", "send less at once")
        case .apiBodyMalformed: ("the body cannot be read", "see /openapi.json for its form")
        case .apiBodyInvalid:
            ("the body's contents are not valid", "see /openapi.json for what it may hold")
        case .apiParameterInvalid:
            ("a parameter is not valid", "see /openapi.json for what it may be")
        case .apiBulkFile:
            (
                "the file of devices cannot be read",
                "mend what is named; the first line must name the columns"
            )
        case .apiCredentialsRefused:
            ("the device cannot have these credentials", "read the record, change it, send it back")
        case .apiOwnSecretNeeded:
            (
                "a token cannot make another token",
                "call with the user name and the password of the account"
            )
        case .apiStorage: ("the registry cannot answer now", "try again; see the log and health")
        case .apiBulkRunning:
            ("a file of the tenant is under way", "wait for its answer, then send the next")
        case .apiEnding:
            ("the server ends, and nothing of the call was done", "send it again later")
        case .apiUnexpected: ("something unexpected went wrong", "see the log of the server")
        default: nil
        }
    }

    /// Callers that may not do it.
    private static func permission(ofCall code: ReasonCode) -> Words? {
        switch code {
        case .apiCredentialsMissing:
            (
                "the call needs credentials, and none were sent",
                "send Authorization: Basic with <tenant>/<user> and password, or Bearer"
            )
        case .apiCredentialsWrong:
            (
                "the user name or the password is wrong",
                "write the user as <tenant>/<user>; sealwire explain shows the operator more"
            )
        case .apiAuthorizationMalformed:
            ("the field Authorization cannot be read", "send it once, as Basic or Bearer")
        case .apiRoleMissing: ("the caller lacks the role", "give the account one of the roles")
        case .apiForeignTenant:
            ("the tenant is not the caller's", "call as a user of that tenant")
        case .apiManagementOnly:
            ("only the management tenant may do this", "call as a user of the management tenant")
        case .apiPasswordChangeDue:
            (
                "the password must be changed first",
                "set a new one with PUT /user/currentUser/password"
            )
        case .apiChainUnreadable:
            (
                "the certificate chain cannot be read",
                "send PEM or base64 of DER, the client's own certificate first"
            )
        case .apiChainForeign:
            (
                "the chain in the field does not begin with the certificate of the connection",
                "send the chain of the certificate that the connection shows"
            )
        default: nil
        }
    }

    /// Certificates a tenant may not trust.
    private static func trust(_ code: ReasonCode) -> Words? {
        switch code {
        case .trustUnreadable:
            (
                "this is not a certificate",
                "send one certificate as PEM, or the base64 of its DER"
            )
        case .trustVersion:
            ("the certificate is not of version 3", "issue it anew as X.509 version 3")
        case .trustNotAuthority:
            (
                "the certificate is not an authority's",
                "upload the issuer's certificate, one with basicConstraints CA:TRUE"
            )
        case .trustExpired: ("the certificate has expired", "upload the one that follows it")
        case .trustDefective:
            (
                "the certificate breaks the rules of RFC 5280",
                "look at it with sealwire cert inspect, and issue a correct one"
            )
        case .trustCodeMissing:
            ("no code to be signed is open", "ask for one with verification-code")
        case .trustCodeExpired:
            ("the code to be signed has expired", "ask for a new one with verification-code")
        case .trustProofWrong:
            (
                "the signature is not by the certificate's key over the code",
                "sign the exact bytes of the code, without line end, with SHA-256"
            )
        case .trustProofOfCertificates:
            (
                "only of a certificate a key can be proved",
                "name a credential of the kind X509_CERTIFICATE"
            )
        case .trustPending:
            (
                "another tenant trusts this certificate, or one above it, already: it lets in only "
                    + "clients that name this tenant",
                "prove possession of the key, as with sealwire trust prove"
            )
        case .trustRevocationInvalid:
            (
                "a revocation is not valid",
                "send serial numbers as hexadecimal digits and dates as 2023-01-11T16:12:36.288Z"
            )
        case .trustAuthorityMissing:
            (
                "the tenant has no authority of its own that could sign",
                "make one with POST certificate-authority"
            )
        case .trustAuthorityExists:
            ("the tenant has its authority already", "use it, or delete its certificate first")
        default: nil
        }
    }

    /// Things that are not there, are there already, or may not be so.
    private static func thing(_ code: ReasonCode) -> Words? {
        switch code {
        case .apiUnknownTenant: ("no tenant has this id", "see the list of tenants")
        case .apiUnknownObject: ("there is no such thing", "see the list of what there is")
        case .apiDuplicate: ("it is there already", "change the one there is")
        case .apiConflict: ("it was changed meanwhile", "read it again, then change it")
        case .apiLimit: ("a limit is reached", "delete what is not needed, or raise the limit")
        case .apiOptionFixed:
            ("the tenant may not change this option", "ask whoever runs the management tenant")
        case .apiOptionValue: ("the option may not have this value", "see the documentation")
        case .registrationOfCertificateDevice:
            (
                "a device with a certificate cannot be registered one by one",
                "use automatic registration at the trusted certificate, or a bulk file with "
                    + "AUTH_TYPE CERTIFICATES"
            )
        case .registrationExists:
            ("the device is registered already", "delete the device first, or use another id")
        case .registrationWaiting:
            ("nobody accepted the device yet", "accept its request, then ask again")
        case .registrationToken:
            ("the security token is not the one of the request", "show the token it was given")
        case .registrationOrder:
            (
                "the request cannot go from its status to this one",
                "let the device ask for its credentials first, then accept it"
            )
        default: nil
        }
    }
}
