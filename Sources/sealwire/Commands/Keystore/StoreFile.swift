// SPDX-License-Identifier: Apache-2.0
// A keystore's file: opened with its password, replaced at once, readable by its owner alone when
// there are keys in it.

import Glibc
import SealPKI

/// A keystore with the file it came from or goes to.
struct StoreFile {
    let path: String
    var store: Keystore
    var format: KeystoreFormat
    var password: [UInt8]

    /// Keytool takes no new password shorter than this.
    static let newPasswordCharactersMin = 6

    /// Opens a file that is there.
    init(opening path: String, _ options: StoreOptions) throws {
        let bytes = try Self.naming(path) { () throws(PKIError) in try Self.read(path) }
        format = try Self.naming(path) { () throws(PKIError) in try Keystore.format(of: bytes) }
        let password = try options.store.read()
        self.path = path
        self.password = password
        store = try Self.naming(path) { () throws(PKIError) in
            try Keystore(reading: bytes, password: password)
        }
    }

    /// Opens a file, or begins a new one when there is none.
    init(openingOrMaking path: String, _ options: StoreOptions) throws {
        if Self.exists(path) {
            self = try StoreFile(opening: path, options)
            if let wanted = options.format, wanted != format {
                throw UsageError(
                    message: "\(path) is \(format.title) and stays so; --format is for new files"
                )
            }
        } else {
            self = try StoreFile(making: path, options)
        }
    }

    /// Begins a new file.
    init(making path: String, _ options: StoreOptions) throws {
        self.path = path
        store = Keystore()
        format = options.format ?? .pkcs12
        password = try Self.checkedNew(try options.store.readNew())
        if format == .jks, options.strength == .legacy {
            throw UsageError(message: "--legacy is about PKCS #12, and this is to be JKS")
        }
    }

    /// Writes the file anew.
    func save(
        keyPassword: [UInt8]? = nil,
        _ strength: PKCS12Strength
    ) throws {
        let bytes = try Self.naming(path) { () throws(PKIError) in
            try store.written(
                as: format,
                password: password,
                keyPassword: keyPassword,
                strength: strength
            )
        }
        try Files.write(bytes, to: path, mode: store.keys.isEmpty ? 0o644 : 0o600)
    }

    /// The entry of that name.
    func entry(_ alias: String) throws -> KeystoreEntry {
        if let found = store.entry(alias) { return found }
        let names = store.entries.prefix(8).map { "\"\($0.alias)\"" }.joined(separator: ", ")
        throw PKIError(
            .keystoreEntry,
            "\(path) has no entry \"\(alias)\"",
            hint: names.isEmpty ? "it is empty" : "it has \(names)"
        )
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func read(_ path: String) throws(PKIError) -> [UInt8] { try Files.read(path) }

    /// A password that is to be set.
    static func checkedNew(_ password: [UInt8]) throws(UsageError) -> [UInt8] {
        let text = String(decoding: password, as: UTF8.self)
        guard text.utf16.count >= newPasswordCharactersMin else {
            throw UsageError(
                message: "a new password has at least \(newPasswordCharactersMin) characters, "
                    + "because keytool takes no shorter one"
            )
        }
        return password
    }

    /// Puts the file's name before what is wrong with it.
    static func naming<Result>(
        _ path: String,
        _ body: () throws(PKIError) -> Result
    ) throws(PKIError) -> Result {
        do throws(PKIError) {
            return try body()
        } catch {
            if error.reason.hasPrefix(path) { throw error }
            throw PKIError(error.code, "\(path): \(error.reason)", hint: error.hint)
        }
    }

    /// The certificates of PEM files, or of files with one in DER.
    static func certificates(_ paths: [String]) throws -> [Certificate] {
        var all: [Certificate] = []
        for path in paths {
            all += try naming(path) { () throws(PKIError) in
                let bytes = try read(path)
                if bytes.first == 0x30 { return [try Certificate(der: bytes)] }
                let found = try CertificateBundle(pem: bytes).certificates
                guard !found.isEmpty else {
                    throw PKIError(.noPEM, "there is no certificate in the file")
                }
                return found
            }
        }
        return all
    }

    /// Now, as entries say when they were made.
    static var now: Int64 {
        Int64(WallTime.now.seconds) * 1000
    }
}
