// SPDX-License-Identifier: Apache-2.0
// The file of a registry and the lock beside it: who may read it, and that one process has it.

internal import Glibc
internal import SealBroker

/// A registry's file, held by this object and nobody else.
final class RegistryFile: Sendable {
    /// Its size when it was opened.
    let bytes: Int
    private let lock: Int32

    /// Makes the file and its folders where they are missing, for the owner alone.
    init(_ path: String) throws(RegistryError) {
        guard !path.isEmpty, !path.ends(with: "/") else {
            throw RegistryError(.storage, "the registry's path names no file")
        }
        try Self.makeFolder(of: path)
        lock = try Self.takeLock(path + ".lock")
        do throws(RegistryError) {
            bytes = try Self.makeFile(path)
        } catch {
            close(lock)
            throw error
        }
    }

    deinit { close(lock) }

    private static func makeFolder(of path: String) throws(RegistryError) {
        let parts = path.split(separator: "/").dropLast()
        var folder = path.begins(with: "/") ? "" : "."
        for part in parts {
            folder += "/" + part
            guard mkdir(folder, 0o700) != 0, errno != EEXIST else { continue }
            // A parent that cannot be written matters only when something is missing below it.
            guard access(folder, F_OK) != 0 else { continue }
            throw failure("the folder \(folder) cannot be made")
        }
    }

    /// A file beside the registry, because SQLite's own locks would be lost when another
    /// descriptor of the registry itself is closed.
    private static func takeLock(_ path: String) throws(RegistryError) -> Int32 {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure("the file \(path) cannot be opened") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw RegistryError(
                .storage,
                "the registry is in use by another process, which holds \(path); stop that first"
            )
        }
        return descriptor
    }

    private static func makeFile(_ path: String) throws(RegistryError) -> Int {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("the registry \(path) cannot be opened") }
        defer { close(descriptor) }
        var about = stat()
        // SAFETY: the out-parameter is a local variable.
        guard unsafe fstat(descriptor, &about) == 0, about.st_mode & S_IFMT == S_IFREG else {
            throw RegistryError(.storage, "the registry \(path) is not a file")
        }
        // Whoever reads it could guess passwords at leisure. SQLite gives the files beside it the
        // same mode when it makes them.
        guard fchmod(descriptor, 0o600) == 0 else {
            throw failure("the registry \(path) cannot be kept from other users")
        }
        for beside in [path + "-wal", path + "-shm"] where access(beside, F_OK) == 0 {
            guard chmod(beside, 0o600) == 0 else {
                throw failure("the file \(beside) cannot be kept from other users")
            }
        }
        return Int(about.st_size)
    }

    private static func failure(_ what: String) -> RegistryError {
        // SAFETY: the text is copied at once.
        let reason = unsafe strerror(errno).map { unsafe String(cString: $0) } ?? ""
        return RegistryError(.storage, "\(what): \(reason.lowercased())")
    }
}
