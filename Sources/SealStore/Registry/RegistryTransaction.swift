// SPDX-License-Identifier: Apache-2.0
// One change of the registry while it is made: the transaction, its audit records, and what must be
// done when it is committed. What can be changed stands in its extensions, noun by noun.

internal import SealBroker
internal import SealBytes

/// The writer of one change.
///
/// SAFETY: it is handed to the body of `change` alone, which runs on one
/// thread under the writer's lock; afterwards every call is refused.
final class RegistryTransaction: RegistryWriter, IdentityDirectory, @unchecked Sendable {
    let author: Author
    /// When the change happens, in milliseconds since 1970.
    let now: Int64
    let limits: RegistryLimits
    /// The number of changes before this one.
    let changeNumber: UInt64

    /// What is told to the observer; numbered at the commit.
    private(set) var changes: [IdentityChange] = []
    private(set) var touches = CacheTouches.some([])
    private(set) var moves: [AnchorMove] = []
    /// The tenants that revoked something.
    private(set) var revokingTenants: Set<UInt32> = []
    var tallies: TallyChanges
    private var removedTenants: Set<UInt32> = []
    private var connection: Connection?
    /// The first failure of the disk or the database: what came before it may be gone, so nothing
    /// is committed, even if the body goes on.
    private var failure: RegistryError?
    private var isBulk = false
    /// How often another tenant was told about a registration of the same.
    private var rivalNotes = 0
    /// So many are told in one change.
    static let rivalNotesMax = 100
    /// How often a limit was hit, also by what was undone.
    private(set) var limitHits: UInt64 = 0

    private static let addAudit = Query(
        """
        INSERT INTO audit (time, tenant, author, author_tenant, source, act, subject, detail)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """
    )
    private static let trimAudit = Query(
        "DELETE FROM audit WHERE number <= (SELECT max(number) FROM audit) - ?"
    )

    init(
        _ connection: Connection,
        author: Author,
        now: Int64,
        limits: RegistryLimits,
        tallies: Tallies,
        changeNumber: UInt64
    ) {
        self.connection = connection
        self.author = author
        self.now = now
        self.limits = limits
        self.tallies = TallyChanges(tallies)
        self.changeNumber = changeNumber
    }

    var directory: any IdentityDirectory { self }

    /// Writes what belongs to the end of the transaction.
    func finish() throws(RegistryError) {
        let (tallies, removed) = (tallies, removedTenants)
        let auditMax = Int64(limits.auditRecordsMax)
        try with { (connection: Connection) throws(RegistryError) in
            try tallies.write(connection, without: removed)
            try connection.run(Self.trimAudit, [.integer(auditMax)])
        }
    }

    /// What was counted; can be taken once.
    func takeTallies() -> TallyChanges {
        var taken = TallyChanges(Tallies())
        swap(&taken, &tallies)
        taken.forgetBefore()
        return taken
    }

    /// From here on every call is refused.
    func end() { connection = nil }

    // MARK: Statements

    /// Runs a body with the connection, unless the change is over or has failed.
    func with<Value>(
        _ body: (Connection) throws(RegistryError) -> Value
    ) throws(RegistryError) -> Value {
        if let failure { throw failure }
        guard let connection else {
            throw RegistryError(.conflict, "the change of the registry is over")
        }
        do throws(RegistryError) {
            return try body(connection)
        } catch {
            if error.code == .storage { failure = error }
            throw error
        }
    }

    @discardableResult
    func run(_ query: Query, _ values: [StoredValue]) throws(RegistryError) -> Int {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.run(query, values)
        }
    }

    /// Adds a row; its number.
    ///
    /// The sentences say what it means that it is there already, and that it belongs to nothing.
    @discardableResult
    func insert(
        _ query: Query,
        _ values: [StoredValue],
        duplicate: @autoclosure () -> String,
        missing: @autoclosure () -> String
    ) throws(RegistryError) -> Int64 {
        do throws(RegistryError) {
            return try with { (connection: Connection) throws(RegistryError) in
                try connection.run(query, values)
                return connection.lastNumber
            }
        } catch {
            switch error.code {
            case .duplicate where error.reason.ends(with: ".uuid"):
                throw RegistryError(.duplicate, "its UUID belongs to another already")
            case .duplicate: throw RegistryError(.duplicate, duplicate())
            case .notFound: throw RegistryError(.notFound, missing())
            default: throw error
            }
        }
    }

    /// Changes a row; the sentence says what it means that another one is like this already.
    func update(
        _ query: Query,
        _ values: [StoredValue],
        duplicate: @autoclosure () -> String
    ) throws(RegistryError) {
        try insert(query, values, duplicate: duplicate(), missing: "what it belongs to is gone")
    }

    func require(
        _ amount: Int,
        below max: Int,
        _ what: @autoclosure () -> String
    ) throws(RegistryError) {
        guard amount < max else {
            limitHits += 1
            throw RegistryError(.full, "\(what()): the limit of \(max) is reached")
        }
    }

    static func noTenant(_ number: UInt32) -> String { "there is no tenant with number \(number)" }

    static func requireNoNumber(_ number: Int64) throws(RegistryError) {
        guard number == 0 else {
            throw RegistryError(.invalid, "numbers are given by the registry, never chosen")
        }
    }

    // MARK: What follows

    func touch(_ touch: CacheTouch) {
        if case .revocation(let tenant, _) = touch { revokingTenants.insert(tenant) }
        touches.add(touch)
    }

    func move(_ move: AnchorMove) { moves.append(move) }

    func forget(tenant: UInt32) {
        removedTenants.insert(tenant)
        tallies.clear(tenant)
    }

    /// Tells that something was changed, taken away or removed.
    func tell(
        _ subject: IdentityChange.Subject,
        _ tenant: UInt32,
        isWithdrawal: Bool,
        isRemoval: Bool = false
    ) {
        changes.append(
            IdentityChange(
                number: 0,
                tenant: tenant,
                subject: subject,
                isWithdrawal: isWithdrawal,
                isRemoval: isRemoval
            )
        )
    }

    /// Tells that something is new.
    func tellNew(_ subject: IdentityChange.Subject, _ tenant: UInt32) {
        if !isBulk { tell(subject, tenant, isWithdrawal: false) }
    }

    /// Writes the audit record of a change.
    func note(
        _ act: String,
        _ tenant: UInt32,
        _ subject: Name,
        _ detail: String = ""
    ) throws(RegistryError) {
        guard !isBulk else { return }
        try store(
            AuditRecord(
                tenant: tenant,
                author: author,
                act: act,
                subject: subject.text,
                detail: detail
            )
        )
    }

    /// Tells another tenant that somebody registered what it has; also inside of a bulk.
    ///
    /// Nothing says who it was. The first ones of a change are written, so that a file of a million
    /// rows does not wash out the other tenant's records.
    func noteRival(
        _ tenant: UInt32,
        _ act: String,
        _ subject: String,
        _ detail: String
    ) throws(RegistryError) {
        guard rivalNotes < Self.rivalNotesMax else { return }
        rivalNotes += 1
        let isLast = rivalNotes == Self.rivalNotesMax
        try store(
            AuditRecord(
                tenant: tenant,
                author: .daemon,
                act: act,
                subject: subject,
                detail: isLast ? detail + "; more of the same change are not listed" : detail
            )
        )
    }

    func audit(_ record: AuditRecord) throws(RegistryError) {
        try Validity.text(record.act, "the act of an audit record", max: 256, min: 1)
        try Validity.text(record.subject, "an audit record", max: Validity.auditBytesMax)
        try Validity.text(record.detail, "an audit record", max: Validity.auditBytesMax)
        var record = record
        if record.author.name.isEmpty { record.author = author }
        try store(record)
    }

    private func store(_ record: AuditRecord) throws(RegistryError) {
        try run(
            Self.addAudit,
            [
                .integer(record.time == 0 ? now : record.time), StoredValue(record.tenant),
                .text(record.author.name), StoredValue(record.author.tenant),
                .text(record.author.source), .text(record.act), .text(record.subject),
                .text(record.detail),
            ]
        )
    }

    // MARK: Parts

    func inBulk(_ body: () throws(RegistryError) -> AuditRecord) throws(RegistryError) {
        guard !isBulk else {
            throw RegistryError(.conflict, "a bulk of changes was begun inside of another")
        }
        isBulk = true
        defer { isBulk = false }
        try separately { () throws(RegistryError) in try audit(try body()) }
    }

    func separately<Result>(
        _ body: () throws(RegistryError) -> Result
    ) throws(RegistryError) -> Result {
        let saved = (tallies, removedTenants, changes.count, moves.count)
        try script("SAVEPOINT part")
        do throws(RegistryError) {
            let result = try body()
            try script("RELEASE part")
            return result
        } catch {
            try script("ROLLBACK TO part")
            try script("RELEASE part")
            (tallies, removedTenants) = (saved.0, saved.1)
            changes.removeLast(changes.count - saved.2)
            moves.removeLast(moves.count - saved.3)
            throw error
        }
    }

    private func script(_ text: String) throws(RegistryError) {
        try with { (connection: Connection) throws(RegistryError) in try connection.script(text) }
    }
}
