// SPDX-License-Identifier: Apache-2.0
// The registry on SQLite: one writer, readers that do not wait for it, and what is known by heart.
// What can be asked stands in its extensions, what can be changed in RegistryTransaction.

internal import Glibc
public import SealBroker
internal import SealBytes
public import SealTelemetry
internal import Synchronization

/// The registry of identities in an SQLite file, which no second process has open meanwhile.
public final class SQLiteRegistry: Registry {
    /// What it holds at most.
    public let limits: RegistryLimits
    /// The path; `:memory:` for one that is gone with its object.
    public let path: String

    let cache: Locked<RegistryCache>
    private let writer: Locked<Writer>
    private let readers = Locked<[Connection]>([])
    private let observer = Locked<Observer?>(nil)
    private let file: RegistryFile?
    private let clock: @Sendable () -> Int64
    private let counters: DaemonCounters?
    /// In memory there is one connection for everybody.
    private let memory: Connection?
    /// The thread that is inside of `change`; 0 when none is.
    private let changingThread = Atomic<UInt>(0)

    /// Called after a commit with what was changed; it hands back what came of it.
    public typealias Observer = @Sendable ([IdentityChange]) -> ChangeEffect

    /// More idle readers are closed again.
    private static let idleReadersMax = 16

    private struct Writer: Sendable {
        var connection: Connection
        var tallies: Tallies
        var changeNumber: UInt64 = 0
    }

    /// Opens a registry or makes a new one; its limits that are hit are counted as `registry`.
    public convenience init(
        path: String,
        limits: RegistryLimits = RegistryLimits(),
        counters: DaemonCounters? = nil
    ) throws(RegistryError) {
        try self.init(
            path: path,
            limits: limits,
            counters: counters,
            steps: Schema.steps,
            clock: WallClock.now
        )
    }

    init(
        path: String,
        limits: RegistryLimits,
        counters: DaemonCounters? = nil,
        steps: [String],
        clock: @escaping @Sendable () -> Int64
    ) throws(RegistryError) {
        let isInMemory = path == ":memory:"
        file = isInMemory ? nil : try RegistryFile(path)
        let connection = try Connection(path: path, mode: .writer)
        try Self.prepare(connection, isInMemory: isInMemory)
        try Schema.migrate(connection, by: steps)
        if let file, file.bytes <= limits.checkedBytesMax { try Self.check(connection) }
        let tallies = try Tallies(connection)
        cache = Locked(
            RegistryCache(
                limits,
                anchors: try connection.anchorMarks(),
                revokingTenants: try connection.revokingTenants()
            )
        )
        writer = Locked(Writer(connection: connection, tallies: tallies))
        memory = isInMemory ? connection : nil
        self.path = path
        self.limits = limits
        self.clock = clock
        self.counters = counters
    }

    private static func prepare(
        _ connection: Connection,
        isInMemory: Bool
    ) throws(RegistryError) {
        guard !isInMemory else { return }
        // Readers see the state before a change until it is committed, and never wait for it.
        guard try connection.word("PRAGMA journal_mode = WAL") == "wal" else {
            throw RegistryError(
                .storage,
                "the registry \(connection.path) lies on a file system where SQLite cannot keep "
                    + "a write-ahead log; use a local disk"
            )
        }
        // What was committed is on the disk. The log shrinks again after a large change.
        try connection.script("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;")
    }

    private static func check(_ connection: Connection) throws(RegistryError) {
        let answer = try connection.word("PRAGMA quick_check(1)")
        guard answer == "ok" else {
            throw RegistryError(
                .storage,
                "the registry \(connection.path) is damaged (\(answer)); put a backup in its place"
            )
        }
    }

    /// Sets who is told about changes: once, by the server, before anybody is let in.
    public func observe(_ observer: @escaping Observer) {
        self.observer.withLock { $0 = observer }
    }

    /// How many changes were committed since it was opened.
    public var changeNumber: UInt64 { cache.withLock { $0.changeNumber } }

    // MARK: Reading

    /// Runs a read on a connection of its own, which sees the last committed state.
    func read<Value: Sendable>(
        _ body: (Connection) throws(RegistryError) -> Value
    ) throws(RegistryError) -> Value {
        if let memory {
            // Inside of a change its own thread has the lock already.
            if isChanging { return try body(memory) }
            return try writer.withLock { (state: inout Writer) throws(RegistryError) in
                try body(state.connection)
            }
        }
        let idle = readers.withLock { $0.popLast() }
        let connection =
            if let idle { idle } else { try Connection(path: path, mode: .reader) }
        let value = try body(connection)
        // A connection that failed is not used again; it is closed here.
        readers.withLock { idle in
            if idle.count < Self.idleReadersMax { idle.append(connection) }
        }
        return value
    }

    /// Runs reads that belong together, all on the same state.
    func readTogether<Value: Sendable>(
        _ body: (Connection) throws(RegistryError) -> Value
    ) throws(RegistryError) -> Value {
        try read { (connection: Connection) throws(RegistryError) in
            guard !connection.isInTransaction else { return try body(connection) }
            try connection.script("BEGIN")
            do throws(RegistryError) {
                let value = try body(connection)
                try connection.script("COMMIT")
                return value
            } catch {
                // In memory the connection goes on, and it is the writer's.
                if connection.isInTransaction { try? connection.script("ROLLBACK") }
                throw error
            }
        }
    }

    // MARK: Changing

    /// Makes changes in one transaction; see `Registry`.
    public func change<Result: Sendable>(
        by author: Author,
        _ body: (any RegistryWriter) throws(RegistryError) -> Result
    ) throws(RegistryError) -> (result: Result, effect: ChangeEffect) {
        guard !isChanging else {
            throw RegistryError(.conflict, "a change of the registry was begun inside of another")
        }
        let (result, changes) = try writer.withLock {
            (state: inout Writer) throws(RegistryError) -> (Result, [IdentityChange]) in
            changingThread.store(Self.thread, ordering: .relaxed)
            defer { changingThread.store(0, ordering: .relaxed) }
            return try commit(&state, author, body)
        }
        guard !changes.isEmpty, let observer = observer.withLock({ $0 }) else {
            return (result, ChangeEffect())
        }
        return (result, observer(changes))
    }

    private func commit<Result>(
        _ state: inout Writer,
        _ author: Author,
        _ body: (any RegistryWriter) throws(RegistryError) -> Result
    ) throws(RegistryError) -> (Result, [IdentityChange]) {
        let connection = state.connection
        let transaction = RegistryTransaction(
            connection,
            author: author,
            now: clock(),
            limits: limits,
            tallies: state.tallies,
            changeNumber: state.changeNumber
        )
        let rowsBefore = connection.changedRows
        try connection.script("BEGIN IMMEDIATE")
        defer {
            let hits = transaction.limitHits
            if hits > 0 { counters?.count { $0.limitHits.add(.registry, hits) } }
            transaction.end()
        }
        let result: Result
        do throws(RegistryError) {
            result = try body(transaction)
            try transaction.finish()
            try connection.script("COMMIT")
        } catch {
            // When the disk fails, SQLite may have rolled back by itself.
            if connection.isInTransaction { try? connection.script("ROLLBACK") }
            throw error
        }
        guard connection.changedRows != rowsBefore else { return (result, []) }
        var changes = transaction.changes
        for index in changes.indices {
            changes[index].number = state.changeNumber + UInt64(index) + 1
        }
        let newest = state.changeNumber + UInt64(max(changes.count, 1))
        state.tallies.apply(transaction.takeTallies())
        state.changeNumber = newest
        cache.withLock { cache in
            cache.publish(
                transaction.touches,
                moves: transaction.moves,
                revokingTenants: transaction.revokingTenants,
                changeNumber: newest
            )
        }
        return (result, changes)
    }

    /// This thread is inside of `change`.
    var isChanging: Bool { changingThread.load(ordering: .relaxed) == Self.thread }

    private static var thread: UInt { UInt(pthread_self()) }
}
