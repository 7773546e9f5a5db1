// SPDX-License-Identifier: Apache-2.0
// The database of an authority: finding rows, appending, replacing. Whoever changes it holds the
// authority's lock.

internal import Glibc
internal import SealBytes

/// The database of an authority, `database.txt` in openssl's form.
struct AuthorityDatabase {
    /// The file.
    let path: String
    /// Whether two valid certificates must differ in their subjects.
    let isUnique: Bool
    private var stamp: FileStamp
    private var lookup: RowLookup
    private var file: DirectoryFile
    private let isWriting: Bool

    /// A database above this size is not read.
    static let bytesMax = 1 << 30
    /// Up to this size a copy of the former state is kept when rows are appended.
    static let copiedBytesMax: Int64 = 1 << 20

    /// Opens the database; whoever writes has the lock.
    init(_ settings: AuthoritySettings, isWriting: Bool) throws(PKIError) {
        path = settings.database
        self.isWriting = isWriting
        isUnique = try Self.isUnique(settings)
        if isWriting { try Self.repairTail(path) }
        file = try DirectoryFile(path, isWriting ? O_RDWR | O_APPEND : O_RDONLY)
        stamp = try file.stamp()
        lookup = try Self.lookup(path, file, stamp, isUnique: isUnique, isWriting: isWriting)
    }

    private static func lookup(
        _ path: String,
        _ file: DirectoryFile,
        _ stamp: FileStamp,
        isUnique: Bool,
        isWriting: Bool
    ) throws(PKIError) -> RowLookup {
        let place = path + ".lookup"
        if stamp.bytes > RowLookup.memoryBytesMax,
            let found = RowLookup(path: place, stamp: stamp, isWriting: isWriting)
        {
            return found
        }
        guard stamp.bytes <= Int64(bytesMax) else {
            throw PKIError(.database, "\(path) is larger than \(bytesMax) bytes")
        }
        let bytes = try file.read(at: 0, Int(stamp.bytes))
        var made = try RowLookup(building: bytes, isUnique: isUnique)
        if isWriting { try made.settle(path: place, stamp: stamp) }
        return made
    }

    /// The `.attr` file decides; without one the configuration; without both it is yes.
    static func isUnique(_ settings: AuthoritySettings) throws(PKIError) -> Bool {
        guard DirectoryFiles.exists(settings.attributes) else { return settings.isSubjectUnique }
        let bytes = try Files.read(settings.attributes, bytesMax: 65_536)
        let read = try OpenSSLConfiguration(parsing: bytes)
        guard let text = read.value("default", "unique_subject") else {
            return settings.isSubjectUnique
        }
        return yesNo(text, otherwise: true)
    }

    /// Mends a last line without its end, which a crash left.
    ///
    /// openssl passes over it, and the next line would be joined to it. A whole row gets its end
    /// back, anything else goes.
    private static func repairTail(_ path: String) throws(PKIError) {
        let file = try DirectoryFile(path, O_RDONLY)
        let size = try file.stamp().bytes
        guard size > 0, try file.read(at: size - 1, 1) != [0x0A] else { return }
        var bytes = try Files.read(path, bytesMax: bytesMax)
        let start = bytes.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        if (try? DatabaseRow(parsing: bytes[start...])) != nil {
            bytes.append(0x0A)
        } else {
            bytes.removeLast(bytes.count - start)
        }
        try DirectoryFiles.replace(path, bytes)
    }

    /// The row of a serial number, and where it is.
    func row(_ serial: SerialNumber) throws(PKIError) -> (row: DatabaseRow, place: Int64)? {
        guard let place = try lookup.place(serial) else { return nil }
        let row = try row(at: place)
        return row.serial == serial ? (row, place) : nil
    }

    /// The valid row of a subject, and where it is; the latest if there are several.
    func validRow(_ subject: String) throws(PKIError) -> (row: DatabaseRow, place: Int64)? {
        guard let place = try lookup.place(subject) else { return nil }
        let row = try row(at: place)
        return row.subject.isSame(as: subject) && row.state == .valid ? (row, place) : nil
    }

    private func row(at place: Int64) throws(PKIError) -> DatabaseRow {
        var bytes = try file.read(at: place, 1024)
        if !bytes.contains(0x0A) { bytes = try file.read(at: place, DatabaseRow.bytesMax + 1) }
        guard let end = bytes.firstIndex(of: 0x0A) else {
            throw PKIError(.database, "\(path) has no whole line at \(place)")
        }
        return try DatabaseRow(parsing: bytes[..<end])
    }

    /// Every row.
    static func all(_ settings: AuthoritySettings) throws(PKIError) -> [DatabaseRow] {
        try DatabaseScan.all(try Files.read(settings.database, bytesMax: bytesMax))
    }

    /// Changes rows where they are, and appends others; all of it is safe when this returns.
    ///
    /// Rows that are only appended cost what they are long; a changed row costs a new file.
    mutating func commit(
        changes: [Int64: DatabaseRow],
        adding rows: [DatabaseRow]
    ) throws(PKIError) {
        guard isWriting, try FileStamp.of(path) == stamp else {
            throw PKIError(
                .database,
                "\(path) was changed by another program at the same time",
                hint: "openssl ca takes no lock; run the command again when it is done"
            )
        }
        if changes.isEmpty {
            if !rows.isEmpty { try append(rows) }
        } else {
            try rewrite(changes, rows)
        }
    }

    private mutating func append(_ rows: [DatabaseRow]) throws(PKIError) {
        if stamp.bytes <= Self.copiedBytesMax { try DirectoryFiles.keepCopy(path) }
        try lookup.invalidate()
        var bytes: [UInt8] = []
        var places: [(row: DatabaseRow, place: Int64)] = []
        for row in rows {
            places.append((row, stamp.bytes + Int64(bytes.count)))
            bytes += row.line
        }
        do throws(PKIError) {
            try file.write(bytes)
            try file.sync()
        } catch {
            // What a full disk left of a line goes again.
            ftruncate(file.descriptor, Int(stamp.bytes))
            throw error
        }
        stamp = try file.stamp()
        try lookup.add(places, path: path + ".lookup", stamp: stamp)
    }

    private mutating func rewrite(
        _ changes: [Int64: DatabaseRow],
        _ rows: [DatabaseRow]
    ) throws(PKIError) {
        let old = try file.read(at: 0, Int(stamp.bytes))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(old.count + changes.count * 64 + rows.count * 100)
        var position = 0
        for (place, row) in changes.sorted(by: { $0.key < $1.key }) {
            let start = Int(place)
            guard start >= position, start < old.count,
                let end = old[start...].firstIndex(of: 0x0A)
            else { throw PKIError(.database, "\(path) has no line at \(place)") }
            bytes += old[position..<start]
            bytes += row.line
            position = end + 1
        }
        bytes += old[position...]
        for row in rows { bytes += row.line }
        // What openssl would refuse is refused before it is written.
        var made = try RowLookup(building: bytes, isUnique: isUnique)
        try lookup.invalidate()
        try DirectoryFiles.replace(path, bytes)
        file = try DirectoryFile(path, O_RDWR | O_APPEND)
        stamp = try file.stamp()
        try made.settle(path: path + ".lookup", stamp: stamp)
        lookup = made
    }
}

/// The files that hold the next number.
enum SerialFile {
    /// The next number of a file.
    static func read(_ path: String, _ what: String) throws(PKIError) -> SerialNumber {
        guard DirectoryFiles.exists(path) else {
            throw PKIError(
                .serialNumber,
                "the file \(path) with the next \(what) is not there",
                hint: "sealwire ca adopt makes it"
            )
        }
        let bytes = try Files.read(path, bytesMax: 4096)
        let line = bytes.prefix { $0 != 0x0A && $0 != 0x0D }
        let digits = String(decoding: line, as: UTF8.self)
        guard digits.utf8.count % 2 == 0, let number = SerialNumber(hexadecimal: digits) else {
            throw PKIError(
                .serialNumber,
                "\(path) must hold an even number of hexadecimal digits, as in 1000"
            )
        }
        return number
    }

    /// Says which number is next; safe when this returns.
    static func write(_ number: SerialNumber, _ path: String) throws(PKIError) {
        try DirectoryFiles.replace(path, Array("\(number.hexadecimal)\n".utf8))
    }
}
