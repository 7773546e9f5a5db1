// SPDX-License-Identifier: Apache-2.0
// The steps on disk that an authority is made of: reading at a place, appending, replacing with the
// former state kept, syncing. Their order, which is what makes them safe, is decided by callers.

internal import CSys
internal import Glibc

/// What tells that a file was changed or replaced.
struct FileStamp: Equatable {
    let inode: UInt64
    let bytes: Int64
    let changedNanoseconds: Int64

    init(_ about: stat) {
        inode = UInt64(about.st_ino)
        bytes = Int64(about.st_size)
        changedNanoseconds =
            Int64(about.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(about.st_mtim.tv_nsec)
    }

    /// The stamp of the file at a path.
    static func of(_ path: String) throws(PKIError) -> FileStamp {
        var about = stat()
        // SAFETY: the out-parameter is a local variable.
        guard unsafe stat(path, &about) == 0 else { throw systemFailure("cannot be read", path) }
        return FileStamp(about)
    }
}

/// An open file.
final class DirectoryFile {
    let descriptor: Int32
    let path: String

    init(_ path: String, _ flags: Int32, mode: UInt32 = 0o644) throws(PKIError) {
        self.path = path
        descriptor = open(path, flags | O_CLOEXEC, mode_t(mode))
        guard descriptor >= 0 else {
            if seal_errno() == EEXIST {
                throw PKIError(.fileExists, "\(path) is there already and is not overwritten")
            }
            throw systemFailure("cannot be opened", path)
        }
    }

    deinit { close(descriptor) }

    func stamp() throws(PKIError) -> FileStamp {
        var about = stat()
        // SAFETY: the out-parameter is a local variable.
        guard unsafe fstat(descriptor, &about) == 0 else {
            throw systemFailure("cannot be read", path)
        }
        return FileStamp(about)
    }

    /// Up to `count` bytes from a place on.
    func read(at offset: Int64, _ count: Int) throws(PKIError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            // SAFETY: the place lies inside the array, and at most what is left is read.
            let part = unsafe bytes.withUnsafeMutableBytes { raw in
                unsafe pread(
                    descriptor,
                    raw.baseAddress.map { unsafe $0 + done },
                    count - done,
                    Int(offset) + done
                )
            }
            if part < 0, seal_errno() == EINTR { continue }
            guard part >= 0 else { throw systemFailure("cannot be read", path) }
            if part == 0 { break }
            done += part
        }
        bytes.removeLast(count - done)
        return bytes
    }

    /// Writes at a place, or at the end of a file that was opened for appending.
    func write(_ bytes: [UInt8], at offset: Int64? = nil) throws(PKIError) {
        var done = 0
        while done < bytes.count {
            // SAFETY: the range lies inside the array.
            let part = unsafe bytes.withUnsafeBytes { raw in
                let start = unsafe raw.baseAddress.map { unsafe $0 + done }
                guard let offset else {
                    return unsafe Glibc.write(descriptor, start, raw.count - done)
                }
                return unsafe pwrite(descriptor, start, raw.count - done, Int(offset) + done)
            }
            if part < 0, seal_errno() == EINTR { continue }
            guard part > 0 else { throw systemFailure("cannot be written", path) }
            done += part
        }
    }

    func sync() throws(PKIError) {
        guard fdatasync(descriptor) == 0 else { throw systemFailure("cannot be written", path) }
    }
}

/// Steps on files that are named by their paths.
enum DirectoryFiles {
    /// Replaces a file at once, and leaves what it was under the name with `.old`, as openssl does.
    ///
    /// Unlike openssl, the file is there at every moment.
    static func replace(_ path: String, _ bytes: [UInt8]) throws(PKIError) {
        var mode = mode_t(0o644)
        var about = stat()
        // SAFETY: the out-parameter is a local variable.
        if unsafe stat(path, &about) == 0 {
            mode = about.st_mode & 0o777
            try keep(path)
        }
        let fresh = path + ".new"
        do {
            let file = try DirectoryFile(fresh, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
            try file.write(bytes)
            try file.sync()
        }
        guard rename(fresh, path) == 0 else { throw systemFailure("cannot be replaced", path) }
        try syncFolder(folderName(path))
    }

    /// Gives the file the further name `.old`, in the place of the one that was there.
    private static func keep(_ path: String) throws(PKIError) {
        let spare = path + ".old.new"
        unlink(spare)
        guard link(path, spare) == 0, rename(spare, path + ".old") == 0 else {
            throw systemFailure("cannot be kept as .old", path)
        }
        // When both names were one file already, rename does nothing.
        unlink(spare)
    }

    /// Keeps a copy under the name with `.old`, for a file that is going to grow.
    static func keepCopy(_ path: String) throws(PKIError) {
        let bytes = try Files.read(path)
        let spare = path + ".old.new"
        try create(spare, bytes, mode: 0o644, isOverwriting: true)
        guard rename(spare, path + ".old") == 0 else {
            throw systemFailure("cannot be kept as .old", path)
        }
    }

    private static func syncFolder(_ folder: String) throws(PKIError) {
        let file = try DirectoryFile(folder, O_RDONLY | O_DIRECTORY)
        guard fsync(file.descriptor) == 0 else { throw systemFailure("cannot be synced", folder) }
    }

    /// Writes a new file, or one that is overwritten on demand; it is not synced.
    static func create(
        _ path: String,
        _ bytes: [UInt8],
        mode: UInt32,
        isOverwriting: Bool = false
    ) throws(PKIError) {
        if isOverwriting { unlink(path) }
        let file = try DirectoryFile(path, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
        try file.write(bytes)
    }

    /// Makes everything on a folder's file system safe.
    static func syncAll(_ folder: String) throws(PKIError) {
        let file = try DirectoryFile(folder, O_RDONLY | O_DIRECTORY)
        guard seal_sync_file_system(file.descriptor) == 0 else {
            throw systemFailure("cannot be synced", folder)
        }
    }

    /// Makes a folder; one that is there is fine.
    static func makeFolder(_ path: String, mode: UInt32 = 0o755) throws(PKIError) {
        if mkdir(path, mode_t(mode)) != 0, seal_errno() != EEXIST {
            throw systemFailure("cannot be made", path)
        }
    }

    static func isSameFileSystem(_ left: String, _ right: String) -> Bool {
        var one = stat()
        var other = stat()
        // SAFETY: the out-parameters are local variables.
        guard unsafe stat(left, &one) == 0, unsafe stat(right, &other) == 0 else { return false }
        return one.st_dev == other.st_dev
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}

/// The reason that the system gave last.
func systemFailure(_ what: String, _ path: String) -> PKIError {
    // SAFETY: the text is copied at once.
    let word = unsafe strerror(seal_errno())
    let why = unsafe word.map { unsafe String(cString: $0) } ?? "error"
    return PKIError(.file, "\(path) \(what): \(why)")
}

/// The lock of an authority, held while this value lives.
///
/// Every `sealwire` takes it before it reads what it is going to change. openssl takes no lock.
final class AuthorityLock {
    private let file: DirectoryFile

    /// Waits for the lock for at most so many seconds.
    init(_ database: String, seconds: Int) throws(PKIError) {
        file = try DirectoryFile(database + ".lock", O_RDWR | O_CREAT, mode: 0o600)
        var waited = 0
        while flock(file.descriptor, LOCK_EX | LOCK_NB) != 0 {
            let why = seal_errno()
            guard why == EWOULDBLOCK || why == EINTR else {
                throw systemFailure("cannot be locked", database)
            }
            guard waited < seconds * 1_000_000 else {
                throw PKIError(
                    .locked,
                    "another sealwire has held the lock of \(database) for \(seconds) s",
                    hint: "try again when it is done"
                )
            }
            let pause = 1000 + Int.random(in: 0..<9000)
            usleep(UInt32(pause))
            waited += pause
        }
    }
}
