// SPDX-License-Identifier: Apache-2.0
// One connection to an SQLite file: opening, prepared statements, running them. What the statements
// say is written elsewhere.

internal import CSQLite
internal import SealBroker

/// A connection with its prepared statements.
///
/// SAFETY: one thread at a time has it. The writer's is behind the writer's
/// lock, a reader's is out of the pool while somebody uses it.
final class Connection: @unchecked Sendable {
    /// How it is opened.
    enum Mode { case writer, reader }

    /// The path as errors name it.
    let path: String
    private let handle: OpaquePointer
    private var statements: [ObjectIdentifier: OpaquePointer] = [:]

    /// Kibibytes of pages that a connection keeps in memory.
    private static let writerCacheKibibytes = 16_384
    private static let readerCacheKibibytes = 4_096
    private static let busyMilliseconds: Int32 = 5_000
    /// No value is larger: what is stored is bounded far below, so a longer one is damage.
    private static let valueBytesMax: Int32 = 16 << 20

    init(path: String, mode: Mode) throws(RegistryError) {
        self.path = path
        var opened: OpaquePointer?
        let flags =
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
            | (path == ":memory:" ? SQLITE_OPEN_CREATE : 0)
        // SAFETY: the out-parameter is a local variable; a handle that came with an error is
        // closed.
        let code = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened = unsafe opened else {
            unsafe sqlite3_close_v2(opened)
            throw Self.failure(code, path, "")
        }
        unsafe handle = opened
        // SAFETY: the handle was opened above and is closed in deinit.
        unsafe sqlite3_busy_timeout(handle, Self.busyMilliseconds)
        unsafe sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, Self.valueBytesMax)
        let hardened = unsafe seal_sqlite_harden(handle)
        guard hardened == SQLITE_OK else { throw failure(hardened) }
        try script("PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;")
        switch mode {
        case .writer:
            try script(
                """
                PRAGMA foreign_keys = ON;
                PRAGMA cache_size = -\(Self.writerCacheKibibytes);
                """
            )
        case .reader:
            try script(
                "PRAGMA query_only = ON; PRAGMA cache_size = -\(Self.readerCacheKibibytes);"
            )
        }
    }

    deinit {
        // SAFETY: nobody else has the connection any more; its statements go first.
        for statement in statements.values { unsafe sqlite3_finalize(statement) }
        unsafe sqlite3_close_v2(handle)
    }

    // MARK: Running

    /// Runs statements without values and answers.
    func script(_ text: String) throws(RegistryError) {
        // SAFETY: the text lives during the call; nothing is called back.
        let code = unsafe sqlite3_exec(handle, text, nil, nil, nil)
        guard code == SQLITE_OK else { throw failure(code) }
    }

    /// Runs a statement that changes; how many rows it changed.
    @discardableResult
    func run(_ query: Query, _ values: [StoredValue] = []) throws(RegistryError) -> Int {
        let statement = try unsafe prepared(query, values)
        // SAFETY: the statement is this connection's own, and reset before it is used again.
        defer { unsafe sqlite3_reset(statement) }
        while true {
            let code = unsafe sqlite3_step(statement)
            if code == SQLITE_DONE { break }
            guard code == SQLITE_ROW else { throw failure(code) }
        }
        return unsafe Int(sqlite3_changes64(handle))
    }

    /// The first row of the answer.
    func first<Value>(
        _ query: Query,
        _ values: [StoredValue] = [],
        _ read: (inout Row) throws(RegistryError) -> Value
    ) throws(RegistryError) -> Value? {
        let statement = try unsafe prepared(query, values)
        // SAFETY: as above; the row is not used after this call.
        defer { unsafe sqlite3_reset(statement) }
        let code = unsafe sqlite3_step(statement)
        if code == SQLITE_DONE { return nil }
        guard code == SQLITE_ROW else { throw failure(code) }
        var row = unsafe Row(statement)
        return try read(&row)
    }

    /// All rows of the answer.
    func all<Value>(
        _ query: Query,
        _ values: [StoredValue] = [],
        _ read: (inout Row) throws(RegistryError) -> Value
    ) throws(RegistryError) -> [Value] {
        let statement = try unsafe prepared(query, values)
        // SAFETY: as above.
        defer { unsafe sqlite3_reset(statement) }
        var found: [Value] = []
        while true {
            let code = unsafe sqlite3_step(statement)
            if code == SQLITE_DONE { return found }
            guard code == SQLITE_ROW else { throw failure(code) }
            var row = unsafe Row(statement)
            found.append(try read(&row))
        }
    }

    /// The number in the first column of the first row; 0 without one.
    func number(_ query: Query, _ values: [StoredValue] = []) throws(RegistryError) -> Int64 {
        try first(query, values) { (row: inout Row) in row.integer() } ?? 0
    }

    /// The answer of a statement that is not kept, such as a PRAGMA.
    func word(_ text: String) throws(RegistryError) -> String {
        var statement: OpaquePointer?
        // SAFETY: the statement is a local one and finalized here.
        defer { unsafe sqlite3_finalize(statement) }
        let code = unsafe sqlite3_prepare_v2(handle, text, -1, &statement, nil)
        guard code == SQLITE_OK, let ready = unsafe statement else { throw failure(code) }
        let step = unsafe sqlite3_step(ready)
        if step == SQLITE_DONE { return "" }
        guard step == SQLITE_ROW else { throw failure(step) }
        var row = unsafe Row(ready)
        return row.text()
    }

    /// The number of the row that was added last.
    var lastNumber: Int64 {
        // SAFETY: the handle is open.
        unsafe sqlite3_last_insert_rowid(handle)
    }

    /// How many rows were changed since the connection was opened.
    var changedRows: Int64 {
        // SAFETY: the handle is open.
        unsafe sqlite3_total_changes64(handle)
    }

    /// A transaction is open; SQLite ends one by itself when the disk fails.
    var isInTransaction: Bool {
        // SAFETY: the handle is open.
        unsafe sqlite3_get_autocommit(handle) == 0
    }

    // MARK: Preparing

    private func prepared(
        _ query: Query,
        _ values: [StoredValue]
    ) throws(RegistryError) -> OpaquePointer {
        let name = ObjectIdentifier(query)
        let statement: OpaquePointer
        if let known = unsafe statements[name] {
            unsafe statement = known
        } else {
            var made: OpaquePointer?
            // SAFETY: the statement is kept in the table and finalized in deinit.
            let code = unsafe sqlite3_prepare_v3(
                handle,
                query.text,
                -1,
                UInt32(SQLITE_PREPARE_PERSISTENT),
                &made,
                nil
            )
            guard code == SQLITE_OK, let made = unsafe made else { throw failure(code) }
            unsafe statements[name] = made
            unsafe statement = made
        }
        var index: Int32 = 0
        for value in values {
            index += 1
            let code = unsafe bind(value, index, statement)
            guard code == SQLITE_OK else { throw failure(code) }
        }
        return unsafe statement
    }

    private func bind(_ value: StoredValue, _ index: Int32, _ statement: OpaquePointer) -> Int32 {
        // SAFETY: SQLite copies text and bytes during the call.
        switch value {
        case .null: return unsafe sqlite3_bind_null(statement, index)
        case .integer(let number): return unsafe sqlite3_bind_int64(statement, index, number)
        case .text(var text):
            return text.withUTF8 { bytes in
                unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                    unsafe seal_sqlite_bind_text(
                        statement,
                        index,
                        characters.baseAddress,
                        UInt64(characters.count)
                    )
                }
            }
        case .bytes(let bytes):
            return unsafe bytes.withUnsafeBytes { buffer in
                unsafe seal_sqlite_bind_blob(
                    statement,
                    index,
                    buffer.baseAddress,
                    UInt64(buffer.count)
                )
            }
        }
    }

    // MARK: Failing

    private func failure(_ code: Int32) -> RegistryError {
        // SAFETY: the message is copied before the handle is used again.
        Self.failure(code, path, unsafe String(cString: sqlite3_errmsg(handle)))
    }

    /// What a result code means, as a sentence.
    private static func failure(_ code: Int32, _ path: String, _ message: String) -> RegistryError {
        switch code {
        case seal_sqlite_unique, seal_sqlite_primary_key:
            return RegistryError(.duplicate, message)
        case seal_sqlite_foreign_key:
            return RegistryError(.notFound, "what it belongs to is not in the registry")
        default: break
        }
        let sentence =
            switch code & 0xFF {
            case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT:
                "the registry \(path) is damaged (\(message)); put a backup in its place"
            case SQLITE_FULL: "the disk that holds the registry \(path) is full"
            case SQLITE_BUSY, SQLITE_LOCKED: "another program holds the registry \(path)"
            case SQLITE_CANTOPEN: "the registry \(path) cannot be opened"
            case SQLITE_READONLY, SQLITE_PERM: "the registry \(path) cannot be written"
            case SQLITE_NOMEM: "there is no memory left for the registry \(path)"
            case SQLITE_TOOBIG: "a value of the registry \(path) is larger than SQLite takes"
            default: "the registry \(path) failed: \(message)"
            }
        return RegistryError(.storage, sentence)
    }
}
