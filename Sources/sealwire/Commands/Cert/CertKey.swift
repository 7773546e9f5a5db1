// SPDX-License-Identifier: Apache-2.0
// `sealwire cert key`: making a private key, converting one, changing its passphrase, and its
// public half.

import Glibc
import SealPKI

enum CertKey {
    struct Options: Sendable {
        var kind: KeyKind?
        var input: String?
        var output: String?
        var passphrase = Secret("the key")
        var newPassphrase = Secret("the new file")
        var isPlain = false
        var isPublic = false
        var isBinary = false
        var replaces = false
    }

    static let verb = Verb<Options>(
        name: "cert key",
        summary: "makes, converts and re-encrypts private keys",
        usage: "--new KIND|--in FILE [OPTIONS]",
        text: """
            Makes a private key, or reads one (PKCS #8, PKCS #1, SEC 1, also encrypted, PEM or DER),
            and writes it as PKCS #8 in PEM, encrypted with AES-256 unless --no-passphrase is said.
            Written over its own file with --replace, this changes a passphrase. --public writes
            the public half instead.
            """,
        defaults: Options(),
        flags: FlagTable(
            [
                .value("--new", is: "KIND", "makes a key: " + kinds) {
                    (options, value, name) throws(UsageError) in
                    options.kind = try kind(value, name)
                },
                .value("--in", is: "FILE", "reads the key of FILE") {
                    (options, value, _) throws(UsageError) in options.input = value
                },
                .value("-o", "--out", is: "FILE", "writes to FILE, readable by its owner only") {
                    (options, value, _) throws(UsageError) in options.output = value
                },
                .on("--public", help: "writes the public half") { $0.isPublic = true },
                .on("--der", help: "writes DER; private keys only with --no-passphrase") {
                    $0.isBinary = true
                },
                .on("--no-passphrase", help: "writes the key without encryption") {
                    $0.isPlain = true
                },
                .on("--replace", help: "writes over a file that is there") { $0.replaces = true },
            ] + Secret.flags("passphrase", "the passphrase of the key that is read", \.passphrase)
                + Secret.flags("new-passphrase", "the passphrase to write with", \.newPassphrase)
        ),
        words: .none,
        examples: [
            "sealwire cert key --new ec-p256 -o device.key",
            "sealwire cert key --in old.key --no-passphrase -o plain.key",
            "sealwire cert key --in device.key --public",
        ],
        run: run
    )

    private static let kinds = KeyKind.allCases.map(\.rawValue).joined(separator: ", ")

    static func kind(_ text: String, _ name: String) throws(UsageError) -> KeyKind {
        if let kind = KeyKind(rawValue: text) { return kind }
        let near = Suggestion.nearest(to: text, among: KeyKind.allCases.map(\.rawValue))
        throw UsageError(
            message: "\(name) takes one of \(kinds), not '\(text)'",
            hint: near.map { "did you mean \($0)?" }
        )
    }

    /// Reads a key; the passphrase is asked for only when it is needed.
    static func read(_ path: String, _ passphrase: Secret) throws -> PrivateKey {
        let bytes = try CertSource.bytes(path)
        do throws(PKIError) {
            return try PrivateKey(file: bytes, passphrase: nil)
        } catch {
            guard error.code == .passphraseMissing else {
                throw PKIError(error.code, "\(path): \(error.reason)", hint: error.hint)
            }
        }
        let secret = try passphrase.read()
        do throws(PKIError) {
            return try PrivateKey(file: bytes, passphrase: secret)
        } catch {
            throw PKIError(error.code, "\(path): \(error.reason)", hint: error.hint)
        }
    }

    /// Keys are not written over by accident.
    static func refuseExisting(_ path: String) throws {
        guard path != "-", access(path, F_OK) == 0 else { return }
        throw PKIError(.file, "\(path) is there already", hint: "name another file")
    }

    @MainActor
    private static func run(_ options: Options, _ words: [String]) async throws -> Int32 {
        guard (options.kind == nil) != (options.input == nil) else {
            throw UsageError(message: "give either --new KIND or --in FILE")
        }
        if options.isBinary, !options.isPublic, !options.isPlain {
            throw UsageError(message: "--der needs --no-passphrase or --public")
        }
        if let file = options.output, !options.replaces { try refuseExisting(file) }
        let key: PrivateKey
        if let kind = options.kind {
            key = try PrivateKey.generate(kind)
        } else {
            key = try read(options.input ?? "", options.passphrase)
        }
        if options.isPublic {
            let bytes = options.isBinary ? try key.publicDER() : try key.publicPEM()
            try CertSource.write(bytes, to: options.output)
            return ToolExit.done
        }
        let bytes: [UInt8]
        if options.isPlain {
            bytes = options.isBinary ? try key.der() : try key.pem()
        } else {
            bytes = try key.pem(passphrase: try options.newPassphrase.readNew())
        }
        try CertSource.write(bytes, to: options.output, isSecret: true)
        return ToolExit.done
    }
}
