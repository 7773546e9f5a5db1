// SPDX-License-Identifier: Apache-2.0
// Reading DER (X.690 §10) strictly: one encoding for one value. What the values mean is the
// callers' business.

/// The tags that certificates use.
enum DERTag {
    static let boolean: UInt8 = 0x01
    static let integer: UInt8 = 0x02
    static let bitString: UInt8 = 0x03
    static let octetString: UInt8 = 0x04
    static let null: UInt8 = 0x05
    static let oid: UInt8 = 0x06
    static let enumerated: UInt8 = 0x0A
    static let utcTime: UInt8 = 0x17
    static let generalizedTime: UInt8 = 0x18
    static let sequence: UInt8 = 0x30
    static let set: UInt8 = 0x31

    /// A context tag of a primitive value.
    static func context(_ number: UInt8) -> UInt8 { 0x80 | number }

    /// A context tag of a constructed value.
    static func constructed(_ number: UInt8) -> UInt8 { 0xA0 | number }
}

/// One value of DER.
struct DERValue: Sendable {
    let tag: UInt8
    let contents: ArraySlice<UInt8>
    /// Tag, length and contents.
    let whole: ArraySlice<UInt8>

    /// A reader of what is inside.
    var inside: DERReader { DERReader(contents) }
}

/// A position in DER, moving forward only.
struct DERReader: Sendable {
    private var rest: ArraySlice<UInt8>

    /// A value that is longer is not read.
    static let bytesMax = 1 << 28

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    /// The next value's tag.
    var tag: UInt8? { rest.first }

    /// The next value; `what` names it in errors.
    mutating func next(_ what: String) throws(PKIError) -> DERValue {
        let from = rest
        guard let tag = rest.popFirst() else { throw Self.fault(what, "is missing") }
        guard tag & 0x1F != 0x1F else { throw Self.fault(what, "has a tag of several bytes") }
        guard let first = rest.popFirst() else { throw Self.fault(what, "ends early") }
        var count = Int(first)
        if first & 0x80 != 0 {
            let digits = Int(first & 0x7F)
            guard digits > 0 else { throw Self.fault(what, "has no definite length (not DER)") }
            guard digits <= 4 else { throw Self.fault(what, "has a length that is too large") }
            count = 0
            for index in 0..<digits {
                guard let byte = rest.popFirst() else { throw Self.fault(what, "ends early") }
                if index == 0, byte == 0 { throw Self.fault(what, "has a padded length (not DER)") }
                count = count << 8 | Int(byte)
            }
            guard count >= 0x80 else { throw Self.fault(what, "has a padded length (not DER)") }
        }
        guard count <= Self.bytesMax, count <= rest.count else {
            throw Self.fault(what, "ends early")
        }
        let contents = rest.prefix(count)
        rest = rest.dropFirst(count)
        return DERValue(tag: tag, contents: contents, whole: from[..<contents.endIndex])
    }

    /// The next value, which must have the tag.
    mutating func take(_ tag: UInt8, _ what: String) throws(PKIError) -> DERValue {
        let value = try next(what)
        guard value.tag == tag else {
            throw Self.fault(what, "has tag \(value.tag) instead of \(tag)")
        }
        return value
    }

    /// The next value when it has the tag.
    mutating func takeOptional(_ tag: UInt8, _ what: String) throws(PKIError) -> DERValue? {
        self.tag == tag ? try next(what) : nil
    }

    /// A sequence; gives back a reader of its members.
    mutating func sequence(_ what: String) throws(PKIError) -> DERReader {
        try take(DERTag.sequence, what).inside
    }

    /// A boolean, which DER writes as 0 or 255.
    mutating func boolean(_ what: String) throws(PKIError) -> Bool {
        try Self.boolean(try take(DERTag.boolean, what), what)
    }

    static func boolean(_ value: DERValue, _ what: String) throws(PKIError) -> Bool {
        guard value.contents.count == 1, let byte = value.contents.first,
            byte == 0 || byte == 0xFF
        else { throw fault(what, "is not a boolean in DER") }
        return byte == 0xFF
    }

    /// The bytes of an integer: big-endian two's complement without padding.
    mutating func integer(_ what: String) throws(PKIError) -> [UInt8] {
        try Self.integer(try take(DERTag.integer, what), what)
    }

    static func integer(_ value: DERValue, _ what: String) throws(PKIError) -> [UInt8] {
        let bytes = Array(value.contents)
        guard let first = bytes.first else { throw fault(what, "is an empty integer") }
        if bytes.count > 1 {
            let sign = bytes[1] & 0x80
            if first == 0 && sign == 0 || first == 0xFF && sign != 0 {
                throw fault(what, "is a padded integer (not DER)")
            }
        }
        return bytes
    }

    /// A number from 0 that fits an `Int`; larger ones become `Int.max`.
    mutating func count(_ what: String) throws(PKIError) -> Int {
        try Self.count(try take(DERTag.integer, what), what)
    }

    static func count(_ value: DERValue, _ what: String) throws(PKIError) -> Int {
        let bytes = try integer(value, what)
        guard bytes[0] & 0x80 == 0 else { throw fault(what, "is negative") }
        guard bytes.count <= 7 else { return .max }
        return bytes.reduce(0) { $0 << 8 | Int($1) }
    }

    /// An object identifier.
    mutating func oid(_ what: String) throws(PKIError) -> OID {
        try OID(reading: try take(DERTag.oid, what).contents, what)
    }

    /// A bit string: its bytes and how many bits of the last one are unused.
    mutating func bits(_ what: String) throws(PKIError) -> (bytes: [UInt8], unused: Int) {
        try Self.bits(try take(DERTag.bitString, what), what)
    }

    static func bits(
        _ value: DERValue,
        _ what: String
    ) throws(PKIError) -> (bytes: [UInt8], unused: Int) {
        guard let first = value.contents.first, first <= 7 else {
            throw fault(what, "is not a bit string in DER")
        }
        let bytes = Array(value.contents.dropFirst())
        let unused = Int(first)
        if let last = bytes.last {
            guard last & UInt8(truncatingIfNeeded: (1 << unused) - 1) == 0 else {
                throw fault(what, "has unused bits that are set (not DER)")
            }
        } else if unused != 0 {
            throw fault(what, "is not a bit string in DER")
        }
        return (bytes, unused)
    }

    /// The end must have come.
    func end(_ what: String) throws(PKIError) {
        guard rest.isEmpty else { throw Self.fault(what, "has \(rest.count) bytes too many") }
    }

    static func fault(_ what: String, _ why: String) -> PKIError {
        PKIError(.malformed, "\(what) \(why)")
    }
}
