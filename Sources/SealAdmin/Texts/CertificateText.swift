// SPDX-License-Identifier: Apache-2.0
// Certificates as they come in JSON, forms and header fields: PEM with or without line breaks,
// bare base64, several of them joined by blanks or commas. Only the
// DER is cut out here.

internal import SealBytes

/// Reads certificates out of text.
package enum CertificateText {
    /// A text that holds no certificates, and why.
    package struct Fault: Error, Equatable {
        /// The sentence, without full stop.
        package let sentence: String

        init(_ sentence: String) { self.sentence = sentence }
    }

    private static let begin = Array("-----BEGINCERTIFICATE-----".utf8)
    private static let end = Array("-----ENDCERTIFICATE-----".utf8)
    private static let privateKey = Array("PRIVATEKEY-----".utf8)
    private static let comma = UInt8(ascii: ",")

    /// The longest text that is looked at.
    package static let bytesMax = 262_144

    /// The certificates of a text in DER, in its order.
    package static func read(_ bytes: some Collection<UInt8>) throws(Fault) -> [[UInt8]] {
        guard bytes.count <= bytesMax else {
            throw Fault("it has more than \(bytesMax) bytes")
        }
        let plain = bytes.filter { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }[...]
        if place(of: privateKey, in: plain) != nil {
            throw Fault("it holds a private key, which must stay where it is")
        }
        let all =
            place(of: begin, in: plain) == nil
            ? try readBare(plain) : try readBlocks(plain)
        guard !all.isEmpty else { throw Fault("there is no certificate in it") }
        return all
    }

    /// Blocks of PEM; what stands between them says nothing.
    private static func readBlocks(_ bytes: ArraySlice<UInt8>) throws(Fault) -> [[UInt8]] {
        var rest = bytes
        var all: [[UInt8]] = []
        while let start = place(of: begin, in: rest) {
            rest = rest[(start + begin.count)...]
            guard let stop = place(of: end, in: rest) else { throw Fault("a block has no end") }
            all.append(try decoded(rest[..<stop]))
            rest = rest[(stop + end.count)...]
        }
        return all
    }

    /// Base64 without marks.
    ///
    /// The length at the begin of each certificate tells where it ends, so nothing needs to stand
    /// between two.
    private static func readBare(_ bytes: ArraySlice<UInt8>) throws(Fault) -> [[UInt8]] {
        var rest = bytes
        var all: [[UInt8]] = []
        while true {
            rest = rest.drop { $0 == comma }
            guard !rest.isEmpty else { return all }
            let head = try decoded(rest.prefix(8))
            // X.690 §8.1.3: a sequence with a length of two bytes, as every certificate has.
            guard head.count >= 4, head[0] == 0x30, head[1] == 0x82 else {
                throw Fault("it is not a certificate")
            }
            let count = (Int(head[2]) << 8 | Int(head[3])) + 4
            let digits = (count + 2) / 3 * 4
            guard rest.count >= digits else { throw Fault("it ends too early") }
            all.append(try decoded(rest.prefix(digits)))
            rest = rest.dropFirst(digits)
        }
    }

    private static func decoded(_ digits: ArraySlice<UInt8>) throws(Fault) -> [UInt8] {
        guard let text = String(validating: digits, as: UTF8.self),
            let bytes = Base64.decode(text), !bytes.isEmpty
        else { throw Fault("it is not base64") }
        return bytes
    }

    private static func place(of mark: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= mark.count else { return nil }
        return (bytes.startIndex...(bytes.endIndex - mark.count)).first { start in
            bytes[start] == mark[0] && bytes[start..<(start + mark.count)].elementsEqual(mark)
        }
    }
}
