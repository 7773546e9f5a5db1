// SPDX-License-Identifier: Apache-2.0
// Texts of requests that a fuzzer once tried, and what certificates and conditions may look like.

import Foundation
import SealBytes
import Testing

@testable import SealAdmin
@testable import Stage

@Suite struct AdminTextsCorpusTests {
    @Test("the corpus never traps, whole, cut or with a bit turned")
    func corpus() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let folder = root.appending(path: "Fuzz/Corpus/AdminTexts")
        let files = try FileManager.default.contentsOfDirectory(
            at: folder,
            includingPropertiesForKeys: nil
        )
        #expect(files.count >= 6)
        for file in files {
            let bytes = Array(try Data(contentsOf: file))
            read(bytes)
            for cut in stride(from: 0, to: bytes.count, by: 3) { read(Array(bytes[..<cut])) }
            for place in stride(from: 0, to: bytes.count, by: 3) {
                var turned = bytes
                turned[place] ^= 0x10
                read(turned)
            }
        }
    }

    private func read(_ bytes: [UInt8]) {
        _ = try? CertificateText.read(bytes)
        _ = try? InventoryCondition.read(String(decoding: bytes, as: UTF8.self))
    }

    @Test("base64 of several certificates needs nothing between them")
    func bare() throws {
        let authority = try TestAuthority()
        let one = Base64.encode(authority.der)
        for joined in ["\(one)\(one)", "\(one),\(one)", "\(one) \n\(one)", "\(one),,\(one),"] {
            #expect(try CertificateText.read(joined.utf8) == [authority.der, authority.der])
        }
        #expect(throws: CertificateText.Fault.self) {
            try CertificateText.read(one.dropLast(4).utf8)
        }
        #expect(throws: CertificateText.Fault.self) { try CertificateText.read("".utf8) }
    }

    @Test("a text as long as allowed is looked at, one byte more is not")
    func length() {
        func fault(_ count: Int) -> String? {
            do {
                _ = try CertificateText.read([UInt8](repeating: 0x41, count: count))
                return nil
            } catch { return error.sentence }
        }
        #expect(fault(CertificateText.bytesMax) == "it is not a certificate")
        #expect(fault(CertificateText.bytesMax + 1) == "it has more than 262144 bytes")
    }

    @Test("conditions are read as they are meant")
    func conditions() throws {
        let all = try InventoryCondition.read(
            "$filter=(has(c8y_IsDevice) and name eq 'a b' and type eq '') $orderby=name"
        )
        #expect(all == [.has("c8y_IsDevice"), .equals("name", "a b"), .equals("type", "")])
        for bad in [
            "name", "name eq", "name eq x", "name ne 'x'", "has()", "name eq 'x' or id eq '1'",
        ] {
            #expect(throws: InventoryCondition.Fault.self) { try InventoryCondition.read(bad) }
        }
        func many(_ count: Int) throws -> Int {
            let text = Array(repeating: "has(x)", count: count).joined(separator: " and ")
            return try InventoryCondition.read(text).count
        }
        #expect(try many(InventoryCondition.countMax) == 32)
        #expect(throws: InventoryCondition.Fault.self) {
            try many(InventoryCondition.countMax + 1)
        }
    }

    @Test(
        "moments are read with any zone, and impossible ones are not",
        arguments: [
            ("1970-01-01T00:00:00Z", Int64(0)), ("2023-01-11T16:12:36.288Z", 1_673_453_556_288),
            ("2023-01-11T17:12:36.288+01:00", 1_673_453_556_288),
            ("2023-01-11T17:12:36.2889+0100", 1_673_453_556_288),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000),
            ("2023-02-29T00:00:00Z", nil), ("2023-13-01T00:00:00Z", nil), ("2023-01-11", nil),
            ("2023-01-11T16:12:36", nil), ("2023-01-11T24:00:00Z", nil), ("", nil),
            ("2023-01-11T16:12:36.Z", nil), ("2023-01-11T16:12:36Zx", nil),
        ]
    )
    func moments(_ text: String, _ milliseconds: Int64?) {
        #expect(ISOTime.milliseconds(text) == milliseconds)
        if let milliseconds {
            #expect(ISOTime.milliseconds(ISOTime.text(milliseconds: milliseconds)) == milliseconds)
        }
    }
}
