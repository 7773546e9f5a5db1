// SPDX-License-Identifier: Apache-2.0
// The key that the secrets of a registry are sealed under. It lies in a file of its own, so that
// who gets hold of the registry alone has nothing.

internal import CSys
internal import Glibc

/// A secret of 32 bytes that further keys are derived from.
public struct VaultKey: Sendable {
    private let bytes: [UInt8]

    /// The size of the key and of its file.
    public static let bytesCount = 32

    /// Takes the key; anything but 32 bytes is none.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.bytesCount else { return nil }
        self.bytes = bytes
    }

    /// Makes a new key.
    public static func generate() throws(PKIError) -> VaultKey {
        VaultKey(checked: try Cryptography.randomBytes(bytesCount))
    }

    private init(checked bytes: [UInt8]) { self.bytes = bytes }

    /// A key for one use (RFC 5869 §2.3 with one block); other labels give other keys.
    public func derived(_ label: String) throws(PKIError) -> [UInt8] {
        try Cryptography.hmacSHA256(key: bytes, Array(label.utf8) + [1])
    }

    /// Reads the key from its file.
    ///
    /// Refused when somebody else than the owner could read or change it.
    public static func load(_ path: String) throws(PKIError) -> VaultKey {
        var about = stat()
        // SAFETY: the out-parameter is a local variable.
        guard unsafe stat(path, &about) == 0 else { throw systemFailure("cannot be read", path) }
        guard about.st_mode & S_IFMT == S_IFREG, about.st_mode & 0o077 == 0 else {
            throw PKIError(
                .vaultKey,
                "\(path) is no file that its owner alone can read",
                hint: "chmod 600 \(path)"
            )
        }
        guard let key = VaultKey(try Files.read(path, bytesMax: 4096)) else {
            throw PKIError(
                .vaultKey,
                "\(path) does not hold exactly \(bytesCount) bytes",
                hint: "take it from a backup; without it the sealed secrets cannot be read"
            )
        }
        return key
    }

    /// Reads the key from its file, or makes both.
    ///
    /// Of two processes that make it at once, one wins, and both have its key.
    public static func loadOrMake(_ path: String) throws(PKIError) -> VaultKey {
        if DirectoryFiles.exists(path) { return try load(path) }
        let key = try generate()
        do throws(PKIError) {
            try DirectoryFiles.create(path, key.bytes, mode: 0o600, isOverwriting: false)
        } catch {
            guard error.code == .fileExists else { throw error }
        }
        return try load(path)
    }
}
