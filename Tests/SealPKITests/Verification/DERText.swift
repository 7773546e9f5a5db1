// SPDX-License-Identifier: Apache-2.0
// Writing DER for tests, also wrong DER. Nothing here is taken from the code under test.

@testable import SealPKI

/// DER in pieces.
enum DER {
    static func value(_ tag: UInt8, _ contents: [UInt8]) -> [UInt8] {
        let count = contents.count
        if count < 0x80 { return [tag, UInt8(count)] + contents }
        if count < 0x100 { return [tag, 0x81, UInt8(count)] + contents }
        if count < 0x10000 {
            return [tag, 0x82, UInt8(count >> 8), UInt8(count & 0xFF)] + contents
        }
        return [tag, 0x83, UInt8(count >> 16), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF)]
            + contents
    }

    static func sequence(_ parts: [UInt8]...) -> [UInt8] { value(0x30, Array(parts.joined())) }
    static func set(_ parts: [UInt8]...) -> [UInt8] { value(0x31, Array(parts.joined())) }
    static func octets(_ bytes: [UInt8]) -> [UInt8] { value(0x04, bytes) }
    static func bits(_ bytes: [UInt8], unused: UInt8 = 0) -> [UInt8] {
        value(0x03, [unused] + bytes)
    }
    static func integer(_ bytes: [UInt8]) -> [UInt8] { value(0x02, bytes) }
    static func integer(_ number: Int) -> [UInt8] { value(0x02, plain(number)) }
    static let yes: [UInt8] = [0x01, 0x01, 0xFF]
    static let null: [UInt8] = [0x05, 0x00]

    /// A number from 0 without padding, with a sign bit of its own.
    static func plain(_ number: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = number
        repeat {
            bytes.insert(UInt8(rest & 0xFF), at: 0)
            rest >>= 8
        } while rest > 0
        return bytes[0] & 0x80 == 0 ? bytes : [0] + bytes
    }

    static func oid(_ dotted: String) -> [UInt8] {
        let arcs = dotted.split(separator: ".").map { Int($0) ?? 0 }
        var bytes: [UInt8] = []
        for arc in [arcs[0] * 40 + arcs[1]] + arcs.dropFirst(2) {
            var digits = [UInt8(arc & 0x7F)]
            var rest = arc >> 7
            while rest > 0 {
                digits.insert(UInt8(rest & 0x7F) | 0x80, at: 0)
                rest >>= 7
            }
            bytes += digits
        }
        return value(0x06, bytes)
    }

    /// A name of attributes in order, each `CN=text`.
    static func name(_ entries: String..., tag: UInt8 = 0x0C) -> [UInt8] {
        let types = [
            "CN": "2.5.4.3", "O": "2.5.4.10", "OU": "2.5.4.11", "C": "2.5.4.6",
            "emailAddress": "1.2.840.113549.1.9.1",
        ]
        return value(
            0x30,
            Array(
                entries.map { entry -> [UInt8] in
                    let parts = entry.split(separator: "=", maxSplits: 1).map(String.init)
                    let kind = parts[0] == "emailAddress" ? 0x16 : tag
                    return set(
                        sequence(
                            oid(types[parts[0]] ?? parts[0]),
                            value(kind, Array(parts[1].utf8))
                        )
                    )
                }.joined()
            )
        )
    }

    /// UTCTime before 2050, GeneralizedTime after.
    static func time(_ seconds: Int64) -> [UInt8] {
        let digits = Moment.text(seconds).filter(\.isNumber)
        let year = Int(digits.prefix(4)) ?? 0
        return year < 2050
            ? value(0x17, Array(digits.dropFirst(2).utf8) + [0x5A])
            : value(0x18, Array(digits.utf8) + [0x5A])
    }
}

/// An extension as a test wants it.
struct TestExtension {
    var oid: String
    var isCritical = false
    /// Says that it is not critical, where DER says nothing.
    var writesDefault = false
    var value: [UInt8]

    var encoded: [UInt8] {
        let flag = isCritical ? DER.yes : writesDefault ? [0x01, 0x01, 0x00] : []
        return DER.sequence(DER.oid(oid), flag, DER.octets(value))
    }

    static func authority(_ length: Int? = nil, isCritical: Bool = true) -> TestExtension {
        TestExtension(
            oid: "2.5.29.19",
            isCritical: isCritical,
            value: DER.sequence(DER.yes, length.map { DER.integer($0) } ?? [])
        )
    }

    static let noAuthority = TestExtension(
        oid: "2.5.29.19",
        isCritical: true,
        value: DER.sequence()
    )

    /// The named bits by their numbers in the standard.
    static func usage(_ numbers: Int..., isCritical: Bool = true) -> TestExtension {
        var bytes: [UInt8] = numbers.contains { $0 > 7 } ? [0, 0] : [0]
        for number in numbers { bytes[number / 8] |= 0x80 >> UInt8(number % 8) }
        let unused = UInt8(bytes.last?.trailingZeroBitCount ?? 0)
        return TestExtension(
            oid: "2.5.29.15",
            isCritical: isCritical,
            value: numbers.isEmpty ? DER.bits([]) : DER.bits(bytes, unused: min(unused, 7))
        )
    }

    static func purposes(_ dotted: String...) -> TestExtension {
        TestExtension(
            oid: "2.5.29.37",
            value: DER.value(0x30, Array(dotted.map(DER.oid).joined()))
        )
    }

    static let client = purposes("1.3.6.1.5.5.7.3.2")
    static let server = purposes("1.3.6.1.5.5.7.3.1")

    static func subjectKey(_ id: [UInt8], isCritical: Bool = false) -> TestExtension {
        TestExtension(oid: "2.5.29.14", isCritical: isCritical, value: DER.octets(id))
    }

    static func authorityKey(_ id: [UInt8], isCritical: Bool = false) -> TestExtension {
        TestExtension(
            oid: "2.5.29.35",
            isCritical: isCritical,
            value: DER.sequence(DER.value(0x80, id))
        )
    }

    static func names(_ names: [UInt8]..., isCritical: Bool = false) -> TestExtension {
        TestExtension(
            oid: "2.5.29.17",
            isCritical: isCritical,
            value: DER.value(0x30, Array(names.joined()))
        )
    }

    static func constraints(
        permitted: [[UInt8]] = [],
        excluded: [[UInt8]] = [],
        isCritical: Bool = true
    ) -> TestExtension {
        func trees(_ tag: UInt8, _ names: [[UInt8]]) -> [UInt8] {
            names.isEmpty ? [] : DER.value(tag, Array(names.map { DER.sequence($0) }.joined()))
        }
        return TestExtension(
            oid: "2.5.29.30",
            isCritical: isCritical,
            value: DER.sequence(trees(0xA0, permitted), trees(0xA1, excluded))
        )
    }

    static func policies(_ dotted: String...) -> TestExtension {
        TestExtension(
            oid: "2.5.29.32",
            value: DER.value(0x30, Array(dotted.map { DER.sequence(DER.oid($0)) }.joined()))
        )
    }

    static func mapping(_ pairs: (String, String)...) -> TestExtension {
        TestExtension(
            oid: "2.5.29.33",
            isCritical: true,
            value: DER.value(
                0x30,
                Array(pairs.map { DER.sequence(DER.oid($0.0), DER.oid($0.1)) }.joined())
            )
        )
    }

    static func policyConstraints(explicit: Int? = nil, mapping: Int? = nil) -> TestExtension {
        TestExtension(
            oid: "2.5.29.36",
            isCritical: true,
            value: DER.sequence(
                explicit.map { DER.value(0x80, DER.plain($0)) } ?? [],
                mapping.map { DER.value(0x81, DER.plain($0)) } ?? []
            )
        )
    }

    static func inhibitAny(_ count: Int) -> TestExtension {
        TestExtension(oid: "2.5.29.54", isCritical: true, value: DER.integer(count))
    }

    static func unknown(isCritical: Bool) -> TestExtension {
        TestExtension(oid: "1.3.6.1.4.1.99999.1", isCritical: isCritical, value: DER.null)
    }

    static func place(_ uri: String) -> TestExtension {
        let name = DER.value(0x86, Array(uri.utf8))
        return TestExtension(
            oid: "2.5.29.31",
            value: DER.sequence(DER.sequence(DER.value(0xA0, DER.value(0xA0, name))))
        )
    }
}

/// General names as a test wants them.
enum TestName {
    static func dns(_ text: String) -> [UInt8] { DER.value(0x82, Array(text.utf8)) }
    static func email(_ text: String) -> [UInt8] { DER.value(0x81, Array(text.utf8)) }
    static func uri(_ text: String) -> [UInt8] { DER.value(0x86, Array(text.utf8)) }
    static func address(_ bytes: UInt8...) -> [UInt8] { DER.value(0x87, bytes) }
    static func directory(_ name: [UInt8]) -> [UInt8] { DER.value(0xA4, name) }
}
