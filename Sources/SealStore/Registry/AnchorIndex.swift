// SPDX-License-Identifier: Apache-2.0
// The keys of all trust anchors in memory, so that the question whether a certificate is one costs
// no disk: for most certificates that are shown the answer is no.

/// What finds one anchor.
struct AnchorMark: Sendable, Equatable {
    var number: Int64
    var tenant: UInt32
    var sha256: Digest256
    var subjectKey: Digest256

    /// Nil when a digest has not 32 bytes.
    init?(number: Int64, tenant: UInt32, sha256: [UInt8], subjectKey: [UInt8]) {
        guard let sha256 = Digest256(sha256), let subjectKey = Digest256(subjectKey) else {
            return nil
        }
        self.number = number
        self.tenant = tenant
        self.sha256 = sha256
        self.subjectKey = subjectKey
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
struct AnchorIndex: Sendable {
    private var bySHA256: [Digest256: [Int64]] = [:]
    private var bySubject: [Digest256: [Int64]] = [:]
    private var marks: [Int64: AnchorMark] = [:]

    init(_ all: [AnchorMark]) {
        for mark in all { add(mark) }
    }

    func numbers(sha256: [UInt8]) -> [Int64] {
        Digest256(sha256).flatMap { bySHA256[$0] } ?? []
    }

    func numbers(subjectKey: [UInt8]) -> [Int64] {
        Digest256(subjectKey).flatMap { bySubject[$0] } ?? []
    }

    mutating func add(_ mark: AnchorMark) {
        marks[mark.number] = mark
        bySHA256[mark.sha256, default: []].append(mark.number)
        bySubject[mark.subjectKey, default: []].append(mark.number)
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
        _ table: inout [Digest256: [Int64]]
    ) {
        table[digest]?.removeAll { $0 == number }
        if table[digest]?.isEmpty == true { table[digest] = nil }
    }
}
