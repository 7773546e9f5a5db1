// SPDX-License-Identifier: Apache-2.0
// Finding the lines of a database by serial number and by subject: in memory while the database is
// small, else in a file beside it, so that one more certificate does not cost reading all others.

internal import Glibc

/// Hashes of serial numbers and valid subjects, with the places of their lines.
///
/// It only says where to look; whoever asks reads the line and compares.
struct RowLookup {
    private enum Storage {
        case memory([UInt64: Int64])
        case table(LookupTable)
    }

    /// A database above this size has a file beside it.
    static let memoryBytesMax: Int64 = 262_144

    private var storage: Storage
    private let key: KeyedHash

    private static let serialKind: UInt8 = 1
    private static let subjectKind: UInt8 = 2

    /// Goes over the whole database; duplicates that openssl refuses are refused.
    init(building bytes: [UInt8], isUnique: Bool) throws(PKIError) {
        let random = try Cryptography.randomBytes(16)
        func word(_ from: Int) -> UInt64 {
            random[from..<(from + 8)].reduce(0) { $0 &<< 8 | UInt64($1) }
        }
        let key = KeyedHash(low: word(0), high: word(8))
        self.key = key
        var places: [UInt64: Int64] = [:]
        places.reserveCapacity(bytes.count / 40)
        try DatabaseScan.rows(bytes) { row throws(PKIError) in
            let digits = bytes[row.serial].drop { $0 == 0x30 }
            let serial = key.hash(Self.serialKind, digits.lazy.map(Self.upper))
            let place = Int64(row.line.lowerBound)
            if places.updateValue(place, forKey: serial) != nil {
                let shown = String(decoding: bytes[row.serial], as: UTF8.self)
                throw PKIError(.database, "the serial number \(shown) stands twice in the database")
            }
            guard row.state == .valid else { return }
            let subject = key.hash(Self.subjectKind, bytes[row.subject])
            if places.updateValue(place, forKey: subject) != nil, isUnique {
                let shown = String(decoding: bytes[row.subject], as: UTF8.self)
                throw PKIError(
                    .database,
                    "two valid certificates in the database have the subject \(shown)",
                    hint: "say unique_subject = no in its .attr file"
                )
            }
        }
        storage = .memory(places)
    }

    /// Opens the file beside the database if it fits the database's stamp.
    init?(path: String, stamp: FileStamp, isWriting: Bool) {
        guard let table = LookupTable(path: path, stamp: stamp, isWriting: isWriting) else {
            return nil
        }
        key = table.key
        storage = .table(table)
    }

    private static func upper(_ byte: UInt8) -> UInt8 {
        (0x61...0x66).contains(byte) ? byte &- 0x20 : byte
    }

    private func hash(_ serial: SerialNumber) -> UInt64 {
        key.hash(Self.serialKind, serial.hexadecimal.utf8.drop { $0 == 0x30 })
    }

    private func hash(_ subject: String) -> UInt64 { key.hash(Self.subjectKind, subject.utf8) }

    /// Where the line of a serial number may be.
    func place(_ serial: SerialNumber) throws(PKIError) -> Int64? { try place(hash(serial)) }

    /// Where the line of a valid certificate with this subject may be.
    func place(_ subject: String) throws(PKIError) -> Int64? { try place(hash(subject)) }

    private func place(_ hash: UInt64) throws(PKIError) -> Int64? {
        switch storage {
        case .memory(let places): places[hash]
        case .table(let table): try table.place(hash)
        }
    }

    /// Before the database changes.
    func invalidate() throws(PKIError) {
        if case .table(let table) = storage { try table.invalidate() }
    }

    /// After rows were appended.
    mutating func add(
        _ rows: [(row: DatabaseRow, place: Int64)],
        path: String,
        stamp: FileStamp
    ) throws(PKIError) {
        var added: [(UInt64, Int64)] = []
        for (row, place) in rows {
            added.append((hash(row.serial), place))
            if row.state == .valid { added.append((hash(row.subject), place)) }
        }
        switch storage {
        case .memory(var places):
            storage = .memory([:])
            for (hash, place) in added { places[hash] = place }
            storage = .memory(places)
            try settle(path: path, stamp: stamp)
        case .table(let table):
            if table.hasRoom(added.count) {
                for (hash, place) in added { try table.put(hash, place) }
                try table.validate(stamp)
            } else {
                var places = try table.all()
                for (hash, place) in added { places[hash] = place }
                storage = .memory(places)
                try settle(path: path, stamp: stamp)
            }
        }
    }

    /// Moves what is in memory into the file when the database is large.
    mutating func settle(path: String, stamp: FileStamp) throws(PKIError) {
        guard case .memory(let places) = storage, stamp.bytes > Self.memoryBytesMax else { return }
        let table = try LookupTable(writing: places, key: key, path: path, stamp: stamp)
        storage = .table(table)
    }
}

/// The file of a lookup: a head, then slots of a hash and a place, filled by open addressing.
///
/// It holds nothing that the database does not say. A file that does not fit the database's inode,
/// size and time, or that was written before the machine started, is made again.
final class LookupTable {
    let key: KeyedHash
    private let file: DirectoryFile
    private let capacity: Int
    private var count: Int

    private static let magic: UInt64 = 0x5345_414C_4944_5831
    private static let headBytes = 128
    private static let slotBytes = 16
    private static let capacityMax = 1 << 30

    /// Opens the file if it fits.
    init?(path: String, stamp: FileStamp, isWriting: Bool) {
        let flags = isWriting ? O_RDWR : O_RDONLY
        guard DirectoryFiles.exists(path), let file = try? DirectoryFile(path, flags),
            let head = try? file.read(at: 0, Self.headBytes), head.count == Self.headBytes,
            let size = try? file.stamp().bytes
        else { return nil }
        let words = Self.words(head)
        let expected = Self.identity(stamp)
        guard words[0] == Self.magic, Array(words[1..<6]) == expected,
            words[7] > 0, words[7] <= UInt64(Self.capacityMax), words[6] < words[7],
            words[7] & (words[7] - 1) == 0,
            size == Int64(Self.headBytes) + Int64(words[7]) * Int64(Self.slotBytes)
        else { return nil }
        self.file = file
        key = KeyedHash(low: words[8], high: words[9])
        capacity = Int(words[7])
        count = Int(words[6])
    }

    /// Writes a new file.
    init(
        writing places: [UInt64: Int64],
        key: KeyedHash,
        path: String,
        stamp: FileStamp
    ) throws(PKIError) {
        var capacity = 1024
        while capacity < places.count * 2 { capacity *= 2 }
        guard capacity <= Self.capacityMax else {
            throw PKIError(.database, "the database has too many lines")
        }
        var slots = [UInt64](repeating: 0, count: capacity * 2)
        for (hash, place) in places {
            var index = Int(truncatingIfNeeded: hash) & (capacity - 1)
            while slots[index * 2 + 1] != 0 { index = (index + 1) & (capacity - 1) }
            slots[index * 2] = hash
            slots[index * 2 + 1] = UInt64(place + 1)
        }
        self.key = key
        self.capacity = capacity
        count = places.count
        let fresh = path + ".new"
        file = try DirectoryFile(fresh, O_RDWR | O_CREAT | O_TRUNC, mode: 0o600)
        // SAFETY: the array is only read during the call.
        let body = unsafe slots.withUnsafeBytes { raw in unsafe [UInt8](raw) }
        try file.write(body, at: Int64(Self.headBytes))
        try validate(stamp)
        guard rename(fresh, path) == 0 else { throw systemFailure("cannot be replaced", path) }
    }

    private static func words(_ bytes: [UInt8]) -> [UInt64] {
        stride(from: 0, to: bytes.count - 7, by: 8).map { start in
            bytes[start..<(start + 8)].reversed().reduce(0) { $0 &<< 8 | UInt64($1) }
        }
    }

    private static func bytes(_ words: [UInt64]) -> [UInt8] {
        words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word &>> ($0 * 8)) } }
    }

    /// The start of the machine, and what tells that the database is still the same.
    private static func identity(_ stamp: FileStamp) -> [UInt64] {
        let start = (try? Files.read("/proc/sys/kernel/random/boot_id", bytesMax: 64)) ?? []
        let hash = KeyedHash(low: 0, high: 0)
        let first = start.isEmpty ? UInt64.random(in: 0 ... .max) : hash.hash(0, start)
        return [
            first, hash.hash(1, start), stamp.inode, UInt64(bitPattern: stamp.bytes),
            UInt64(bitPattern: stamp.changedNanoseconds),
        ]
    }

    func invalidate() throws(PKIError) {
        try file.write([UInt8](repeating: 0, count: 8), at: 0)
    }

    func validate(_ stamp: FileStamp) throws(PKIError) {
        let words =
            [Self.magic] + Self.identity(stamp)
            + [UInt64(count), UInt64(capacity), key.low, key.high]
        var head = Self.bytes(words)
        head += [UInt8](repeating: 0, count: Self.headBytes - head.count)
        try file.write(head, at: 0)
    }

    func hasRoom(_ more: Int) -> Bool { (count + more) * 4 <= capacity * 3 }

    private func offset(_ slot: Int) -> Int64 {
        Int64(Self.headBytes) + Int64(slot) * Int64(Self.slotBytes)
    }

    /// The slot of a hash, or the empty one it would be put into.
    private func find(_ hash: UInt64) throws(PKIError) -> (slot: Int, place: Int64?) {
        var slot = Int(truncatingIfNeeded: hash) & (capacity - 1)
        for _ in 0...capacity {
            let bytes = try file.read(at: offset(slot), Self.slotBytes)
            guard bytes.count == Self.slotBytes else {
                throw PKIError(.database, "\(file.path) is too short; remove it")
            }
            let words = Self.words(bytes)
            if words[1] == 0 { return (slot, nil) }
            if words[0] == hash, words[1] <= UInt64(Int64.max) {
                return (slot, Int64(words[1]) - 1)
            }
            slot = (slot + 1) & (capacity - 1)
        }
        throw PKIError(.database, "\(file.path) is full; remove it")
    }

    func place(_ hash: UInt64) throws(PKIError) -> Int64? { try find(hash).place }

    func put(_ hash: UInt64, _ place: Int64) throws(PKIError) {
        let found = try find(hash)
        try file.write(Self.bytes([hash, UInt64(place + 1)]), at: offset(found.slot))
        if found.place == nil { count += 1 }
    }

    /// Everything in it.
    func all() throws(PKIError) -> [UInt64: Int64] {
        let bytes = try file.read(at: Int64(Self.headBytes), capacity * Self.slotBytes)
        let words = Self.words(bytes)
        var places: [UInt64: Int64] = [:]
        for index in stride(from: 0, to: words.count - 1, by: 2)
        where words[index + 1] != 0 && words[index + 1] <= UInt64(Int64.max) {
            places[words[index]] = Int64(words[index + 1]) - 1
        }
        return places
    }
}
