// SPDX-License-Identifier: Apache-2.0
// The inputs of the fuzz target, replayed: what it once found stays found.

import Foundation
import SealBytes
import SealMQTT
import Testing

@Suite("Corpus")
struct CorpusTests {
    @Test("every stored input is refused or read the same when written and read again")
    func replay() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Fuzz/Corpus/MQTTDecoder").standardizedFileURL
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.count >= 50)
        for name in names {
            let input = [UInt8](try Data(contentsOf: folder.appending(path: name)))
            guard let choice = input.first else { continue }
            let version: ProtocolVersion =
                choice & 3 == 0 ? .v311 : choice & 3 == 1 ? .v31 : .v5
            let direction: Direction = choice & 4 == 0 ? .fromClient : .fromServer
            var rest = Array(input.dropFirst())
            while let frame = try? Framing.next(
                rest.span.bytes,
                packetBytesMax: 1 << 20,
                version: version,
                direction: direction
            ),
                frame.totalCount <= rest.count
            {
                if let once = try? reencoded(rest, version, direction) {
                    #expect(try reencoded(once, version, direction) == once, "\(name)")
                }
                rest.removeFirst(frame.totalCount)
            }
        }
    }
}
