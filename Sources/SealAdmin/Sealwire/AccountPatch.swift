// SPDX-License-Identifier: Apache-2.0
// What a body says about an account, made ready before the registry is asked: a password is hashed,
// which takes long. What it does not name stays as it is then.

internal import SealBroker
internal import SealBytes

/// The fields of an account that are meant.
struct AccountPatch: Sendable {
    private let sent: JSONValue
    private let secret: StoredSecret?
    private let now: Int64

    /// Takes the body of a call.
    init(_ call: Call) throws(APIError) {
        sent = call.json
        now = call.now
        let forge = call.context.forge
        guard let text = call.json["password"]?.text else {
            secret = nil
            return
        }
        secret = try asking { () throws(RegistryError) in
            try forge.hash(chosen: Array(text.utf8))
        }
    }

    /// It says something that an account does not do to itself.
    var isVital: Bool {
        ["roles", "enabled", "password", "mustChangePassword"].contains { sent[$0] != nil }
    }

    /// Sets what it names.
    func apply(to account: inout Account, _ call: Call) throws(APIError) {
        if let elements = sent["roles"]?.elements {
            account.roles = Set(elements.compactMap { $0.text.flatMap(Role.init(rawValue:)) })
            try AccountCalls.checkReach(account.roles, call)
        }
        if let flag = sent["enabled"]?.flag { account.isEnabled = flag }
        if let text = sent["email"]?.text { account.email = text }
        if let text = sent["firstName"]?.text { account.firstName = text }
        if let text = sent["lastName"]?.text { account.lastName = text }
        if let flag = sent["mustChangePassword"]?.flag { account.mustChangePassword = flag }
        if let secret {
            account.secret = secret
            account.passwordSetAt = now &* 1000
        }
    }
}
