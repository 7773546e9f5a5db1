// SPDX-License-Identifier: Apache-2.0
// Where certificates of a verb come from: files, standard input, or a server.

import SealClient
import SealPKI

enum CertSource {
    /// The bytes of a file; `-` is standard input.
    static func bytes(_ path: String) throws -> [UInt8] {
        guard path == "-" else { return try Files.read(path) }
        var input = StandardInput()
        guard let all = input.rest(bytesMax: Files.bytesMax) else {
            throw PKIError(.file, "standard input holds more than \(Files.bytesMax) bytes")
        }
        return all
    }

    /// What a file holds; the file is named in what is thrown.
    static func file(_ path: String, _ known: [UInt8]? = nil) throws -> CertificateFile {
        let bytes = try known ?? bytes(path)
        do throws(PKIError) {
            return try CertificateFile(bytes)
        } catch {
            throw PKIError(error.code, "\(path): \(error.reason)", hint: error.hint)
        }
    }

    /// The certificates of a file, at least one.
    static func certificates(_ path: String) throws -> [Certificate] {
        let found = try file(path).certificates
        guard !found.isEmpty else {
            throw PKIError(.noPEM, "\(path): there is no certificate in it")
        }
        return found
    }

    /// `host:port`, `[::1]:port`; nil when the word is no such thing.
    static func server(_ word: String) -> (host: String, port: UInt16)? {
        guard let colon = word.lastIndex(of: ":"),
            let port = UInt16(word[word.index(after: colon)...]),
            port > 0
        else { return nil }
        var host = String(word[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty, !host.contains("/") else { return nil }
        return (host, port)
    }

    /// A file of DER or PEM on disk or on standard output.
    static func write(_ bytes: [UInt8], to path: String?, isSecret: Bool = false) throws {
        if let path, path != "-" {
            try Files.write(bytes, to: path, mode: isSecret ? 0o600 : 0o644)
        } else {
            Terminal.write(bytes)
        }
    }
}
