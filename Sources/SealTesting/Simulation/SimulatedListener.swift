// SPDX-License-Identifier: Apache-2.0
// The listeners of the simulated world: a plain one, one whose clients live below a mount point,
// and one with passwords and an ACL.

internal import SealBroker

/// By which listener a client comes in.
enum SimulatedListener: Int, CaseIterable {
    case plain
    case mounted
    case guarded

    /// What stands before the topics of its clients.
    var mount: String { self == .mounted ? "m/" : "" }
    var name: String { "\(self)" }

    /// The user of the guarded listener, and the right password.
    static let user = "worker"
    static let password: [UInt8] = Array("right".utf8)
    /// What that user may neither read nor write.
    static func isForbidden(_ topic: String) -> Bool { topic.hasPrefix("f/") }

    static var grants: [ListenerGrant] {
        allCases.map { listener in
            var grant = ListenerGrant()
            grant.name = listener.name
            grant.mountPoint = Array(listener.mount.utf8)
            return grant
        }
    }

    static func rules() throws(SimulationFault) -> [AccessRules] {
        var open = AccessRules()
        open.allowsAnonymous = true
        var guarded = AccessRules()
        // Nobody computes this hash here: the world knows the password.
        let hash = "$7$101$c2FsdHNhbHRzYWx0$" + String(repeating: "A", count: 86) + "=="
        let table = PasswordTable(parsing: Array("\(user):\(hash)\n".utf8), file: "passwords")
        guarded.passwords = table
        let acl = "user \(user)\ntopic readwrite #\ntopic readwrite $d/#\ntopic deny f/#\n"
        let (policy, faults) = Policy.parse(Array(acl.utf8), file: "acl")
        guard let policy, table.faults.isEmpty else {
            throw SimulationFault(reason: "the guarded listener: \(table.faults) \(faults)")
        }
        guarded.policy = policy
        return [open, open, guarded]
    }
}
