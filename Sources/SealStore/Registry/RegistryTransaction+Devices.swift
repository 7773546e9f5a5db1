// SPDX-License-Identifier: Apache-2.0
// Changes of devices and their credentials.

internal import SealBroker

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
            takes_certificates = ?, properties = ?, changed_at = ?, epoch = ?
        WHERE number = ?
        """
    )
    static let endLogins = Query("UPDATE devices SET epoch = epoch + 1 WHERE number = ?")
    static let removeDevice = Query("DELETE FROM devices WHERE number = ?")

    static let countCredentials = Query("SELECT count(*) FROM credentials WHERE device = ?")
    static let addCredential = Query(
        """
        INSERT INTO credentials (uuid, tenant, device, kind, lookup, value, hash, scram, version,
            created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    )
    static let replaceCredential = Query(
        """
        UPDATE credentials SET kind = ?, lookup = ?, value = ?, hash = ?, scram = ?,
            version = version + 1
        WHERE number = ?
        """
    )
    static let removeCredential = Query("DELETE FROM credentials WHERE number = ?")
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
    ///
    /// That ends what was logged in with the device: tokens, too.
    func update(
        device number: Int64,
        _ body: (inout Device) throws(RegistryError) -> Void
    ) throws(RegistryError) -> Device {
        let old = try stored(device: number)
        var device = old
        try body(&device)
        guard device != old else { return old }
        guard device.number == old.number, device.tenant == old.tenant, device.uuid == old.uuid,
            device.origin == old.origin, device.createdAt == old.createdAt,
            device.epoch == old.epoch
        else {
            throw RegistryError(.invalid, "a device keeps its UUID and stays in its tenant")
        }
        try Validity.check(device)
        device.changedAt = now
        let isWithdrawal =
            (old.isEnabled && !device.isEnabled)
            || (old.takesCertificates && !device.takesCertificates)
            || device.identifier != old.identifier
        if isWithdrawal { device.epoch += 1 }
        try update(
            Queries.replaceDevice,
            [
                .text(device.identifier), .text(device.name), .text(device.type),
                .text(device.label), StoredValue(device.isEnabled),
                StoredValue(device.takesCertificates), .text(device.properties), .integer(now),
                .integer(device.epoch), .integer(number),
            ],
            duplicate: "there is a device \(device.identifier) already in this tenant"
        )
        touch(
            .device(
                number: number,
                tenant: old.tenant,
                identifiers: [old.identifier, device.identifier]
            )
        )
        tell(.device(number), old.tenant, isWithdrawal: isWithdrawal)
        var detail = [Self.difference(isEnabled: old.isEnabled, device.isEnabled)]
        if old.takesCertificates != device.takesCertificates {
            detail.append(device.takesCertificates ? "certificates" : "no certificates")
        }
        if old.identifier != device.identifier { detail.append("now \(device.identifier)") }
        let words = detail.filter { !$0.isEmpty }.joined(separator: ", ")
        try note("device.changed", old.tenant, old.identifier, words)
        return device
    }

    /// Something the device shows was changed: tokens it got for that end.
    private func endTokens(of credential: Credential) throws(RegistryError) {
        let device = try stored(device: credential.device)
        try run(Queries.endLogins, [.integer(device.number)])
        touch(
            .device(
                number: device.number,
                tenant: device.tenant,
                identifiers: [device.identifier]
            )
        )
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

    private func newUUID(_ text: String) throws(RegistryError) -> [UInt8] {
        guard !text.isEmpty else { return UUIDText.make(now: now) }
        guard let bytes = UUIDText.bytes(text) else {
            throw RegistryError(.invalid, "a UUID has 32 lower-case digits in five groups")
        }
        return bytes
    }

    // MARK: Credentials

    func add(_ credential: Credential) throws(RegistryError) -> Credential {
        try Self.requireNoNumber(credential.number)
        try Validity.check(credential)
        try requireDevice(of: credential)
        let count = try with { (connection: Connection) throws(RegistryError) in
            try connection.number(Queries.countCredentials, [.integer(credential.device)])
        }
        try require(
            Int(count),
            below: limits.credentialsPerDeviceMax,
            "no more credentials for this device"
        )
        let uuid = try newUUID(credential.uuid)
        var credential = credential
        credential.uuid = UUIDText.text(uuid)
        if credential.createdAt == 0 { credential.createdAt = now }
        credential.number = try insert(
            Queries.addCredential,
            [
                .bytes(uuid), StoredValue(credential.tenant), .integer(credential.device),
                .integer(credential.kind.stored), .text(credential.lookup),
                .bytes(credential.value), StoredValue(credential.secret?.hash),
                StoredValue(credential.secret?.scram), .integer(credential.version),
                .integer(credential.createdAt),
            ],
            duplicate: Self.taken(credential.kind),
            missing: "there is no device with number \(credential.device)"
        )
        touch(.credential(kind: credential.kind, lookup: credential.lookup))
        tellNew(.credential(credential.number), credential.tenant)
        try note("credential.added", credential.tenant, credential.uuid, detail(credential))
        return credential
    }

    func update(
        credential number: Int64,
        _ body: (inout Credential) throws(RegistryError) -> Void
    ) throws(RegistryError) -> Credential {
        let old = try stored(credential: number)
        var credential = old
        try body(&credential)
        guard credential.number == old.number, credential.device == old.device,
            credential.tenant == old.tenant, credential.uuid == old.uuid,
            credential.version == old.version, credential.createdAt == old.createdAt
        else {
            throw RegistryError(.invalid, "a credential keeps its UUID and stays with its device")
        }
        try Validity.check(credential)
        try update(
            Queries.replaceCredential,
            [
                .integer(credential.kind.stored), .text(credential.lookup),
                .bytes(credential.value), StoredValue(credential.secret?.hash),
                StoredValue(credential.secret?.scram), .integer(number),
            ],
            duplicate: Self.taken(credential.kind)
        )
        credential.version = old.version + 1
        touch(.credential(kind: old.kind, lookup: old.lookup))
        touch(.credential(kind: credential.kind, lookup: credential.lookup))
        tell(.credential(number), old.tenant, isWithdrawal: true)
        try endTokens(of: old)
        try note("credential.changed", old.tenant, old.uuid, detail(credential))
        return credential
    }

    func removeCredential(number: Int64) throws(RegistryError) {
        let old = try stored(credential: number)
        try run(Queries.removeCredential, [.integer(number)])
        try endTokens(of: old)
        forget(old)
        try note("credential.removed", old.tenant, old.uuid, detail(old))
    }

    private func forget(_ credential: Credential) {
        touch(.credential(kind: credential.kind, lookup: credential.lookup))
        tell(
            .credential(credential.number),
            credential.tenant,
            isWithdrawal: true,
            isRemoval: true
        )
    }

    private func stored(credential number: Int64) throws(RegistryError) -> Credential {
        guard let credential = try credential(number: number) else {
            throw RegistryError(.notFound, "there is no credential with number \(number)")
        }
        return credential
    }

    private func requireDevice(of credential: Credential) throws(RegistryError) {
        let device = try stored(device: credential.device)
        guard device.tenant == credential.tenant else {
            throw RegistryError(.invalid, "a credential belongs to the tenant of its device")
        }
    }

    private static func taken(_ kind: CredentialKind) -> String {
        "another device has this credential of kind \(kind.rawValue) already"
    }

    /// Which device and kind, never the secret.
    private func detail(_ credential: Credential) -> String {
        "\(credential.kind.rawValue) of device number \(credential.device)"
    }
}
