// SPDX-License-Identifier: Apache-2.0
// What the tests of keystores share: a folder, openssl and keytool, and certificates to put in.

import Foundation
import Testing

@testable import SealPKI

/// A folder that goes when the test ends, and the programs that are run in it.
final class Workbench {
    let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "seal-stores-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Files.write(bytes, to: path(name), mode: 0o600)
    }

    func read(_ name: String) throws -> [UInt8] { try Files.read(path(name)) }

    /// Runs a command line in the folder and gives back all it printed; failing is a failure.
    @discardableResult
    func run(_ line: String, fails: Bool = false) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", line]
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.environment = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder, "LC_ALL": "C",
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: bytes, as: UTF8.self)
        #expect((process.terminationStatus != 0) == fails, "\(line)\n\(text)")
        return text
    }
}

/// A root, an authority below it, and a device below that.
struct Family {
    let root: CertificateAuthority
    let middle: CertificateAuthority
    let device: Identity

    var chain: [Certificate] { [device.certificate, middle.certificate, root.certificate] }

    init(_ kind: KeyKind = .p256) throws {
        root = try CertificateAuthority.makeRoot(
            subject: DistinguishedName(commonName: "Root", organization: "Seal"),
            key: PrivateKey.generate(kind)
        )
        let order = CertificateOrder(
            subject: try DistinguishedName(commonName: "Middle", organization: "Seal"),
            purpose: .authority,
            days: 30
        )
        let below = try root.issue(order, key: PrivateKey.generate(kind))
        middle = try CertificateAuthority(certificate: below.certificate, key: below.key)
        device = try middle.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: "device-1"),
                names: SubjectNames(dns: ["device-1.example"]),
                purpose: .both,
                days: 20
            ),
            key: PrivateKey.generate(kind)
        )
    }

    /// A keystore with the device's key and the root as a trusted certificate.
    func store(alias: String = "devicekeyentry") throws -> Keystore {
        var store = Keystore()
        try store.add(
            KeystoreEntry(
                alias: alias,
                created: 1_700_000_000_000,
                content: .key(.open(device.key), chain: chain)
            )
        )
        try store.add(
            KeystoreEntry(
                alias: "servercertificate",
                created: 1_700_000_000_000,
                content: .trusted(root.certificate)
            )
        )
        return store
    }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// The code of the error that `body` throws.
func code(_ body: () throws -> Void) -> PKIError.Code? {
    do {
        try body()
        return nil
    } catch { return (error as? PKIError)?.code }
}
