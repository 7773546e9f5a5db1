// SPDX-License-Identifier: Apache-2.0
// Sealed secrets against a vector that Python's cryptography made, and the file of their key.

import Foundation
import SealBytes
import Testing

@testable import SealPKI

@Suite("A sealed box")
struct SealedBoxTests {
    private let key: VaultKey

    init() throws { key = try #require(VaultKey(Array(0..<32))) }

    @Test("opens what another program sealed, and what it sealed itself")
    func opens() throws {
        #expect(
            Hex.encode(try key.derived("sealed box"))
                == "bebe1413e669922fa6cdae90ced48fabbd6b856ce842669ab7036c4fc269d26e"
        )
        let foreign = try #require(
            Hex.decode(
                "01000102030405060708090a0ba50d2c44e20924201b31457e7181597f089acf7545ad67a9b694442f"
                    + "75d2e1e28a05e764"
            )
        )
        let box = try SealedBox(key)
        #expect(String(decoding: try box.open(foreign), as: UTF8.self) == "a secret of a device")
        for count in [0, 1, 15, 16, 17, 5000, SealedBox.bytesMax] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            #expect(try box.open(box.seal(bytes)) == bytes)
        }
        #expect(try box.seal([1]) != box.seal([1]))
    }

    @Test("that was changed anywhere, cut short or sealed under another key stays closed")
    func changed() throws {
        let box = try SealedBox(key)
        let sealed = try box.seal(Array("secret".utf8))
        for index in sealed.indices {
            var copy = sealed
            copy[index] ^= 0x10
            #expect(throws: PKIError(.sealed, "")) { try box.open(copy) }
            #expect(throws: PKIError(.sealed, "")) { try box.open(Array(sealed.prefix(index))) }
        }
        #expect(throws: PKIError(.sealed, "")) { try box.open(sealed + [0]) }
        let other = try SealedBox(VaultKey.generate())
        #expect(throws: PKIError(.sealed, "")) { try other.open(sealed) }
    }

    @Test("takes up to its limit, and a key of 32 bytes only")
    func limits() throws {
        let box = try SealedBox(key)
        let most = [UInt8](repeating: 7, count: SealedBox.bytesMax)
        #expect(throws: PKIError(.badRequest, "")) { try box.seal(most + [7]) }
        #expect(throws: PKIError(.badRequest, "")) { try SealedBox(key: [1, 2, 3]) }
        #expect(VaultKey([1]) == nil && VaultKey(Array(0..<33)) == nil)
    }
}

@Suite("The key of a vault")
struct VaultKeyTests {
    private let folder: PeerFolder

    init() throws { folder = try PeerFolder() }

    @Test("is made once, for its owner only, and read again")
    func made() throws {
        let path = folder.file("vault.key")
        let first = try VaultKey.loadOrMake(path)
        #expect(try folder.bytes("vault.key").count == 32)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        let again = try VaultKey.loadOrMake(path)
        #expect(try first.derived("x") == again.derived("x"))
        #expect(try first.derived("x") != first.derived("y"))
    }

    @Test("that others may read, that is too short, or that is not there is refused")
    func refused() throws {
        #expect(throws: PKIError(.file, "")) { try VaultKey.load(folder.file("none")) }
        try folder.write([UInt8](repeating: 1, count: 32), "open")
        try folder.shell("chmod 640 open")
        #expect(throws: PKIError(.vaultKey, "")) { try VaultKey.loadOrMake(folder.file("open")) }
        for count in [0, 31, 33] {
            try folder.write([UInt8](repeating: 1, count: count), "short\(count)")
            try folder.shell("chmod 600 short\(count)")
            #expect(throws: PKIError(.vaultKey, "")) {
                try VaultKey.loadOrMake(folder.file("short\(count)"))
            }
        }
    }
}
