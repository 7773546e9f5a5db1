// SPDX-License-Identifier: Apache-2.0
// One row of an answer, read column by column in the order of the SELECT.

internal import CSQLite
internal import SealBroker
internal import SealBytes

/// A row, valid until the statement goes on.
struct Row {
    private let statement: OpaquePointer
    private var column: Int32 = 0

    init(_ statement: OpaquePointer) { self.statement = statement }

    private mutating func next() -> Int32 {
        column += 1
        return column - 1
    }

    mutating func integer() -> Int64 {
        // SAFETY: the statement stands on a row; SQLite answers 0 for a column that is not there.
        unsafe sqlite3_column_int64(statement, next())
    }

    mutating func flag() -> Bool { integer() != 0 }

    /// A number that fits 32 bits unless the file is damaged.
    mutating func tenant() throws(RegistryError) -> UInt32 {
        guard let number = UInt32(exactly: integer()) else { throw Self.damaged("a tenant number") }
        return number
    }

    mutating func name() -> Name { Name(text()) }

    mutating func text() -> String { optionalText() ?? "" }

    mutating func optionalText() -> String? {
        let index = next()
        // SAFETY: the pointer is good until the next call for this statement, and the text has as
        // many bytes as SQLite says after it was asked for the text.
        guard let start = unsafe sqlite3_column_text(statement, index) else { return nil }
        let count = unsafe sqlite3_column_bytes(statement, index)
        let bytes = unsafe UnsafeBufferPointer(start: start, count: Int(count))
        return unsafe String(decoding: bytes, as: UTF8.self)
    }

    mutating func bytes() -> [UInt8] {
        let index = next()
        // SAFETY: as above; an empty blob has no pointer.
        guard let start = unsafe sqlite3_column_blob(statement, index) else { return [] }
        let count = unsafe sqlite3_column_bytes(statement, index)
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: Int(count)))
    }

    /// A word that stands for a case.
    mutating func word<Value: RawRepresentable>(
        _ type: Value.Type
    ) throws(RegistryError) -> Value where Value.RawValue == String {
        guard let value = Value(rawValue: text()) else { throw Self.damaged("\(Value.self)") }
        return value
    }

    static func damaged(_ what: String) -> RegistryError {
        RegistryError(.storage, "the registry is damaged: a row holds no \(what) where one belongs")
    }
}
