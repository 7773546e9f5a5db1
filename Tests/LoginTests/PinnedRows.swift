// SPDX-License-Identifier: Apache-2.0
// Rows about certificates that stand in the credentials of a device.

@testable import SealBroker
import SealBytes
@testable import SealStore
@testable import Stage

private let given = LoginCase.certificates
private func asPinned(_ clientID: Name) -> Outcome {
    .login(.pinnedCertificate, user: "device_pin", tenant: "acme", clientID: clientID)
}

extension LoginRow {
    static let pinned: [LoginRow] = [
        LoginRow("a self-signed certificate in the credentials", asPinned("whatever-1")) {
            $0.show(given.pinned)
            $0.clientID = "whatever-1"
        },
        LoginRow("with more certificates behind it", asPinned("whatever-1")) {
            $0.show(given.pinned, given.root)
            $0.clientID = "whatever-1"
        },
        LoginRow("it wins over a user name", asPinned("whatever-1")) {
            $0.show(given.pinned)
            $0.show("A1_TOKEN", "x")
            $0.clientID = "whatever-1"
        },
        LoginRow("the client id names its device in the long form", asPinned("pin")) {
            $0.show(given.pinned)
            $0.clientID = "d:pin:template"
        },
        LoginRow("it counts before the authority that issued it", asPinned("pin")) {
            $0.show(given.pinnedBelow, given.root)
            $0.clientID = "pin"
        },
        LoginRow(
            "it is below an authority, and pinned ones are not taken",
            .login(.certificate, user: "device_dev", tenant: "acme", clientID: "dev")
        ) {
            $0.show(given.pinnedBelow, given.root)
            $0.rules.registry.takesPinnedCertificates = false
        },
        LoginRow("a client id of another device", .identifier(.clientIDOfDevice)) {
            $0.show(given.pinned)
            $0.clientID = "word"
        },
        LoginRow("another device in the long form", .identifier(.clientIDOfDevice)) {
            $0.show(given.pinned)
            $0.clientID = "d:word"
        },
        LoginRow("an unknown certificate", .closed(.certificateNotRegistered)) {
            $0.show(given.unknown)
            $0.rules.registry.takesTrustedCertificates = false
        },
        LoginRow(
            "a certificate of a trusted authority where only pinned ones count",
            .closed(.certificateNotRegistered)
        ) {
            $0.show(given.stranger, given.root)
            $0.rules.registry.takesTrustedCertificates = false
        },
        LoginRow("an expired one", .closed(.certificateExpired)) {
            $0.show(given.pinnedOld)
        },
        LoginRow("one that is not valid yet", .closed(.certificateNotYetValid)) {
            $0.show(given.pinnedYoung)
        },
        LoginRow("a revoked one", .closed(.certificateRevoked)) {
            $0.show(given.pinned)
            try $0.revoke(given.pinned.presented, $0.world.acme)
        },
        LoginRow("a disabled device", .closed(.deviceDisabled)) {
            $0.show(given.pinned)
            try $0.changeDevice("pin") { $0.isEnabled = false }
        },
        LoginRow("a listener of another tenant", .closed(.anchorOfOtherTenant)) {
            $0.show(given.pinned)
            $0.rules.registry.tenant = "beta"
        },
        LoginRow("its credential was removed", .closed(.anchorUnknown)) {
            $0.show(given.pinned)
            let device = try $0.device("pin")
            let number = try $0.registry.credentials(device: device.number).first?.number ?? 0
            try $0.change { (writer) throws(RegistryError) in
                try writer.removeCredential(number: number)
            }
        },
        LoginRow(
            "the password wins where the listener says so",
            .login(.password, "ann")
        ) {
            $0.show(given.pinned)
            $0.show("acme/ann", "right")
            $0.clientID = "c"
            $0.rules.registry.precedence = .password
        },
        LoginRow(
            "the certificate counts where there is no password",
            asPinned("c")
        ) {
            $0.show(given.pinned)
            $0.show("acme/ann", nil)
            $0.clientID = "c"
            $0.rules.registry.precedence = .password
        },
        LoginRow("a wrong password is not saved by the certificate", .wrong(.badPassword)) {
            $0.show(given.pinned)
            $0.show("acme/ann", "wrong")
            $0.rules.registry.precedence = .password
        },
    ]
}

extension LoginCase {
    func device(_ name: Name) throws -> Device {
        guard let device = world.devices[name] else { throw Missing() }
        return device
    }

    private struct Missing: Error {}

    mutating func changeDevice(_ name: Name, _ edit: (inout Device) -> Void) throws {
        var device = try device(name)
        edit(&device)
        try change { [device] (writer) throws(RegistryError) in try writer.replace(device) }
    }

    /// Nothing about devices can be read any more.
    mutating func breakDevices() throws {
        try registry.read { (connection) throws(RegistryError) in
            try connection.script("ALTER TABLE devices RENAME TO lost")
        }
    }
}
