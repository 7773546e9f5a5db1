// SPDX-License-Identifier: Apache-2.0
// Rows about tokens in place of the password, about nothing at all, and about what a listener takes.

@testable import SealBroker

extension LoginRow {
    private static func token(
        _ name: String,
        _ token: String,
        _ outcome: Outcome,
        user: String? = "",
        clientID: String = "c"
    ) -> LoginRow {
        LoginRow(name, outcome) {
            $0.show(user, FixedTokens.text(token))
            $0.clientID = clientID
        }
    }

    static let webTokens: [LoginRow] = [
        token("a device's token", "device", .login(.jwt, "device_dev"), clientID: "dev"),
        token(
            "a device's token without user name",
            "device",
            .login(.jwt, "device_dev"),
            user: nil
        ),
        token("an account's token", "account", .login(.jwt, "ann")),
        token("with the user name", "account", .login(.jwt, "ann"), user: "ann"),
        token("with tenant and user name", "account", .login(.jwt, "ann"), user: "acme/ann"),
        token("with another user name", "account", .wrong(.tokenUserMismatch), user: "chief"),
        token(
            "with another tenant",
            "account",
            .wrong(.tokenUserMismatch),
            user: "beta/ann"
        ),
        token("a wrong signature", "forged", .wrong(.tokenSignature)),
        token("an unknown key", "lostKey", .wrong(.tokenKeyUnknown)),
        token("an expired token", "expired", .wrong(.tokenExpired)),
        token("a token of tomorrow", "early", .wrong(.tokenNotYetValid)),
        token("a token nobody can read", "nonsense", .wrong(.tokenMalformed)),
        token("a token for renewing", "refresh", .wrong(.tokenUse)),
        token("a device that is gone", "nobody", .wrong(.tokenSubjectGone)),
        token("an account that is gone", "leaver", .wrong(.tokenSubjectGone)),
        token("a disabled device", "off", .closed(.deviceDisabled)),
        token("a disabled account", "gone", .closed(.accountDisabled)),
        token("an account that may not send messages", "clerk", .closed(.messagingForbidden)),
        token("a disabled tenant", "shut", .closed(.tenantDisabled)),
        token("a tenant that is gone", "nowhere", .wrong(.tenantUnknown)),
        token(
            "a token with another device's client id",
            "account",
            .identifier(.clientIDOfDevice),
            clientID: "dev"
        ),
        LoginRow("a token that was withdrawn", .wrong(.tokenWithdrawn)) {
            $0.show("", FixedTokens.text("account"))
            $0.clientID = "c"
            let acme = $0.world.acme
            let id = "id-\(FixedTokens.text("account").count)-ann"
            try $0.change { (writer) throws(RegistryError) in
                try writer.withdrawToken(
                    id: id,
                    tenant: acme,
                    expiresAt: TestCertificates.now + 3600
                )
            }
        },
        LoginRow("no token, and no user name", .wrong(.tokenMalformed)) {
            $0.show(nil, "secret")
            $0.clientID = "c"
        },
        LoginRow("tokens are not taken: it is a wrong password", .wrong(.badPassword)) {
            $0.show("acme/ann", FixedTokens.text("account"))
            $0.clientID = "c"
            $0.rules.registry.takesWebTokens = false
        },
        LoginRow("tokens are not taken, and there is no user name", .wrong(.unknownUser)) {
            $0.show(nil, FixedTokens.text("account"))
            $0.clientID = "c"
            $0.rules.registry.takesWebTokens = false
        },
    ]

    static let listeners: [LoginRow] = [
        LoginRow("nothing at all", .closed(.anonymousForbidden)) { $0.clientID = "c" },
        LoginRow("nothing, where only certificates are taken", .closed(.certificateNeeded)) {
            $0.clientID = "c"
            $0.onlyCertificates()
        },
        LoginRow("a user name, where only certificates are taken", .closed(.passwordsNotTaken)) {
            $0.show("acme/ann", "right")
            $0.clientID = "c"
            $0.onlyCertificates()
        },
        LoginRow("nothing, where that is enough", .login(.anonymous, nil)) {
            $0.clientID = "c"
            $0.rules.allowsAnonymous = true
            $0.rules.registry.tenant = "acme"
        },
        LoginRow("nothing, where that is enough, but no tenant is known", .wrong(.tenantMissing)) {
            $0.clientID = "c"
            $0.rules.allowsAnonymous = true
        },
        LoginRow("nothing but a device's client id", .identifier(.clientIDOfDevice)) {
            $0.clientID = "dev"
            $0.rules.allowsAnonymous = true
            $0.rules.registry.tenant = "acme"
        },
        LoginRow("nothing, for a disabled tenant", .closed(.tenantDisabled)) {
            $0.clientID = "c"
            $0.rules.allowsAnonymous = true
            $0.rules.registry.tenant = "closed"
        },
        LoginRow("a wrong password where nothing would be enough", .wrong(.badPassword)) {
            $0.show("ann", "wrong")
            $0.clientID = "c"
            $0.rules.allowsAnonymous = true
            $0.rules.registry.tenant = "acme"
        },
        LoginRow("certificates are not taken: nothing was shown", .closed(.anonymousForbidden)) {
            $0.show(LoginCase.certificates.dev, LoginCase.certificates.root)
            $0.clientID = "c"
            $0.rules.registry.takesPinnedCertificates = false
            $0.rules.registry.takesTrustedCertificates = false
        },
        LoginRow("passwords are not taken, tokens are", .wrong(.accessTokenUnknown)) {
            $0.show("acme/ann", "right")
            $0.clientID = "c"
            $0.rules.registry.takesPasswords = false
        },
        LoginRow("access tokens are not taken, passwords are", .wrong(.passwordMissing)) {
            $0.show("A1_TOKEN", nil)
            $0.clientID = "c"
            $0.rules.registry.takesAccessTokens = false
        },
        LoginRow("the listener's tenant is gone", .wrong(.tenantUnknown)) {
            $0.clientID = "c"
            $0.rules.allowsAnonymous = true
            $0.rules.registry.tenant = "nowhere"
        },
    ]
}

extension LoginCase {
    fileprivate mutating func onlyCertificates() {
        rules.registry.takesPasswords = false
        rules.registry.takesAccessTokens = false
        rules.registry.takesWebTokens = false
    }
}
