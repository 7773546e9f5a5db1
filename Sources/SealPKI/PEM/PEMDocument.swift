// SPDX-License-Identifier: Apache-2.0
// PEM as people have it (RFC 7468 and older): blocks of any kind with text around them. What is in
// a block is read elsewhere, and only the blocks that are asked for are decoded.

internal import SealBytes

/// One block of PEM.
public struct PEMBlock: Sendable {
    /// What it says it is: `CERTIFICATE`, `EC PRIVATE KEY` ...
    public let label: String
    /// The lines between, as they stand in the file.
    let lines: [ArraySlice<UInt8>]
    /// The line that it begins in, from 1.
    public let line: Int
    /// Whether its END line is there.
    let isClosed: Bool

    /// Header lines of old encrypted keys, as `Proc-Type: 4,ENCRYPTED`.
    public var headers: [String] {
        lines.prefix { $0.contains(UInt8(ascii: ":")) }
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether it is an old encrypted key.
    var isEncryptedInPlace: Bool {
        headers.contains { $0.hasPrefix("Proc-Type:") && $0.contains("ENCRYPTED") }
    }

    /// The decoded bytes.
    public func decoded() throws(PKIError) -> [UInt8] {
        guard isClosed else {
            throw PKIError(
                .malformed,
                "the \(shownLabel) that begins in line \(line) has no END line",
                hint: "the file was cut off: copy it again, up to the END line"
            )
        }
        let digits = lines.drop { $0.isEmpty || $0.contains(UInt8(ascii: ":")) }.joined()
        let text = String(decoding: digits, as: UTF8.self)
        guard let bytes = Base64.decode(text), !bytes.isEmpty else {
            throw PKIError(
                .malformed,
                "the \(shownLabel) that begins in line \(line) is not base64"
            )
        }
        return bytes
    }

    /// The label for messages.
    var shownLabel: String { CertificateText.printable(label) }

    /// The block alone, with clean lines, for readers of PEM in C.
    var text: [UInt8] {
        var out = Array("-----BEGIN \(label)-----\n".utf8)
        for line in lines { out += Array(line) + [0x0A] }
        return out + Array("-----END \(label)-----\n".utf8)
    }

    /// Whether the block holds a certificate.
    var isCertificate: Bool {
        ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"].contains(label)
    }

    /// Whether the block holds a private key.
    var isPrivateKey: Bool { label == "PRIVATE KEY" || label.hasSuffix(" PRIVATE KEY") }

    /// Whether the block holds a revocation list.
    var isRevocationList: Bool { label == "X509 CRL" || label == "CRL" }

    /// Whether the block holds a certificate request.
    var isRequest: Bool { label == "CERTIFICATE REQUEST" || label == "NEW CERTIFICATE REQUEST" }
}

/// A file in PEM.
public struct PEMDocument: Sendable {
    /// The blocks in the order of the file.
    public let blocks: [PEMBlock]

    /// A file with more blocks is not read.
    public static let blocksMax = 50_000

    /// Finds the blocks; a file without any has none.
    public init(_ bytes: [UInt8]) throws(PKIError) {
        var blocks: [PEMBlock] = []
        var label: String?
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        var number = 0
        for line in bytes.split(omittingEmptySubsequences: false, whereSeparator: Self.endsLine) {
            number += 1
            let line = Self.trimmed(line)
            if let begun = Self.label(of: line, "BEGIN") {
                if let open = label {
                    blocks.append(PEMBlock(label: open, lines: lines, line: start, isClosed: false))
                }
                (label, lines, start) = (begun, [], number)
            } else if let open = label {
                if Self.label(of: line, "END") == open {
                    blocks.append(PEMBlock(label: open, lines: lines, line: start, isClosed: true))
                    label = nil
                } else {
                    lines.append(line)
                }
            }
            guard blocks.count <= Self.blocksMax else {
                throw PKIError(.malformed, "there are more than \(Self.blocksMax) PEM blocks")
            }
        }
        if let open = label {
            blocks.append(PEMBlock(label: open, lines: lines, line: start, isClosed: false))
        }
        self.blocks = blocks
    }

    /// Whether the bytes look like PEM and not like DER or something else.
    public static func isLikely(_ bytes: [UInt8]) -> Bool {
        contains(Array(bytes.prefix(1 << 20)), "-----BEGIN ")
    }

    private static func endsLine(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0 }
        var line = line.drop(while: isBlank)
        while let last = line.last, isBlank(last) { line.removeLast() }
        // A mark that some editors put at the begin of a file.
        return line.starts(with: [0xEF, 0xBB, 0xBF]) ? line.dropFirst(3) : line
    }

    private static func label(of line: ArraySlice<UInt8>, _ word: String) -> String? {
        let head = Array("-----\(word) ".utf8)
        let tail = Array("-----".utf8)
        guard line.count > head.count + tail.count, line.count < 128, line.starts(with: head),
            line.suffix(tail.count).elementsEqual(tail)
        else { return nil }
        let label = line.dropFirst(head.count).dropLast(tail.count)
        guard label.allSatisfy({ (0x20...0x7E).contains($0) }) else { return nil }
        return String(decoding: label, as: UTF8.self)
    }
}
