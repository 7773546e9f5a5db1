// SPDX-License-Identifier: Apache-2.0
// Object identifiers: as bytes, as dotted numbers, and by name. The names are in OIDNames.

/// An object identifier (X.660).
public struct OID: Hashable, Sendable, CustomStringConvertible {
    /// The contents of its encoding.
    let bytes: [UInt8]

    /// A longer one is not read.
    static let bytesMax = 128

    /// Reads the contents of an encoded identifier.
    init(reading contents: ArraySlice<UInt8>, _ what: String) throws(PKIError) {
        guard let last = contents.last, last & 0x80 == 0 else {
            throw DERReader.fault(what, "is not an object identifier")
        }
        guard contents.count <= Self.bytesMax else {
            throw DERReader.fault(what, "is an object identifier of more than 128 bytes")
        }
        var isStart = true
        for byte in contents {
            if isStart, byte == 0x80 {
                throw DERReader.fault(what, "is an object identifier with padding (not DER)")
            }
            isStart = byte & 0x80 == 0
        }
        bytes = Array(contents)
    }

    /// Reads dotted numbers; arcs larger than 2^31 are not taken.
    public init?(_ dotted: String) {
        var arcs: [Int] = []
        for part in dotted.split(separator: ".", omittingEmptySubsequences: false) {
            guard let arc = Int(part), arc >= 0, arc <= 1 << 31, !part.hasPrefix("+") else {
                return nil
            }
            arcs.append(arc)
        }
        guard arcs.count >= 2, arcs.count <= 32, arcs[0] <= 2, arcs[0] == 2 || arcs[1] < 40 else {
            return nil
        }
        var all = Self.encoded(arcs[0] * 40 + arcs[1])
        for arc in arcs.dropFirst(2) { all += Self.encoded(arc) }
        bytes = all
    }

    /// An identifier of this module's tables.
    init(known dotted: StaticString) {
        bytes = OID("\(dotted)")?.bytes ?? []
    }

    private static func encoded(_ arc: Int) -> [UInt8] {
        var digits = [UInt8(truncatingIfNeeded: arc & 0x7F)]
        var rest = arc >> 7
        while rest > 0 {
            digits.append(UInt8(truncatingIfNeeded: rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return digits.reversed()
    }

    /// The encoded value.
    var der: [UInt8] { DERWriter.value(DERTag.oid, bytes) }

    /// The dotted numbers.
    public var description: String {
        var arcs: [String] = []
        var arc: [UInt8] = []
        for byte in bytes {
            arc.append(byte & 0x7F)
            guard byte & 0x80 == 0 else { continue }
            if arcs.isEmpty {
                arcs += Self.firstArcs(arc)
            } else {
                arcs.append(Self.decimal(arc))
            }
            arc = []
        }
        return arcs.joined(separator: ".")
    }

    /// The first two arcs share a number.
    private static func firstArcs(_ digits: [UInt8]) -> [String] {
        guard digits.count <= 8 else { return ["2", decimal(digits) + "-80"] }
        let value = digits.reduce(0) { $0 << 7 | Int($1) }
        if value < 80 { return [String(value / 40), String(value % 40)] }
        return ["2", String(value - 80)]
    }

    /// Digits of seven bits as a decimal number.
    private static func decimal(_ digits: [UInt8]) -> String {
        if digits.count <= 8 { return String(digits.reduce(0) { $0 << 7 | Int($1) }) }
        var bytes: [UInt8] = []
        var bits = 0
        var held: UInt16 = 0
        for digit in digits.reversed() {
            held |= UInt16(digit) << UInt16(bits)
            bits += 7
            if bits >= 8 {
                bytes.append(UInt8(truncatingIfNeeded: held))
                held >>= 8
                bits -= 8
            }
        }
        if bits > 0 { bytes.append(UInt8(truncatingIfNeeded: held)) }
        return DecimalDigits.unsigned(bytes.reversed()) ?? "?"
    }
}
