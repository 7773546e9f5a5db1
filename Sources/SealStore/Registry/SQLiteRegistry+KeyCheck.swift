// SPDX-License-Identifier: Apache-2.0
// Whether a key is the one that the secrets of this registry are sealed under: a value in the
// database tells, or in an older registry whatever is sealed there.

public import SealBroker
internal import SealBytes

extension SQLiteRegistry {
    private static let check = Query("SELECT sealed FROM key_checks WHERE number = 1")
    private static let addCheck = Query(
        "INSERT OR REPLACE INTO key_checks (number, sealed) VALUES (1, ?)"
    )
    private static let tenants = Query("SELECT count(*) FROM tenants")
    /// A few values of each kind are enough: one that opens is a proof.
    private static let samples = Query(
        """
        SELECT * FROM (SELECT sealed FROM signing_keys LIMIT 8)
        UNION ALL SELECT * FROM (SELECT sealed FROM authorities LIMIT 8)
        UNION ALL SELECT * FROM (SELECT value FROM credentials WHERE value <> x'' LIMIT 8)
        """
    )
    private static let sampleOptions = Query(
        "SELECT value FROM options WHERE key GLOB 'credentials.*' LIMIT 8"
    )

    /// What is sealed as the check value.
    private static let checkText = Array("the key of this registry".utf8)

    /// Nothing was stored in it yet, so no secret belongs to any key.
    public var isBlank: Bool {
        get throws(RegistryError) {
            try read { (connection: Connection) throws(RegistryError) in
                try connection.number(Self.tenants) == 0
            }
        }
    }

    /// Whether the vault has the registry's key; one that is taken for the first time is noted.
    public func takesKey(of vault: some Vault) throws(RegistryError) -> Bool {
        let (check, samples) = try read { (connection: Connection) throws(RegistryError) in
            let check = try connection.first(Self.check) { (row: inout Row) in row.bytes() }
            guard check == nil else { return (check, [[UInt8]]()) }
            let sealed = try connection.all(Self.samples) { (row: inout Row) in row.bytes() }
            let options = try connection.all(Self.sampleOptions) { (row: inout Row) in
                Base64.decode(row.text())
            }
            return (nil, sealed + options.compactMap { $0 })
        }
        if let check {
            if vault.open(check) == Self.checkText { return true }
            guard try isBlank else { return false }
        }
        guard samples.isEmpty || samples.contains(where: { vault.open($0) != nil }) else {
            return false
        }
        let sealed = try vault.seal(Self.checkText)
        _ = try change(by: .daemon) { (writer) throws(RegistryError) in
            guard let transaction = writer as? RegistryTransaction else { return }
            try transaction.run(Self.addCheck, [.bytes(sealed)])
        }
        return true
    }
}
