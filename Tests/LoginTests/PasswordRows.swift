// SPDX-License-Identifier: Apache-2.0
// Rows about accounts, device users, access tokens and `MQTT_BASIC`.

@testable import SealBroker
@testable import Stage

extension LoginRow {
    static let passwords: [LoginRow] = [
        LoginRow("an account as tenant/user", .login(.password, "ann")) {
            $0.show("acme/ann", "right")
            $0.clientID = "c"
        },
        LoginRow("an account as vhost:user", .login(.password, "ann")) {
            $0.show("acme:ann", "right")
            $0.clientID = "c"
        },
        LoginRow("an account of the listener's tenant", .login(.password, "ann")) {
            $0.show("ann", "right")
            $0.clientID = "c"
            $0.rules.registry.tenant = "acme"
        },
        LoginRow("the virtual host / is the listener's tenant", .login(.password, "ann")) {
            $0.show("/:ann", "right")
            $0.clientID = "c"
            $0.rules.registry.tenant = "acme"
        },
        LoginRow("the tenant by the host name of the request", .login(.password, "ann")) {
            $0.show("ann", "right")
            $0.clientID = ""
            $0.hint = "acme"
            $0.isDirect = true
        },
        LoginRow(
            "the tenant before the user name overrides the host name",
            .login(.password, user: "ann", tenant: "beta", clientID: "")
        ) {
            $0.show("beta/ann", "right")
            $0.clientID = ""
            $0.hint = "acme"
            $0.isDirect = true
        },
        LoginRow("a user name without tenant", .wrong(.tenantMissing)) {
            $0.show("ann", "right")
            $0.clientID = "c"
        },
        LoginRow("a tenant there is not", .wrong(.tenantUnknown)) {
            $0.show("nowhere/ann", "right")
            $0.clientID = "c"
        },
        LoginRow("a wrong password", .wrong(.badPassword)) {
            $0.show("acme/ann", "wrong")
            $0.clientID = "c"
        },
        LoginRow("an empty password", .wrong(.badPassword)) {
            $0.show("acme/ann", "")
            $0.clientID = "c"
        },
        LoginRow("a user there is not", .wrong(.unknownUser)) {
            $0.show("acme/nobody", "right")
            $0.clientID = "c"
        },
        LoginRow("a user of another tenant", .wrong(.unknownUser)) {
            $0.show("beta/chief", "right")
            $0.clientID = "c"
        },
        LoginRow("a disabled account with the right password", .closed(.accountDisabled)) {
            $0.show("acme/gone", "right")
            $0.clientID = "c"
        },
        LoginRow("a disabled account with a wrong password", .wrong(.badPassword)) {
            $0.show("acme/gone", "wrong")
            $0.clientID = "c"
        },
        LoginRow("an account that may not send messages", .closed(.messagingForbidden)) {
            $0.show("acme/clerk", "right")
            $0.clientID = "c"
        },
        LoginRow("the same at an API", .login(.password, "clerk")) {
            $0.show("acme/clerk", "right")
            $0.clientID = ""
            $0.isDirect = true
            $0.rules.registry.needsMessagingRole = false
        },
        LoginRow("an administrator", .login(.password, "chief")) {
            $0.show("acme/chief", "right")
            $0.clientID = "c"
        },
        LoginRow("the bootstrap user", .login(.password, "boot")) {
            $0.show("acme/boot", "right")
            $0.clientID = "new-device"
        },
        LoginRow("an account without password", .wrong(.passwordNotSet)) {
            $0.show("acme/bare", "right")
            $0.clientID = "c"
        },
        LoginRow("an account of a disabled tenant", .closed(.tenantDisabled)) {
            $0.show("closed/ann", "right")
            $0.clientID = "c"
        },
        LoginRow("a wrong password of a disabled tenant", .wrong(.badPassword)) {
            $0.show("closed/ann", "wrong")
            $0.clientID = "c"
        },
        LoginRow("an account of another tenant than the listener's", .closed(.tenantOfListener)) {
            $0.show("acme/ann", "right")
            $0.clientID = "c"
            $0.rules.registry.tenant = "beta"
        },
        LoginRow("an account with a device's client id", .identifier(.clientIDOfDevice)) {
            $0.show("acme/ann", "right")
            $0.clientID = "dev"
        },
        LoginRow("an account with a device's long client id", .identifier(.clientIDOfDevice)) {
            $0.show("acme/ann", "right")
            $0.clientID = "d:dev:x"
        },
        LoginRow(
            "a device user",
            .login(.password, user: "device_word", tenant: "acme", clientID: "word")
        ) {
            $0.show("acme/device_word", "right")
            $0.clientID = "d:word:template"
        },
        LoginRow(
            "a device user with a client id of its own",
            .login(.password, user: "device_word", tenant: "acme", clientID: "sensor")
        ) {
            $0.show("acme/device_word", "right")
            $0.clientID = "sensor"
        },
        LoginRow("a device user with another's client id", .identifier(.clientIDOfDevice)) {
            $0.show("acme/device_word", "right")
            $0.clientID = "dev"
        },
        LoginRow("a device user with a generated secret", .login(.password, "device_gen")) {
            $0.show("acme/device_gen", Population.generatedText)
            $0.clientID = "gen"
        },
        LoginRow("a wrong generated secret", .wrong(.badPassword)) {
            $0.show("acme/device_gen", "right")
            $0.clientID = "gen"
        },
        LoginRow("a disabled device user", .closed(.deviceDisabled)) {
            $0.show("acme/device_off", "right")
            $0.clientID = "off"
        },
        LoginRow("a device user with a wrong password", .wrong(.badPassword)) {
            $0.show("acme/device_word", "wrong")
            $0.clientID = "word"
        },
        LoginRow("a damaged hash is nobody's password", .wrong(.badPassword)) {
            $0.show("acme/ann", "right")
            $0.clientID = "c"
            let acme = $0.world.acme
            try $0.change { (writer) throws(RegistryError) in
                guard var ann = try writer.directory.account(tenant: acme, name: "ann") else {
                    return
                }
                ann.secret = StoredSecret(hash: "$scrypt$ln=40,r=8,p=1$AAAA$AAAA")
                try writer.replace(ann)
            }
        },
    ]

    static let things: [LoginRow] = [
        LoginRow("an access token", .login(.accessToken, "device_tok")) {
            $0.show("A1_TOKEN", nil)
            $0.clientID = "any"
        },
        LoginRow("an access token with an empty password", .login(.accessToken, "device_tok")) {
            $0.show("A1_TOKEN", "")
            $0.clientID = "any"
        },
        LoginRow("an access token and no client id", .login(.accessToken, "device_tok")) {
            $0.show("A1_TOKEN", nil)
            $0.clientID = ""
        },
        LoginRow(
            "an access token with the device's own client id",
            .login(.accessToken, user: "device_tok", tenant: "acme", clientID: "tok")
        ) {
            $0.show("A1_TOKEN", nil)
            $0.clientID = "d:tok"
        },
        LoginRow("an unknown access token", .wrong(.accessTokenUnknown)) {
            $0.show("A1_TOKEM", nil)
            $0.clientID = "any"
        },
        LoginRow("an unknown access token with an empty password", .wrong(.tenantMissing)) {
            $0.show("A1_TOKEM", "")
            $0.clientID = "any"
        },
        LoginRow("the token of a disabled device", .closed(.deviceDisabled)) {
            $0.show("OFF_TOKEN", nil)
            $0.clientID = "any"
        },
        LoginRow("the token of a disabled tenant", .closed(.tenantDisabled)) {
            $0.show("SHUT_TOKEN", nil)
            $0.clientID = "any"
        },
        LoginRow("a token with another device's client id", .identifier(.clientIDOfDevice)) {
            $0.show("A1_TOKEN", nil)
            $0.clientID = "dev"
        },
        LoginRow("a token on a listener of another tenant", .wrong(.accessTokenUnknown)) {
            $0.show("A1_TOKEN", nil)
            $0.clientID = "any"
            $0.rules.registry.tenant = "beta"
        },
        LoginRow("the token of a device that was removed", .wrong(.accessTokenUnknown)) {
            $0.show("A1_TOKEN", nil)
            $0.clientID = "any"
            let number = try $0.device("tok").number
            try $0.change { (writer) throws(RegistryError) in
                try writer.removeDevice(number: number)
            }
        },
        LoginRow("client id, user name and password", .login(.basic, "device_both")) {
            $0.show("basic", "right")
            $0.clientID = "cid"
        },
        LoginRow("the same with a wrong password", .wrong(.badPassword)) {
            $0.show("basic", "wrong")
            $0.clientID = "cid"
        },
        LoginRow("the same without password", .wrong(.passwordMissing)) {
            $0.show("basic", nil)
            $0.clientID = "cid"
        },
        LoginRow("the same with another client id", .wrong(.tenantMissing)) {
            $0.show("basic", "right")
            $0.clientID = "cid2"
        },
        LoginRow("user name and password", .login(.basic, "device_name")) {
            $0.show("named", "right")
            $0.clientID = "any"
        },
        LoginRow("user name and a wrong password", .wrong(.badPassword)) {
            $0.show("named", "wrong")
            $0.clientID = "any"
        },
        LoginRow("a client id that is enough", .login(.basic, "device_id")) {
            $0.clientID = "only-id"
        },
        LoginRow("client id and user name that need no password", .login(.basic, "device_open")) {
            $0.show("opener", nil)
            $0.clientID = "open-id"
        },
        LoginRow("the digest of a client id as user name", .wrong(.accessTokenUnknown)) {
            $0.show($0.judge.sha3("only-id"), nil)
            $0.clientID = "any"
        },
    ]
}
