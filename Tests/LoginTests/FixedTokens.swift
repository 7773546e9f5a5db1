// SPDX-License-Identifier: Apache-2.0
// An office that gives no tokens, and judges those of the table by their names.

@testable import SealBroker

/// Tokens as the table calls them: `eyJ<name>.a.b`.
final class FixedTokens: TokenOffice {
    static func text(_ name: String) -> String { "eyJ\(name).a.b" }

    func issue(_ claims: TokenClaims) throws(RegistryError) -> String {
        throw RegistryError(.invalid, "no tokens here")
    }

    func deviceToken(
        tenantID: String,
        subject: String,
        lifeSeconds: Int64,
        now: Int64
    ) throws(RegistryError) -> String {
        throw RegistryError(.invalid, "no tokens here")
    }

    func keySet() throws(RegistryError) -> String { "{}" }

    func judge(_ token: String, now: Int64) -> Result<TokenClaims, TokenRefusal> {
        func good(
            _ subject: String,
            _ use: String,
            tenant: String = "acme"
        ) -> Result<TokenClaims, TokenRefusal> {
            .success(
                TokenClaims(
                    tokenID: "id-\(token.count)-\(subject)",
                    tenantID: tenant,
                    subject: subject,
                    issuedAt: now - 10,
                    expiresAt: now + 3600,
                    use: use
                )
            )
        }
        func bad(_ code: ReasonCode) -> Result<TokenClaims, TokenRefusal> {
            .failure(TokenRefusal(Reason(code)))
        }
        return switch token {
        case Self.text("device"): good("device_dev", "device")
        case Self.text("account"): good("ann", "session")
        case Self.text("clerk"): good("clerk", "session")
        case Self.text("refresh"): good("ann", "refresh")
        case Self.text("nobody"): good("device_nobody", "device")
        case Self.text("leaver"): good("leaver", "session")
        case Self.text("off"): good("device_off", "device")
        case Self.text("gone"): good("gone", "session")
        case Self.text("shut"): good("ann", "session", tenant: "closed")
        case Self.text("nowhere"): good("ann", "session", tenant: "nowhere")
        case Self.text("expired"): bad(.tokenExpired)
        case Self.text("early"): bad(.tokenNotYetValid)
        case Self.text("forged"): bad(.tokenSignature)
        case Self.text("lostKey"): bad(.tokenKeyUnknown)
        default: bad(.tokenMalformed)
        }
    }
}
