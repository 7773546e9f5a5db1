// SPDX-License-Identifier: Apache-2.0
// Changes of devices. Their credentials have a file of their own.

internal import SealBroker
internal import SealBytes

private enum Queries {
    static let addDevice = Query(
        """
        INSERT INTO devices (uuid, tenant, identifier, name, type, label, is_enabled,
            takes_certificates, origin, properties, created_at, changed_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    )
    static let replaceDevice = Query(
        """
        UPDATE devices SET identifier = ?, name = ?, type = ?, label = ?, is_enabled = ?,
            takes_certificates = ?, properties = ?, changed_at = ?
        WHERE number = ?
        """
    )
    static let removeDevice = Query("DELETE FROM devices WHERE number = ?")
}

extension RegistryTransaction {
    func add(_ device: Device) throws(RegistryError) -> Device {
        try Self.requireNoNumber(device.number)
        try Validity.check(device)
        try require(tallies.total(.devices), below: limits.devicesMax, "no more devices")
        let uuid = try newUUID(device.uuid)
        var device = device
        device.uuid = UUIDText.text(uuid)
        if device.createdAt == 0 { device.createdAt = now }
        if device.changedAt == 0 { device.changedAt = device.createdAt }
        device.number = try insert(
            Queries.addDevice,
            [
                .bytes(uuid), StoredValue(device.tenant), .text(device.identifier),
                .text(device.name), .text(device.type), .text(device.label),
                StoredValue(device.isEnabled), StoredValue(device.takesCertificates),
                .text(device.origin.rawValue), .text(device.properties),
                .integer(device.createdAt), .integer(device.changedAt),
            ],
            duplicate: "there is a device \(device.identifier) already in this tenant",
            missing: Self.noTenant(device.tenant)
        )
        tallies.add(1, device.tenant, .devices)
        // No touch: that a device is not there is never kept in memory.
        tellNew(.device(device.number), device.tenant)
        try note("device.added", device.tenant, device.identifier, device.origin.rawValue)
        return device
    }

    /// What of it withdraws: being disabled, no certificates any more, another identifier.
    func replace(_ device: Device) throws(RegistryError) {
        let old = try stored(device: device.number)
        try Validity.check(device)
        guard device.tenant == old.tenant, device.uuid == old.uuid else {
            throw RegistryError(.invalid, "a device keeps its UUID and stays in its tenant")
        }
        try update(
            Queries.replaceDevice,
            [
                .text(device.identifier), .text(device.name), .text(device.type),
                .text(device.label), StoredValue(device.isEnabled),
                StoredValue(device.takesCertificates), .text(device.properties), .integer(now),
                .integer(device.number),
            ],
            duplicate: "there is a device \(device.identifier) already in this tenant"
        )
        touch(
            .device(
                number: old.number,
                tenant: old.tenant,
                identifiers: [old.identifier, device.identifier]
            )
        )
        let isWithdrawal =
            (old.isEnabled && !device.isEnabled)
            || (old.takesCertificates && !device.takesCertificates)
            || device.identifier != old.identifier
        tell(.device(old.number), old.tenant, isWithdrawal: isWithdrawal)
        var detail = [Self.difference(isEnabled: old.isEnabled, device.isEnabled)]
        if old.takesCertificates != device.takesCertificates {
            detail.append(device.takesCertificates ? "certificates" : "no certificates")
        }
        if old.identifier != device.identifier { detail.append("now \(device.identifier)") }
        let words = detail.filter { !$0.isEmpty }.joined(separator: ", ")
        try note("device.changed", old.tenant, old.identifier, words)
    }

    func removeDevice(number: Int64) throws(RegistryError) {
        let old = try stored(device: number)
        let credentials = try credentials(device: number)
        try run(Queries.removeDevice, [.integer(number)])
        tallies.add(-1, old.tenant, .devices)
        touch(.device(number: number, tenant: old.tenant, identifiers: [old.identifier]))
        tell(.device(number), old.tenant, isWithdrawal: true, isRemoval: true)
        for credential in credentials { forget(credential) }
        try note("device.removed", old.tenant, old.identifier)
    }

    private func stored(device number: Int64) throws(RegistryError) -> Device {
        guard let device = try device(number: number) else {
            throw RegistryError(.notFound, "there is no device with number \(number)")
        }
        return device
    }

    func newUUID(_ text: Name) throws(RegistryError) -> [UInt8] {
        guard !text.isEmpty else { return UUIDText.make(now: now) }
        guard let bytes = UUIDText.bytes(text) else {
            throw RegistryError(.invalid, "a UUID has 32 lower-case digits in five groups")
        }
        return bytes
    }
}
