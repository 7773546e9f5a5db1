// SPDX-License-Identifier: Apache-2.0
// What the fuzzers of responses and contents were given and what they found, replayed with every
// `make test`.

import Foundation
import SealHTTP
import Testing

@Suite("HTTP content fuzz corpus")
struct ContentCorpusTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Fuzz/Corpus").standardizedFileURL

    private func inputs(_ target: String) throws -> [(name: String, bytes: [UInt8])] {
        let folder = Self.folder.appending(path: target)
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
            ($0, [UInt8](try Data(contentsOf: folder.appending(path: $0))))
        }
    }

    @Test("every response reads the same in one piece and byte by byte")
    func responses() throws {
        let inputs = try inputs("HTTPResponse")
        #expect(inputs.count >= 5)
        for (name, bytes) in inputs {
            #expect(read(bytes, pieceBytes: 1) == read(bytes, pieceBytes: bytes.count), "\(name)")
        }
    }

    private func read(_ bytes: [UInt8], pieceBytes: Int) -> [String] {
        var limits = HTTPLimits()
        limits.bodyBytesMax = 64
        var parser = ResponseParser(to: .get, limits: limits)
        var lines: [String] = []
        var body: [UInt8] = []
        var rest = bytes[...]
        do {
            while !rest.isEmpty {
                parser.append(rest.prefix(pieceBytes))
                rest = rest.dropFirst(pieceBytes)
                while let event = try parser.next() {
                    switch event {
                    case .head(let head): lines.append("\(head.status.code) \(head.fields.all)")
                    case .body(let piece): body += piece
                    case .end: lines.append("end \(body)")
                    }
                }
            }
        } catch {
            lines.append("\(error)")
        }
        return lines
    }

    @Test("contents are read or refused; the parts of a form lie in its body")
    func contents() throws {
        let type = try #require(MediaType("multipart/form-data; boundary=b"))
        var formCount = 0
        for (name, bytes) in try inputs("HTTPContent") {
            let end = bytes.firstIndex(of: 0x0A) ?? bytes.endIndex
            let line = String(decoding: bytes[..<end], as: UTF8.self)
            if let type = MediaType(line) {
                #expect(MediaType(type.description) == type, "\(name)")
            }
            _ = HTTPAuthorization.parse(line)
            _ = try? FormFields(query: line)
            let body = Array(bytes[min(end + 1, bytes.endIndex)...])
            guard let form = try? MultipartForm(body, type: type) else { continue }
            formCount += 1
            for part in form.parts { #expect(part.range.upperBound <= body.count) }
        }
        #expect(formCount >= 2)
    }
}
