-- A registry of version 1 with something of everything, as `sqlite3 .dump` writes it.
PRAGMA application_id = 1397047628;
PRAGMA user_version = 1;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE tenants (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    domain TEXT UNIQUE,
    is_enabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
INSERT INTO tenants VALUES(1,'management','',NULL,1,1700000000000);
INSERT INTO tenants VALUES(2,'t1','One','one.example',1,1700000000000);
CREATE TABLE tallies (
    tenant INTEGER NOT NULL REFERENCES tenants (number) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (tenant, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO tallies VALUES(2,'accounts',1);
INSERT INTO tallies VALUES(2,'anchors',1);
INSERT INTO tallies VALUES(2,'codes',1);
INSERT INTO tallies VALUES(2,'devices',1);
INSERT INTO tallies VALUES(2,'options',1);
INSERT INTO tallies VALUES(2,'requests',1);
INSERT INTO tallies VALUES(2,'revocations',1);
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
INSERT INTO accounts VALUES(1,2,'anna','ROLE_MESSAGING ROLE_TENANT_ADMIN',1,'hash of anna',NULL,'anna@example.org','First','Last',0,1700000000000,1700000000000);
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
INSERT INTO anchors VALUES(1,2,'0000000000000000000000000000000000000001',X'0000000000000001a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5',X'00000000000f4241a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5',X'63657274696669636174652031','anchor 1',1,0,0,1000,2000,0,'',0,1700000000000);
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
INSERT INTO devices VALUES(1,X'018bcfe56800711a8eeda2a440742b03',2,'d','d','','',1,1,'api','{}',1700000000000,1700000000000);
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
INSERT INTO credentials VALUES(1,X'018bcfe5680077529052bd441a391d3a',2,1,4,'2/device_d',X'0001ff','hash of 2/device_d','scram of 2/device_d',1,1700000000000);
CREATE TABLE revocations (
    tenant INTEGER NOT NULL REFERENCES tenants (number) ON DELETE CASCADE,
    serial TEXT NOT NULL,
    issuer_key BLOB NOT NULL,
    revoked_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (tenant, serial, issuer_key)
) STRICT, WITHOUT ROWID;
INSERT INTO revocations VALUES(2,'1F',X'',5,'unspecified');
CREATE TABLE options (
    tenant INTEGER NOT NULL REFERENCES tenants (number) ON DELETE CASCADE,
    category TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    is_editable INTEGER NOT NULL,
    PRIMARY KEY (tenant, category, key)
) STRICT, WITHOUT ROWID;
INSERT INTO options VALUES(2,'c','k','v',1);
CREATE TABLE rules (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant INTEGER NOT NULL REFERENCES tenants (number) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    effect TEXT NOT NULL,
    act TEXT NOT NULL,
    filter TEXT NOT NULL,
    subject TEXT NOT NULL
) STRICT;
INSERT INTO rules VALUES(1,2,1,'deny','publish','a/%d/#','devices');
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
INSERT INTO requests VALUES(2,'r','WAITING_FOR_CONNECTION','','','anna','',1700000000000);
CREATE TABLE codes (
    tenant INTEGER NOT NULL REFERENCES tenants (number) ON DELETE CASCADE,
    identifier TEXT NOT NULL,
    hash TEXT NOT NULL,
    scram TEXT,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, identifier)
) STRICT, WITHOUT ROWID;
INSERT INTO codes VALUES(2,'e','h',NULL,5);
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
INSERT INTO audit VALUES(1,1700000000000,1,'daemon',0,'','tenant.added','management','');
INSERT INTO audit VALUES(2,1700000000000,2,'daemon',0,'','tenant.added','t1','');
INSERT INTO audit VALUES(3,1700000000000,2,'t1/anna',2,'192.0.2.7','account.added','anna','ROLE_MESSAGING ROLE_TENANT_ADMIN');
INSERT INTO audit VALUES(4,1700000000000,2,'t1/anna',2,'192.0.2.7','trust.added','0000000000000000000000000000000000000001','anchor 1');
INSERT INTO audit VALUES(5,1700000000000,2,'t1/anna',2,'192.0.2.7','authority.set','0000000000000000000000000000000000000001','');
INSERT INTO audit VALUES(6,1700000000000,2,'t1/anna',2,'192.0.2.7','device.added','d','api');
INSERT INTO audit VALUES(7,1700000000000,2,'t1/anna',2,'192.0.2.7','credential.added','018bcfe5-6800-7752-9052-bd441a391d3a','PASSWORD of device number 1');
INSERT INTO audit VALUES(8,1700000000000,2,'t1/anna',2,'192.0.2.7','revocation.set','1F','');
INSERT INTO audit VALUES(9,1700000000000,2,'t1/anna',2,'192.0.2.7','option.set','c/k','');
INSERT INTO audit VALUES(10,1700000000000,2,'t1/anna',2,'192.0.2.7','policy.set','policy','1 rules');
INSERT INTO audit VALUES(11,1700000000000,2,'t1/anna',2,'192.0.2.7','request.set','r','WAITING_FOR_CONNECTION');
INSERT INTO audit VALUES(12,1700000000000,2,'t1/anna',2,'192.0.2.7','code.set','e','');
INSERT INTO audit VALUES(13,1700000000000,0,'t1/anna',2,'192.0.2.7','key.added','k','');
INSERT INTO audit VALUES(14,1700000000000,2,'t1/anna',2,'192.0.2.7','token.withdrawn','x','');
CREATE TABLE signing_keys (
    id TEXT PRIMARY KEY,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO signing_keys VALUES('k',X'01',1,0);
CREATE TABLE authorities (
    tenant INTEGER PRIMARY KEY REFERENCES tenants (number) ON DELETE CASCADE,
    anchor INTEGER NOT NULL REFERENCES anchors (number) ON DELETE CASCADE,
    sealed BLOB NOT NULL
) STRICT;
INSERT INTO authorities VALUES(2,1,X'07');
CREATE TABLE withdrawn_tokens (
    id TEXT PRIMARY KEY,
    tenant INTEGER NOT NULL REFERENCES tenants (number) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO withdrawn_tokens VALUES('x',2,4000000000);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('tenants',2);
INSERT INTO sqlite_sequence VALUES('audit',14);
INSERT INTO sqlite_sequence VALUES('accounts',1);
INSERT INTO sqlite_sequence VALUES('anchors',1);
INSERT INTO sqlite_sequence VALUES('devices',1);
INSERT INTO sqlite_sequence VALUES('credentials',1);
INSERT INTO sqlite_sequence VALUES('rules',1);
CREATE INDEX devices_by_tenant ON devices (tenant);
CREATE INDEX devices_by_name ON devices (tenant, name);
CREATE INDEX devices_by_type ON devices (tenant, type);
CREATE INDEX credentials_by_device ON credentials (device);
CREATE INDEX rules_by_position ON rules (tenant, position);
CREATE INDEX audit_by_tenant ON audit (tenant);
CREATE INDEX authorities_by_anchor ON authorities (anchor);
CREATE INDEX withdrawn_tokens_by_tenant ON withdrawn_tokens (tenant);
CREATE INDEX withdrawn_tokens_by_time ON withdrawn_tokens (expires_at);
COMMIT;
