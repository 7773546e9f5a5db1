// SPDX-License-Identifier: Apache-2.0
// Rows about tokens in place of the password, about nothing at all, and about what a listener
// takes.

@testable import SealBroker
import SealBytes
@testable import Stage

extension LoginRow {
    private static func token(
        _ name: String,
        _ outcome: Outcome,
        user: Name? = "",
        clientID: Name = "c",
        _ make: @escaping @Sendable (LoginCase) throws -> String
    ) -> LoginRow {
        LoginRow(name, outcome) {
            $0.show(user, try make($0))
            $0.clientID = clientID
        }
    }

    static let webTokens: [LoginRow] = [
        token("a device's token", .login(.jwt, "device_dev"), clientID: "dev") {
            try $0.token("device_dev", "device")
        },
        token("a device's token and no user name", .login(.jwt, "device_dev"), user: nil) {
            try $0.token("device_dev", "device")
        },
        token("an account's token", .login(.jwt, "ann")) { try $0.token("ann") },
        token("with the user name", .login(.jwt, "ann"), user: "ann") { try $0.token("ann") },
        token("with tenant and user name", .login(.jwt, "ann"), user: "acme/ann") {
            try $0.token("ann")
        },
        token("with another user name", .wrong(.tokenUserMismatch), user: "chief") {
            try $0.token("ann")
        },
        token("with another tenant", .wrong(.tokenUserMismatch), user: "beta/ann") {
            try $0.token("ann")
        },
        token("a wrong signature", .wrong(.tokenSignature)) {
            let good = try $0.token("ann")
            let middle = good.split(separator: ".")[1]
            let other = try $0.token("chief").split(separator: ".")[1]
            return good.replacing(middle, with: other)
        },
        token("an unknown key", .wrong(.tokenKeyUnknown)) { _ in
            try LoginCase().token("ann")
        },
        token("an expired token", .wrong(.tokenExpired)) {
            try $0.token("ann", begins: -100, ends: -1)
        },
        token("a token of tomorrow", .wrong(.tokenNotYetValid)) {
            try $0.token("ann", begins: 86_400, ends: 90_000)
        },
        token("a token nobody can read", .wrong(.tokenMalformed)) { _ in "eyJub25zZW5zZQ.e30.AAAA"
        },
        token("a token for renewing", .wrong(.tokenUse)) { try $0.token("ann", "refresh") },
        token("a device that is gone", .wrong(.tokenSubjectGone)) {
            try $0.token("device_nobody", "device")
        },
        token("an account that is gone", .wrong(.tokenSubjectGone)) { try $0.token("leaver") },
        token("a disabled device", .closed(.deviceDisabled)) {
            try $0.token("device_off", "device")
        },
        token("a disabled account", .closed(.accountDisabled)) { try $0.token("gone") },
        token("an account that may not send messages", .closed(.messagingForbidden)) {
            try $0.token("clerk")
        },
        token("a disabled tenant", .closed(.tenantDisabled)) {
            try $0.token("ann", tenant: "closed")
        },
        token("a tenant that is gone", .wrong(.tenantUnknown)) {
            try $0.token("ann", tenant: "nowhere")
        },
        token("with another device's client id", .identifier(.clientIDOfDevice), clientID: "dev") {
            try $0.token("ann")
        },
        LoginRow("a token on a listener of another tenant", .closed(.tenantOfListener)) {
            $0.show("", try $0.token("ann"))
            $0.clientID = "c"
            $0.rules.registry.tenant = "beta"
        },
        LoginRow("a token that was withdrawn", .wrong(.tokenWithdrawn)) {
            $0.show("", try $0.token("ann", id: "token-1"))
            $0.clientID = "c"
            let acme = $0.world.acme
            try $0.change { (writer) throws(RegistryError) in
                try writer.withdrawToken(
                    id: "token-1",
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
            $0.show("acme/ann", try $0.token("ann"))
            $0.clientID = "c"
            $0.rules.registry.takesWebTokens = false
        },
        LoginRow("tokens are not taken, and there is no user name", .wrong(.unknownUser)) {
            $0.show(nil, try $0.token("ann"))
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
        LoginRow(
            "no certificate beside a password, and one is demanded",
            .closed(.certificateNeeded)
        ) {
            $0.demand(.good)
            $0.show("acme/ann", "right")
            $0.clientID = "c"
        },
        LoginRow("a password alone where shown certificates must be good", .login(.password, "ann"))
        {
            $0.demand(.goodIfShown)
            $0.show("acme/ann", "right")
            $0.clientID = "c"
        },
        LoginRow("a good certificate beside a password", .login(.password, "ann")) {
            $0.demand(.good)
            $0.show(LoginCase.certificates.dev, LoginCase.certificates.root)
            $0.show("acme/ann", "right")
            $0.clientID = "c"
        },
        LoginRow("a pinned certificate beside a password", .login(.password, "ann")) {
            $0.demand(.good)
            $0.show(LoginCase.certificates.pinned)
            $0.show("acme/ann", "right")
            $0.clientID = "c"
        },
        LoginRow("a bad certificate beside a wrong password", .closed(.anchorUnknown)) {
            $0.demand(.good)
            $0.show(LoginCase.certificates.selfSigned)
            $0.show("acme/ann", "wrong")
            $0.clientID = "c"
        },
        LoginRow("a bad certificate beside a user there is not", .closed(.anchorUnknown)) {
            $0.demand(.good)
            $0.show(LoginCase.certificates.selfSigned)
            $0.show("acme/nobody", "wrong")
            $0.clientID = "c"
        },
        LoginRow("a bad certificate that need not be good", .login(.password, "ann")) {
            $0.demand(.nothing)
            $0.show(LoginCase.certificates.selfSigned)
            $0.show("acme/ann", "right")
            $0.clientID = "c"
        },
        LoginRow(
            "a certificate of another tenant beside a password",
            .wrong(.certificateOfOtherTenant)
        ) {
            $0.demand(.good)
            $0.show(LoginCase.certificates.otherDevice, LoginCase.certificates.other)
            $0.show("acme/ann", "right")
            $0.clientID = "c"
        },
        LoginRow("a certificate of another tenant, wrong password", .wrong(.badPassword)) {
            $0.demand(.good)
            $0.show(LoginCase.certificates.otherDevice, LoginCase.certificates.other)
            $0.show("acme/ann", "wrong")
            $0.clientID = "c"
        },
        LoginRow("a bad certificate beside a token", .closed(.certificateExpired)) {
            $0.demand(.good)
            $0.show(LoginCase.certificates.expired, LoginCase.certificates.root)
            $0.show("", try $0.token("ann"))
            $0.clientID = "c"
        },
        LoginRow("the listener's tenant is gone", .wrong(.tenantUnknown)) {
            $0.clientID = "c"
            $0.rules.allowsAnonymous = true
            $0.rules.registry.tenant = "nowhere"
        },
    ]
}

extension LoginCase {
    /// The password counts, and certificates must be so.
    fileprivate mutating func demand(_ demand: CertificateDemand) {
        rules.registry.precedence = .password
        rules.registry.demand = demand
    }

    fileprivate mutating func onlyCertificates() {
        rules.registry.takesPasswords = false
        rules.registry.takesAccessTokens = false
        rules.registry.takesWebTokens = false
    }
}
