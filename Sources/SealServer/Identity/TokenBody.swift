// SPDX-License-Identifier: Apache-2.0
// The claims of a token as JSON. Not here: the signature (`WebToken`), and what the claims are
// worth (`RegistryTokenOffice`, and the login).

internal import SealBroker
internal import SealBytes

/// What a token says, as Cumulocity's devices know it, and names of our own that begin with
/// `token_`.
enum TokenBody {
    /// A path has no more certificates.
    private static let certificatesMax = 10

    static func object(_ claims: TokenClaims, issuer: String, xsrfToken: String) -> JSONObject {
        var body: JSONObject = [
            "jti": .null, "iss": .string(issuer), "aud": .string(issuer),
            "sub": .string(claims.subject), "tci": .string("\(claims.use)_token_config"),
            "iat": .integer(claims.issuedAt), "nbf": .integer(claims.issuedAt),
            "exp": .integer(claims.expiresAt), "tfa": false, "ten": .string(claims.tenantID),
            "xsrfToken": .string(xsrfToken), "token_id": .string(claims.tokenID),
            "token_use": .string(claims.use),
            "token_owner": .integer(claims.ground.owner),
            "token_epoch": .integer(claims.ground.epoch),
        ]
        let ground = claims.ground
        if let number = ground.credential { body["token_credential"] = .integer(number) }
        if let number = ground.anchor { body["token_anchor"] = .integer(number) }
        if !ground.certificates.isEmpty {
            body["token_certificates"] = .array(
                ground.certificates.map { .string("\($0.serial)/\(Hex.encode($0.issuerKey))") }
            )
        }
        if let family = ground.family {
            body["token_family"] = .string(family)
            body["token_generation"] = .integer(ground.generation)
        }
        return body
    }

    /// The token says whose it is by number; those of older versions do not.
    static func isBound(_ body: JSONObject) -> Bool {
        body["token_owner"] != nil && body["token_epoch"] != nil
    }

    /// The claims, and when the token's time begins; nil when one is missing or of another kind.
    static func claims(_ body: JSONObject) -> (claims: TokenClaims, notBefore: Int64)? {
        guard let subject = body["sub"]?.text, let tenant = body["ten"]?.text,
            let id = body["token_id"]?.text, let use = body["token_use"]?.text,
            case .integer(let issuedAt) = body["iat"], case .integer(let notBefore) = body["nbf"],
            case .integer(let expiresAt) = body["exp"], let ground = ground(body)
        else { return nil }
        let claims = TokenClaims(
            tokenID: id,
            tenantID: tenant,
            subject: subject,
            issuedAt: issuedAt,
            expiresAt: expiresAt,
            use: use,
            ground: ground
        )
        return (claims, notBefore)
    }

    private static func ground(_ body: JSONObject) -> TokenGround? {
        guard case .integer(let owner) = body["token_owner"],
            case .integer(let epoch) = body["token_epoch"]
        else { return nil }
        var ground = TokenGround(owner: owner, epoch: epoch)
        if let value = body["token_credential"] {
            guard case .integer(let number) = value else { return nil }
            ground.credential = number
        }
        if let value = body["token_anchor"] {
            guard case .integer(let number) = value else { return nil }
            ground.anchor = number
        }
        if let value = body["token_certificates"] {
            guard let elements = value.elements, elements.count <= certificatesMax else {
                return nil
            }
            for element in elements {
                guard let mark = element.text.flatMap(mark) else { return nil }
                ground.certificates.append(mark)
            }
        }
        if let value = body["token_family"] {
            guard let family = value.text, case .integer(let generation) = body["token_generation"]
            else { return nil }
            ground.family = family
            ground.generation = generation
        }
        return ground
    }

    /// A certificate as `<serial>/<SHA-256 of the issuer's name>`.
    private static func mark(_ text: String) -> CertificateMark? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let issuerKey = Hex.decode(String(parts[1])) else { return nil }
        return CertificateMark(serial: String(parts[0]), issuerKey: issuerKey)
    }
}
