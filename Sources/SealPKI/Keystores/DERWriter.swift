// SPDX-License-Identifier: Apache-2.0
// Writing ASN.1 in DER: tags, lengths, and object numbers. Values are byte arrays put together.

/// Values in DER.
enum DERWriter {
    /// A value: tag, shortest length, content.
    static func value(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        var length: [UInt8] = []
        if content.count < 0x80 {
            length = [UInt8(truncatingIfNeeded: content.count)]
        } else {
            var left = content.count
            while left > 0 {
                length.insert(UInt8(truncatingIfNeeded: left), at: 0)
                left >>= 8
            }
            length.insert(0x80 | UInt8(truncatingIfNeeded: length.count), at: 0)
        }
        return [tag] + length + content
    }

    static func sequence(_ parts: [UInt8]...) -> [UInt8] {
        value(BERTag.sequence, parts.flatMap { $0 })
    }

    static func set(_ parts: [UInt8]...) -> [UInt8] {
        value(BERTag.set, parts.flatMap { $0 })
    }

    static func octets(_ bytes: [UInt8]) -> [UInt8] { value(BERTag.octets, bytes) }

    /// An explicit tag 0 around a value.
    static func explicit(_ content: [UInt8]) -> [UInt8] { value(BERTag.zeroConstructed, content) }

    /// An integer that is not negative.
    static func integer(_ number: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var left = max(number, 0)
        repeat {
            bytes.insert(UInt8(truncatingIfNeeded: left), at: 0)
            left >>= 8
        } while left > 0
        if let first = bytes.first, first >= 0x80 { bytes.insert(0, at: 0) }
        return value(BERTag.integer, bytes)
    }

    static let null: [UInt8] = [BERTag.null, 0]
}

/// An object identifier (X.660), as the bytes of its content.
struct ObjectNumber: Hashable, Sendable, CustomStringConvertible {
    let bytes: [UInt8]

    init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    /// Takes a number with dots of the house's own tables.
    init(dotted: String) {
        let arcs = dotted.split(separator: ".").compactMap { UInt64($0) }
        precondition(arcs.count >= 2, "an object number has two arcs at least")
        var bytes: [UInt8] = []
        for arc in [arcs[0] * 40 + arcs[1]] + arcs.dropFirst(2) {
            var group = [UInt8(truncatingIfNeeded: arc & 0x7F)]
            var left = arc >> 7
            while left > 0 {
                group.insert(UInt8(truncatingIfNeeded: left & 0x7F) | 0x80, at: 0)
                left >>= 7
            }
            bytes += group
        }
        self.bytes = bytes
    }

    /// The encoded value.
    var der: [UInt8] { DERWriter.value(BERTag.number, bytes) }

    /// With dots; what cannot be read is left out.
    var description: String {
        var arcs: [UInt64] = []
        var arc: UInt64 = 0
        for byte in bytes {
            guard arc < 1 << 56 else { return "(an object number out of range)" }
            arc = arc << 7 | UInt64(byte & 0x7F)
            guard byte & 0x80 == 0 else { continue }
            if arcs.isEmpty {
                let first = min(arc / 40, 2)
                arcs = [first, arc - first * 40]
            } else {
                arcs.append(arc)
            }
            arc = 0
        }
        return arcs.map(String.init).joined(separator: ".")
    }
}

/// The object numbers of PKCS #5, #7, #8 and #12 and of Java's keystores.
enum ObjectNumbers {
    static let plainContent = ObjectNumber(dotted: "1.2.840.113549.1.7.1")
    static let signedContent = ObjectNumber(dotted: "1.2.840.113549.1.7.2")
    static let envelopedContent = ObjectNumber(dotted: "1.2.840.113549.1.7.3")
    static let encryptedContent = ObjectNumber(dotted: "1.2.840.113549.1.7.6")

    static let keyBag = ObjectNumber(dotted: "1.2.840.113549.1.12.10.1.1")
    static let shroudedKeyBag = ObjectNumber(dotted: "1.2.840.113549.1.12.10.1.2")
    static let certificateBag = ObjectNumber(dotted: "1.2.840.113549.1.12.10.1.3")
    static let listBag = ObjectNumber(dotted: "1.2.840.113549.1.12.10.1.4")
    static let secretBag = ObjectNumber(dotted: "1.2.840.113549.1.12.10.1.5")
    static let innerBag = ObjectNumber(dotted: "1.2.840.113549.1.12.10.1.6")
    static let x509Certificate = ObjectNumber(dotted: "1.2.840.113549.1.9.22.1")

    static let friendlyName = ObjectNumber(dotted: "1.2.840.113549.1.9.20")
    static let localKeyID = ObjectNumber(dotted: "1.2.840.113549.1.9.21")
    /// Oracle's mark on a trusted certificate, without which Java does not see it.
    static let trustedUsage = ObjectNumber(dotted: "2.16.840.1.113894.746875.1.1")
    static let anyUsage = ObjectNumber(dotted: "2.5.29.37.0")

    static let pbes2 = ObjectNumber(dotted: "1.2.840.113549.1.5.13")
    static let pbkdf2 = ObjectNumber(dotted: "1.2.840.113549.1.5.12")
    static let pbmac1 = ObjectNumber(dotted: "1.2.840.113549.1.5.14")
    /// Sun's protection of keys in JKS and in JCEKS.
    static let jksProtector = ObjectNumber(dotted: "1.3.6.1.4.1.42.2.17.1.1")
    static let jceksProtector = ObjectNumber(dotted: "1.3.6.1.4.1.42.2.19.1")
}
