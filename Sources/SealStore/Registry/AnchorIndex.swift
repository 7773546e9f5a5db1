// SPDX-License-Identifier: Apache-2.0
// The keys of all trust anchors in memory, so that the question whether a certificate is one costs
// no disk: for most certificates that are shown the answer is no.

internal import SealBroker

/// What finds one anchor.
struct AnchorMark: Sendable, Equatable {
    var number: Int64
    var tenant: UInt32
    var sha256: Digest256
    var subjectKey: Digest256
    /// The tenant proved that it holds the key.
    var isProved: Bool

    /// Nil when a digest has not 32 bytes.
    init?(
        number: Int64,
        tenant: UInt32,
        sha256: [UInt8],
        subjectKey: [UInt8],
        isProved: Bool
    ) {
        guard let sha256 = Digest256(sha256), let subjectKey = Digest256(subjectKey) else {
            return nil
        }
        self.number = number
        self.tenant = tenant
        self.sha256 = sha256
        self.subjectKey = subjectKey
        self.isProved = isProved
    }
}

/// 32 bytes of a digest without an allocation.
struct Digest256: Sendable, Hashable {
    private var words: (UInt64, UInt64, UInt64, UInt64)

    init?(_ bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        func word(_ start: Int) -> UInt64 {
            bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
        }
        words = (word(0), word(8), word(16), word(24))
    }

    static func == (left: Digest256, right: Digest256) -> Bool { left.words == right.words }

    func hash(into hasher: inout Hasher) {
        // A digest is spread already, but its maker may have chosen some of it.
        hasher.combine(words.0)
        hasher.combine(words.1)
    }
}

/// Which anchors have a certificate or a subject.
///
/// Under each stand those that are proved first, then the older ones.
struct AnchorIndex: Sendable {
    /// An anchor under a digest.
    private struct Entry: Sendable {
        var number: Int64
        var tenant: UInt32
        var isProved: Bool

        func stands(before other: Entry) -> Bool {
            isProved == other.isProved ? number < other.number : isProved
        }
    }

    private var bySHA256: [Digest256: [Entry]] = [:]
    private var bySubject: [Digest256: [Entry]] = [:]
    private var marks: [Int64: AnchorMark] = [:]

    init(_ all: [AnchorMark]) {
        for mark in all { add(mark) }
    }

    /// Of a tenant, or of all tenants with nil.
    func numbers(sha256: [UInt8], of tenant: UInt32?) -> [Int64] {
        Self.numbers(Digest256(sha256).flatMap { bySHA256[$0] } ?? [], tenant)
    }

    /// Of a tenant, or of all tenants with nil.
    func numbers(subjectKey: [UInt8], of tenant: UInt32?) -> [Int64] {
        Self.numbers(Digest256(subjectKey).flatMap { bySubject[$0] } ?? [], tenant)
    }

    /// As many as are looked at, and of no tenant so many that there is no room for others.
    private static func numbers(_ entries: [Entry], _ tenant: UInt32?) -> [Int64] {
        if let tenant {
            let own = entries.lazy.filter { $0.tenant == tenant }
            return own.prefix(RegistryBounds.anchorsMax).map(\.number)
        }
        if entries.count <= RegistryBounds.anchorsPerTenantMax { return entries.map(\.number) }
        var counts: [UInt32: Int] = [:]
        var numbers: [Int64] = []
        for entry in entries {
            guard numbers.count < RegistryBounds.anchorsMax else { break }
            counts[entry.tenant, default: 0] += 1
            guard counts[entry.tenant, default: 0] <= RegistryBounds.anchorsPerTenantMax else {
                continue
            }
            numbers.append(entry.number)
        }
        return numbers
    }

    mutating func add(_ mark: AnchorMark) {
        marks[mark.number] = mark
        let entry = Entry(number: mark.number, tenant: mark.tenant, isProved: mark.isProved)
        Self.add(entry, mark.sha256, &bySHA256)
        Self.add(entry, mark.subjectKey, &bySubject)
    }

    private static func add(
        _ entry: Entry,
        _ digest: Digest256,
        _ table: inout [Digest256: [Entry]]
    ) {
        var entries = table.removeValue(forKey: digest) ?? []
        let place = entries.firstIndex { entry.stands(before: $0) } ?? entries.endIndex
        entries.insert(entry, at: place)
        table[digest] = entries
    }

    mutating func remove(_ number: Int64) {
        guard let mark = marks.removeValue(forKey: number) else { return }
        Self.remove(number, mark.sha256, &bySHA256)
        Self.remove(number, mark.subjectKey, &bySubject)
    }

    mutating func removeAll(of tenant: UInt32) {
        for number in marks.values.filter({ $0.tenant == tenant }).map(\.number) { remove(number) }
    }

    private static func remove(
        _ number: Int64,
        _ digest: Digest256,
        _ table: inout [Digest256: [Entry]]
    ) {
        table[digest]?.removeAll { $0.number == number }
        if table[digest]?.isEmpty == true { table[digest] = nil }
    }
}
