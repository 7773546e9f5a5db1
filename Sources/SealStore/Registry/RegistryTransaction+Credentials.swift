// SPDX-License-Identifier: Apache-2.0
// Changes of the credentials of devices. Several tenants may register the same one: which counts is
// decided by the login, and here the tenants that have it already are told.

internal import SealBroker

private enum Queries {
    static let tenantOfDevice = Query("SELECT tenant FROM devices WHERE number = ?")
    static let countCredentials = Query("SELECT count(*) FROM credentials WHERE device = ?")
    static let credentialByNumber = Query(
        "SELECT \(Columns.credential) FROM credentials WHERE number = ?"
    )
    static let addCredential = Query(
        """
        INSERT INTO credentials (uuid, tenant, device, kind, lookup, value, hash, scram, version,
            created_at, registered_at, first_used_at, is_proved, proof_code, proof_until)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    )
    static let replaceCredential = Query(
        """
        UPDATE credentials SET kind = ?, lookup = ?, value = ?, hash = ?, scram = ?,
            version = version + 1, registered_at = ?, first_used_at = ?, is_proved = ?,
            proof_code = ?, proof_until = ?
        WHERE number = ?
        """
    )
    static let newestRegistration = Query(
        "SELECT max(registered_at) FROM credentials WHERE kind = ? AND lookup = ?"
    )
    static let setProof = Query(
        "UPDATE credentials SET is_proved = ?, proof_code = ?, proof_until = ? WHERE number = ?"
    )
    static let noteFirstUse = Query(
        "UPDATE credentials SET first_used_at = ? WHERE number = ? AND first_used_at = 0"
    )
    static let removeCredential = Query("DELETE FROM credentials WHERE number = ?")
}

extension RegistryTransaction {
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
        credential.registeredAt = try registrationTime(credential)
        credential.number = try insert(
            Queries.addCredential,
            [
                .bytes(uuid), StoredValue(credential.tenant), .integer(credential.device),
                .integer(credential.kind.stored), .text(credential.lookup),
                .bytes(credential.value), StoredValue(credential.secret?.hash),
                StoredValue(credential.secret?.scram), .integer(credential.version),
                .integer(credential.createdAt),
            ] + Self.standing(credential),
            duplicate: Self.taken(credential.kind),
            missing: "there is no device with number \(credential.device)"
        )
        touch(.credential(kind: credential.kind, lookup: credential.lookup))
        tellNew(.credential(credential.number), credential.tenant)
        try note("credential.added", credential.tenant, credential.uuid, detail(credential))
        try noteRivals(of: credential)
        return credential
    }

    func replace(_ credential: Credential) throws(RegistryError) -> Credential {
        let old = try stored(credential: credential.number)
        try Validity.check(credential)
        guard credential.device == old.device, credential.tenant == old.tenant,
            credential.uuid == old.uuid
        else {
            throw RegistryError(.invalid, "a credential keeps its UUID and stays with its device")
        }
        guard credential.version == old.version else {
            throw RegistryError(
                .conflict,
                "the credential has version \(old.version) meanwhile, not \(credential.version)"
            )
        }
        var credential = credential
        let isNew =
            credential.kind != old.kind
            || credential.lookup != old.lookup
        // What stood for something else before is no older than this.
        credential.registeredAt = isNew ? try registrationTime(credential) : old.registeredAt
        credential.firstUsedAt = isNew ? 0 : old.firstUsedAt
        credential.proof = isNew ? TrustAnchor.Proof() : old.proof
        try update(
            Queries.replaceCredential,
            [
                .integer(credential.kind.stored), .text(credential.lookup),
                .bytes(credential.value), StoredValue(credential.secret?.hash),
                StoredValue(credential.secret?.scram),
            ] + Self.standing(credential) + [.integer(credential.number)],
            duplicate: Self.taken(credential.kind)
        )
        credential.version = old.version + 1
        credential.createdAt = old.createdAt
        touch(.credential(kind: old.kind, lookup: old.lookup))
        touch(.credential(kind: credential.kind, lookup: credential.lookup))
        tell(.credential(old.number), old.tenant, isWithdrawal: true)
        try note("credential.changed", old.tenant, old.uuid, detail(credential))
        if isNew { try noteRivals(of: credential) }
        return credential
    }

    func removeCredential(number: Int64) throws(RegistryError) {
        let old = try stored(credential: number)
        try run(Queries.removeCredential, [.integer(number)])
        forget(old)
        try note("credential.removed", old.tenant, old.uuid, detail(old))
    }

    func forget(_ credential: Credential) {
        touch(.credential(kind: credential.kind, lookup: credential.lookup))
        tell(
            .credential(credential.number),
            credential.tenant,
            isWithdrawal: true,
            isRemoval: true
        )
    }

    private func stored(credential number: Int64) throws(RegistryError) -> Credential {
        let credential = try with { (connection: Connection) throws(RegistryError) in
            try connection.credential(Queries.credentialByNumber, [.integer(number)])
        }
        guard let credential else {
            throw RegistryError(.notFound, "there is no credential with number \(number)")
        }
        return credential
    }

    // MARK: Registrations of several tenants

    func setProof(_ proof: TrustAnchor.Proof, credential number: Int64) throws(RegistryError) {
        let old = try stored(credential: number)
        guard old.kind == .certificate else {
            throw RegistryError(.invalid, "only of a certificate is a key proved")
        }
        try Validity.text(proof.code, "the code of a proof", max: 1024)
        try run(
            Queries.setProof,
            [
                StoredValue(proof.isValid), .text(proof.code), .integer(proof.usableUntil),
                .integer(number),
            ]
        )
        touch(.credential(kind: old.kind, lookup: old.lookup))
        tell(.credential(number), old.tenant, isWithdrawal: false)
        let act = proof.isValid ? "credential.proved" : "credential.proof-asked"
        try note(act, old.tenant, old.uuid, detail(old))
        guard proof.isValid, !old.proof.isValid else { return }
        for rival in try rivals(of: old) where !rival.proof.isValid {
            // Its clients are judged again, and come where the key was proved.
            tell(.credential(rival.number), rival.tenant, isWithdrawal: true)
            try noteRival(
                rival.tenant,
                "credential.disputed",
                rival.uuid.text,
                "another registration of this certificate was proved and counts instead; prove "
                    + "possession of its key to make this one count"
            )
        }
    }

    func noteFirstUse(credential number: Int64) throws(RegistryError) {
        let old = try stored(credential: number)
        guard old.firstUsedAt == 0 else { return }
        try run(Queries.noteFirstUse, [.integer(now), .integer(number)])
        touch(.credential(kind: old.kind, lookup: old.lookup))
        try note("credential.used", old.tenant, old.uuid, detail(old))
    }

    /// Now, but later than every other registration of the same, whatever the clock says.
    private func registrationTime(_ credential: Credential) throws(RegistryError) -> Int64 {
        let newest = try with { (connection: Connection) throws(RegistryError) in
            try connection.number(
                Queries.newestRegistration,
                [.integer(credential.kind.stored), .text(credential.lookup)]
            )
        }
        return max(now, newest &+ 1)
    }

    /// The same in other tenants.
    private func rivals(of credential: Credential) throws(RegistryError) -> [Credential] {
        // A device user's look-up has its tenant in it.
        guard credential.kind != .password else { return [] }
        return try credentials(kind: credential.kind, lookup: credential.lookup)
            .filter { $0.tenant != credential.tenant }
    }

    /// Tells tenants that have it already; the new one is told nothing, because whether others have
    /// something is not for everybody who guesses it.
    private func noteRivals(of credential: Credential) throws(RegistryError) {
        for rival in try rivals(of: credential) {
            let hint =
                rival.kind == .certificate
                ? "; prove possession of its key to keep it yours whatever others prove"
                : "; change it if others should not know it"
            try noteRival(
                rival.tenant,
                "credential.disputed",
                rival.uuid.text,
                "another registration of this \(rival.kind.rawValue) was made, and this one, which "
                    + "is older, goes on counting" + hint
            )
        }
    }

    private static func standing(_ credential: Credential) -> [StoredValue] {
        [
            .integer(credential.registeredAt), .integer(credential.firstUsedAt),
            StoredValue(credential.proof.isValid), .text(credential.proof.code),
            .integer(credential.proof.usableUntil),
        ]
    }

    private func requireDevice(of credential: Credential) throws(RegistryError) {
        let tenant = try with { (connection: Connection) throws(RegistryError) in
            try connection.first(Queries.tenantOfDevice, [.integer(credential.device)]) {
                (row: inout Row) in row.integer()
            }
        }
        guard let tenant else {
            throw RegistryError(
                .notFound,
                "there is no device with number \(credential.device)"
            )
        }
        guard tenant == Int64(credential.tenant) else {
            throw RegistryError(.invalid, "a credential belongs to the tenant of its device")
        }
    }

    private static func taken(_ kind: CredentialKind) -> String {
        "another device of the tenant has this credential of kind \(kind.rawValue) already"
    }

    /// Which device and kind, never the secret.
    private func detail(_ credential: Credential) -> String {
        "\(credential.kind.rawValue) of device number \(credential.device)"
    }
}
