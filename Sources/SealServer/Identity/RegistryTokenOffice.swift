// SPDX-License-Identifier: Apache-2.0
// stub
internal import SealBroker
struct TokenSettings: Sendable { var issuer = ""; var keySeconds: Int64 = 0 }
final class RegistryTokenOffice: TokenOffice {
    init(_ r: any Registry, _ v: any Vault, _ s: TokenSettings) {}
    func reload(_ s: TokenSettings) {}
    func issue(_ claims: TokenClaims) throws(RegistryError) -> String { "" }
    func deviceToken(tenantID: String, subject: String, lifeSeconds: Int64, now: Int64) throws(RegistryError) -> String { "" }
    func judge(_ token: String, now: Int64) -> Result<TokenClaims, TokenRefusal> { .failure(TokenRefusal(Reason(.chainBroken))) }
    func keySet() throws(RegistryError) -> String { "" }
}
