// SPDX-License-Identifier: Apache-2.0
// Reading ASN.1 as it stands in PKCS #12: DER, and the BER that older programs write (values of
// unsaid length, octet strings in pieces). What the values mean is read elsewhere.

/// The bytes do not follow the encoding rules.
struct BERError: Error, Equatable {
    /// What is wrong, as the end of a sentence.
    let what: String

    init(_ what: String) { self.what = what }
}

/// One value: its tag and what is in it.
struct BERValue {
    /// The tag's only byte; tags of several bytes are refused.
    let tag: UInt8
    /// The content, without the marks of an unsaid length.
    let content: ArraySlice<UInt8>

    var isConstructed: Bool { tag & 0x20 != 0 }
}

/// The tags that are met.
enum BERTag {
    static let integer: UInt8 = 0x02
    static let octets: UInt8 = 0x04
    static let null: UInt8 = 0x05
    static let number: UInt8 = 0x06
    static let text: UInt8 = 0x0C
    static let wideText: UInt8 = 0x1E
    static let sequence: UInt8 = 0x30
    static let set: UInt8 = 0x31
    /// Context-specific tag 0, primitive and constructed.
    static let zero: UInt8 = 0x80
    static let zeroConstructed: UInt8 = 0xA0
}

/// Reads one value after another.
struct BERReader {
    private var rest: ArraySlice<UInt8>
    private let depthMax: Int

    init(_ bytes: ArraySlice<UInt8>, depthMax: Int = KeystoreLimits.standard.depthMax) {
        rest = bytes
        self.depthMax = depthMax
    }

    init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    var isAtEnd: Bool { rest.isEmpty }

    /// The tag of the next value.
    var nextTag: UInt8? { rest.first }

    /// The next value, whatever it is.
    mutating func read() throws(BERError) -> BERValue {
        try Self.value(&rest, depth: depthMax)
    }

    /// The next value, which must have the tag.
    mutating func read(_ tag: UInt8, _ what: String) throws(BERError) -> ArraySlice<UInt8> {
        guard let next = rest.first else { throw BERError("\(what) is missing") }
        guard next == tag else { throw BERError("\(what) is something else (tag \(next))") }
        return try read().content
    }

    /// The next value with its tag and length, as it is encoded.
    mutating func readWhole() throws(BERError) -> ArraySlice<UInt8> {
        let before = rest
        _ = try read()
        return before[before.startIndex..<rest.startIndex]
    }

    /// A reader over the content of the next value, which must be a sequence.
    mutating func sequence(_ what: String) throws(BERError) -> BERReader {
        BERReader(try read(BERTag.sequence, what), depthMax: depthMax)
    }

    /// A reader over some content.
    func inside(_ content: ArraySlice<UInt8>) -> BERReader {
        BERReader(content, depthMax: depthMax)
    }

    /// An integer that is not negative and fits.
    mutating func integer(_ what: String) throws(BERError) -> Int {
        let bytes = try read(BERTag.integer, what)
        guard let first = bytes.first, first < 0x80 else {
            throw BERError("\(what) is negative or empty")
        }
        guard bytes.count <= 7 else { return .max }
        return bytes.reduce(0) { $0 << 8 | Int($1) }
    }

    /// The bytes of an octet string, joined when it is in pieces.
    mutating func octets(_ what: String) throws(BERError) -> [UInt8] {
        let value = try next(what)
        guard value.tag & ~0x20 == BERTag.octets else {
            throw BERError("\(what) is something else (tag \(value.tag))")
        }
        return try Self.joined(value, what, depth: depthMax)
    }

    /// The bytes of an octet string under the implicit tag 0.
    mutating func implicitOctets(_ what: String) throws(BERError) -> [UInt8] {
        let value = try next(what)
        guard value.tag & ~0x20 == BERTag.zero else {
            throw BERError("\(what) is something else (tag \(value.tag))")
        }
        return try Self.joined(value, what, depth: depthMax)
    }

    /// Refuses what is left.
    func end(_ what: String) throws(BERError) {
        guard rest.isEmpty else { throw BERError("\(rest.count) bytes follow \(what)") }
    }

    private mutating func next(_ what: String) throws(BERError) -> BERValue {
        guard !rest.isEmpty else { throw BERError("\(what) is missing") }
        return try read()
    }

    private static func joined(
        _ value: BERValue,
        _ what: String,
        depth: Int
    ) throws(BERError) -> [UInt8] {
        guard value.isConstructed else { return Array(value.content) }
        guard depth > 0 else { throw BERError("\(what) is in pieces of pieces") }
        var all: [UInt8] = []
        var rest = value.content
        while !rest.isEmpty {
            let piece = try Self.value(&rest, depth: depth)
            guard piece.tag & ~0x20 == BERTag.octets else {
                throw BERError("\(what) has a piece of another kind")
            }
            all += try joined(piece, what, depth: depth - 1)
        }
        return all
    }

    // X.690 §8.1: tag, length, content.
    private static func value(
        _ rest: inout ArraySlice<UInt8>,
        depth: Int
    ) throws(BERError) -> BERValue {
        guard let tag = rest.popFirst(), let first = rest.popFirst() else {
            throw BERError("a value is cut off")
        }
        guard tag & 0x1F != 0x1F else { throw BERError("a tag has several bytes") }
        if first == 0x80 {
            guard tag & 0x20 != 0 else { throw BERError("a plain value has no length") }
            return BERValue(tag: tag, content: try untilMark(&rest, depth: depth))
        }
        var length = Int(first)
        if first > 0x80 {
            guard first <= 0x84, rest.count >= Int(first & 0x7F) else {
                throw BERError("a length cannot be read")
            }
            length = 0
            for _ in 0..<Int(first & 0x7F) { length = length << 8 | Int(rest.popFirst() ?? 0) }
        }
        guard length <= rest.count else {
            throw BERError("a value of \(length) bytes is cut off after \(rest.count)")
        }
        let content = rest.prefix(length)
        rest = rest.dropFirst(length)
        return BERValue(tag: tag, content: content)
    }

    /// What stands before the two zero bytes that end a value of unsaid length (X.690 §8.1.3.6).
    private static func untilMark(
        _ rest: inout ArraySlice<UInt8>,
        depth: Int
    ) throws(BERError) -> ArraySlice<UInt8> {
        guard depth > 0 else { throw BERError("values lie too deep in one another") }
        let whole = rest
        let start = rest.startIndex
        while true {
            if rest.starts(with: [0, 0]) {
                let content = whole[start..<rest.startIndex]
                rest = rest.dropFirst(2)
                return content
            }
            _ = try value(&rest, depth: depth - 1)
        }
    }
}
