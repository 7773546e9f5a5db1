// SPDX-License-Identifier: Apache-2.0
// The tables, as steps from each version of the file to the next. A step that was shipped is never
// changed; a new one is put behind it.

internal import SealBroker

enum Schema {
    /// What SQLite's header calls our files: "SEAL".
    static let applicationID: Int64 = 0x5345_414C

    /// The step at index n leads from version n to version n + 1.
    static let steps: [String] = [first, second, keyChecks]

    /// Brings a file to the newest version, each step in a transaction of its own.
    static func migrate(
        _ connection: Connection,
        by steps: [String] = Schema.steps
    ) throws(RegistryError) {
        let version = Int(try connection.word("PRAGMA user_version")) ?? 0
        let application = Int64(try connection.word("PRAGMA application_id")) ?? 0
        let tables = Int(try connection.word("SELECT count(*) FROM sqlite_schema")) ?? 0
        guard application == applicationID || (application == 0 && version == 0 && tables == 0)
        else {
            throw RegistryError(
                .storage,
                "\(connection.path) is a database of another program, not a registry"
            )
        }
        guard version >= 0, version <= steps.count else {
            throw RegistryError(
                .storage,
                "the registry \(connection.path) has version \(version), and this program knows "
                    + "versions up to \(steps.count); use a newer program"
            )
        }
        for next in version..<steps.count {
            try connection.script("BEGIN IMMEDIATE")
            do throws(RegistryError) {
                try connection.script(steps[next])
                try connection.script(
                    """
                    PRAGMA application_id = \(applicationID);
                    PRAGMA user_version = \(next + 1);
                    COMMIT;
                    """
                )
            } catch {
                if connection.isInTransaction { try? connection.script("ROLLBACK") }
                throw error
            }
        }
    }

    /// Version 1.
    ///
    /// Numbers are never given twice (AUTOINCREMENT), because connections rely on them. `tallies`
    /// counts rows for the limits, so that nothing counts a million rows to add one.
    private static let first = """
        CREATE TABLE tenants (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            label TEXT NOT NULL,
            domain TEXT UNIQUE,
            is_enabled INTEGER NOT NULL,
            created_at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE tallies (
            tenant INTEGER NOT NULL REFERENCES tenants (number) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            amount INTEGER NOT NULL,
            PRIMARY KEY (tenant, kind)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE accounts (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            tenant INTEGER NOT NULL REFERENCES tenants (number) ON DELETE CASCADE,
            name TEXT NOT NULL,
            roles TEXT NOT NULL,
            is_enabled INTEGER NOT NULL,
            hash TEXT,
            scram TEXT,
            email TEXT NOT NULL,
            first_name TEXT NOT NULL,
            last_name TEXT NOT NULL,
            must_change_password INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            password_set_at INTEGER NOT NULL,
            UNIQUE (tenant, name)
        ) STRICT;
        CREATE TABLE anchors (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            tenant INTEGER NOT NULL REFERENCES tenants (number) ON DELETE CASCADE,
            fingerprint TEXT NOT NULL,
            sha256 BLOB NOT NULL,
            subject_key BLOB NOT NULL,
            der BLOB NOT NULL,
            name TEXT NOT NULL,
            is_enabled INTEGER NOT NULL,
            registers_devices INTEGER NOT NULL,
            is_tenant_authority INTEGER NOT NULL,
            not_before INTEGER NOT NULL,
            not_after INTEGER NOT NULL,
            is_proved INTEGER NOT NULL,
            proof_code TEXT NOT NULL,
            proof_until INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            UNIQUE (tenant, fingerprint),
            UNIQUE (tenant, sha256)
        ) STRICT;
        CREATE TABLE devices (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            uuid BLOB NOT NULL UNIQUE,
            tenant INTEGER NOT NULL REFERENCES tenants (number) ON DELETE CASCADE,
            identifier TEXT NOT NULL,
            name TEXT NOT NULL,
            type TEXT NOT NULL,
            label TEXT NOT NULL,
            is_enabled INTEGER NOT NULL,
            takes_certificates INTEGER NOT NULL,
            origin TEXT NOT NULL,
            properties TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            changed_at INTEGER NOT NULL,
            UNIQUE (tenant, identifier)
        ) STRICT;
        CREATE INDEX devices_by_tenant ON devices (tenant);
        CREATE INDEX devices_by_name ON devices (tenant, name);
        CREATE INDEX devices_by_type ON devices (tenant, type);
        CREATE TABLE credentials (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            uuid BLOB NOT NULL UNIQUE,
            tenant INTEGER NOT NULL,
            device INTEGER NOT NULL REFERENCES devices (number) ON DELETE CASCADE,
            kind INTEGER NOT NULL,
            lookup TEXT NOT NULL,
            value BLOB NOT NULL,
            hash TEXT,
            scram TEXT,
            version INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            UNIQUE (kind, lookup)
        ) STRICT;
        CREATE INDEX credentials_by_device ON credentials (device);
        CREATE TABLE revocations (
            tenant INTEGER NOT NULL REFERENCES tenants (number) ON DELETE CASCADE,
            serial TEXT NOT NULL,
            issuer_key BLOB NOT NULL,
            revoked_at INTEGER NOT NULL,
            reason TEXT NOT NULL,
            PRIMARY KEY (tenant, serial, issuer_key)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE options (
            tenant INTEGER NOT NULL REFERENCES tenants (number) ON DELETE CASCADE,
            category TEXT NOT NULL,
            key TEXT NOT NULL,
            value TEXT NOT NULL,
            is_editable INTEGER NOT NULL,
            PRIMARY KEY (tenant, category, key)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE rules (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            tenant INTEGER NOT NULL REFERENCES tenants (number) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            effect TEXT NOT NULL,
            act TEXT NOT NULL,
            filter TEXT NOT NULL,
            subject TEXT NOT NULL
        ) STRICT;
        CREATE INDEX rules_by_position ON rules (tenant, position);
        CREATE TABLE requests (
            tenant INTEGER NOT NULL REFERENCES tenants (number) ON DELETE CASCADE,
            identifier TEXT NOT NULL,
            status TEXT NOT NULL,
            type TEXT NOT NULL,
            device_group TEXT NOT NULL,
            owner TEXT NOT NULL,
            security_token_hash TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            PRIMARY KEY (tenant, identifier)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE codes (
            tenant INTEGER NOT NULL REFERENCES tenants (number) ON DELETE CASCADE,
            identifier TEXT NOT NULL,
            hash TEXT NOT NULL,
            scram TEXT,
            expires_at INTEGER NOT NULL,
            PRIMARY KEY (tenant, identifier)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE audit (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            time INTEGER NOT NULL,
            tenant INTEGER NOT NULL,
            author TEXT NOT NULL,
            author_tenant INTEGER NOT NULL,
            source TEXT NOT NULL,
            act TEXT NOT NULL,
            subject TEXT NOT NULL,
            detail TEXT NOT NULL
        ) STRICT;
        CREATE INDEX audit_by_tenant ON audit (tenant);
        CREATE TABLE signing_keys (
            id TEXT PRIMARY KEY,
            sealed BLOB NOT NULL,
            created_at INTEGER NOT NULL,
            retired_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE authorities (
            tenant INTEGER PRIMARY KEY REFERENCES tenants (number) ON DELETE CASCADE,
            anchor INTEGER NOT NULL REFERENCES anchors (number) ON DELETE CASCADE,
            sealed BLOB NOT NULL
        ) STRICT;
        CREATE INDEX authorities_by_anchor ON authorities (anchor);
        CREATE TABLE withdrawn_tokens (
            id TEXT PRIMARY KEY,
            tenant INTEGER NOT NULL REFERENCES tenants (number) ON DELETE CASCADE,
            expires_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX withdrawn_tokens_by_tenant ON withdrawn_tokens (tenant);
        CREATE INDEX withdrawn_tokens_by_time ON withdrawn_tokens (expires_at);
        """

    /// Version 2: several tenants may register the same credential.
    ///
    /// Nothing was proved before, and what was registered is as old as its row.
    private static let second = """
        CREATE TABLE new_credentials (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            uuid BLOB NOT NULL UNIQUE,
            tenant INTEGER NOT NULL,
            device INTEGER NOT NULL REFERENCES devices (number) ON DELETE CASCADE,
            kind INTEGER NOT NULL,
            lookup TEXT NOT NULL,
            value BLOB NOT NULL,
            hash TEXT,
            scram TEXT,
            version INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            registered_at INTEGER NOT NULL,
            first_used_at INTEGER NOT NULL,
            is_proved INTEGER NOT NULL,
            proof_code TEXT NOT NULL,
            proof_until INTEGER NOT NULL,
            UNIQUE (kind, lookup, tenant)
        ) STRICT;
        INSERT INTO sqlite_sequence (name, seq)
            SELECT 'new_credentials', seq FROM sqlite_sequence WHERE name = 'credentials';
        INSERT INTO new_credentials
            SELECT number, uuid, tenant, device, kind, lookup, value, hash, scram, version,
                created_at, created_at, 0, 0, '', 0
            FROM credentials;
        DROP TABLE credentials;
        ALTER TABLE new_credentials RENAME TO credentials;
        CREATE INDEX credentials_by_device ON credentials (device);
        """

    /// Version 3: a value under the registry's key, by which another key is found out.
    private static let keyChecks = """
        CREATE TABLE key_checks (
            number INTEGER PRIMARY KEY CHECK (number = 1),
            sealed BLOB NOT NULL
        ) STRICT;
        """
}
