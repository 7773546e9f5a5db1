// SPDX-License-Identifier: Apache-2.0
// Whether what a login stands on holds still, asked of the registry inside of a change. Those who
// are connected are told by `IdentityChange`s instead.

extension Reliance {
    /// Whether nothing of it was withdrawn by now.
    ///
    /// A credential that was changed counts up the epoch of its device.
    public func stands(in state: any IdentityDirectory) throws(RegistryError) -> Bool {
        guard try state.tenant(number: tenant)?.isEnabled == true else { return false }
        if let account {
            guard let now = try state.account(number: account), now.isEnabled, now.epoch == epoch
            else { return false }
        }
        if let device {
            guard let now = try state.device(number: device), now.isEnabled, now.epoch == epoch
            else { return false }
        }
        if let anchor {
            guard try state.anchor(number: anchor)?.isEnabled == true else { return false }
        }
        for (place, mark) in certificates.enumerated() {
            let revocation = try state.revocation(
                tenant: tenant,
                serial: mark.serial,
                issuers: certificates[place...].map(\.issuerKey)
            )
            guard revocation == nil else { return false }
        }
        if let token {
            guard try !state.isWithdrawn(tenant: tenant, tokenID: token) else { return false }
        }
        if let family {
            guard try state.isOpen(tenant: tenant, family: family) else { return false }
        }
        return true
    }
}
