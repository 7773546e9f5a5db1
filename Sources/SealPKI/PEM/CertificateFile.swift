// SPDX-License-Identifier: Apache-2.0
// What a file holds: certificates, revocation lists, keys and requests, in PEM or DER, found by
// content. Keystores are read elsewhere.

/// The contents of one file.
public struct CertificateFile: Sendable {
    /// The certificates in the file's order.
    public private(set) var certificates: [Certificate] = []
    /// The revocation lists in the file's order.
    public private(set) var lists: [RevocationList] = []
    /// The labels of private keys.
    public private(set) var keyLabels: [String] = []
    /// Certificate requests, in DER.
    public private(set) var requests: [[UInt8]] = []
    /// The labels of blocks of other kinds.
    public private(set) var otherLabels: [String] = []

    /// Reads a file in PEM or DER.
    public init(_ bytes: [UInt8]) throws(PKIError) {
        guard PEMDocument.isLikely(bytes) else {
            try readBinary(bytes)
            return
        }
        for block in try PEMDocument(bytes).blocks {
            if block.isCertificate {
                certificates.append(try Certificate(block: block, number: certificates.count + 1))
            } else if block.isRevocationList {
                lists.append(try RevocationList(der: try block.decoded()))
            } else if block.isPrivateKey {
                keyLabels.append(block.shownLabel)
            } else if block.isRequest {
                requests.append(try block.decoded())
            } else {
                otherLabels.append(block.shownLabel)
            }
        }
    }

    /// Whether nothing that is known was found.
    public var isEmpty: Bool {
        certificates.isEmpty && lists.isEmpty && keyLabels.isEmpty && requests.isEmpty
    }

    /// One certificate or one list in DER.
    private mutating func readBinary(_ bytes: [UInt8]) throws(PKIError) {
        guard bytes.first == DERTag.sequence else { throw Self.foreign(bytes) }
        if let certificate = try? Certificate(der: bytes) {
            certificates = [certificate]
        } else if let list = try? RevocationList(der: bytes) {
            lists = [list]
        } else if (try? CertificateRequestFields(der: bytes)) != nil {
            requests = [bytes]
        } else if PrivateKey.looksLikeDER(bytes) {
            keyLabels = ["PRIVATE KEY"]
        } else {
            // The reason that is nearest: most files that are asked about are certificates.
            _ = try CertificateFields(der: bytes)
            throw PKIError(.malformed, "this is not a certificate that OpenSSL can read")
        }
    }

    /// Words for a file that is neither PEM nor DER.
    static func foreign(_ bytes: [UInt8]) -> PKIError {
        if bytes.isEmpty { return PKIError(.noPEM, "the file is empty") }
        if bytes.starts(with: [0xFE, 0xED, 0xFE, 0xED]) || bytes.starts(with: [0xCE, 0xCE]) {
            return PKIError(.noPEM, "this is a Java keystore", hint: "see sealwire keystore list")
        }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            return PKIError(
                .noPEM,
                "the file is text in UTF-16",
                hint: "save it again as UTF-8 or ASCII"
            )
        }
        return PKIError(.noPEM, "the file is neither PEM nor DER")
    }
}

extension Certificate {
    /// Reads the certificate of a block; `TRUSTED CERTIFICATE` has OpenSSL's own data behind it.
    init(block: PEMBlock, number: Int) throws(PKIError) {
        var der = try block.decoded()
        if block.label == "TRUSTED CERTIFICATE" {
            var reader = DERReader(der)
            der = Array(try reader.next("the certificate").whole)
        }
        do throws(PKIError) {
            try self.init(der: der)
        } catch {
            throw PKIError(
                .malformed,
                "certificate \(number) of the file (line \(block.line)) cannot be read: "
                    + error.reason
            )
        }
    }
}
