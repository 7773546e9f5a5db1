// SPDX-License-Identifier: Apache-2.0
// Reading and writing the small files that keys and certificates live in.

internal import CSys
internal import Glibc
internal import SealBytes

/// Small files, whole.
public enum Files {
    /// A file larger than this is not read.
    public static let bytesMax = 16 << 20

    /// Reads a whole file.
    public static func read(
        _ path: String,
        bytesMax: Int = Files.bytesMax
    ) throws(PKIError)
        -> [UInt8]
    {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { throw failure("cannot be opened", path) }
        defer { close(fd) }
        var about = stat()
        // SAFETY: the out-parameter is a local variable.
        guard unsafe fstat(fd, &about) == 0 else { throw failure("cannot be read", path) }
        if about.st_mode & S_IFMT == S_IFDIR {
            throw PKIError(.file, "\(path) is a folder, not a file")
        }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            // SAFETY: at most the array's size is read into it.
            let count = unsafe Glibc.read(fd, &part, part.count)
            if count < 0, seal_errno() == EINTR { continue }
            guard count >= 0 else { throw failure("cannot be read", path) }
            if count == 0 { return bytes }
            guard bytes.count + count <= bytesMax else {
                throw PKIError(.file, "\(path) is larger than \(bytesMax) bytes")
            }
            bytes.append(contentsOf: part[0..<count])
        }
    }

    /// The names of the entries of a folder, without those that begin with a dot.
    public static func names(in folder: String) throws(PKIError) -> [String] {
        // SAFETY: the stream is closed below; entries are copied before the next is read.
        guard let stream = unsafe opendir(folder) else { throw failure("cannot be read", folder) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { place in
                unsafe place.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    /// Replaces a file at once: readers see the old bytes or the new ones, never a part.
    public static func write(
        _ bytes: [UInt8],
        to path: String,
        mode: UInt32 = 0o644
    ) throws(PKIError) {
        let suffix = Hex.encode(try Cryptography.randomBytes(6))
        let temporary = "\(path).\(suffix).new"
        let fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode))
        guard fd >= 0 else { throw failure("cannot be written", path) }
        var isKept = false
        defer { if !isKept { unlink(temporary) } }
        do throws(PKIError) {
            try writeAll(bytes, fd, path)
            // The mode is exact, whatever the process masks away at creation.
            guard fchmod(fd, mode_t(mode)) == 0, fsync(fd) == 0 else {
                throw failure("cannot be written", path)
            }
        } catch {
            close(fd)
            throw error
        }
        guard close(fd) == 0, rename(temporary, path) == 0 else {
            throw failure("cannot be written", path)
        }
        isKept = true
        syncFolder(of: path)
    }

    private static func writeAll(_ bytes: [UInt8], _ fd: Int32, _ path: String) throws(PKIError) {
        var offset = 0
        while offset < bytes.count {
            // SAFETY: the range lies inside the array.
            let count = unsafe bytes.withUnsafeBytes { raw in
                unsafe Glibc.write(
                    fd,
                    raw.baseAddress.map { unsafe $0 + offset },
                    raw.count - offset
                )
            }
            if count < 0, seal_errno() == EINTR { continue }
            guard count > 0 else { throw failure("cannot be written", path) }
            offset += count
        }
    }

    /// A renamed file is safe only when its folder is.
    private static func syncFolder(of path: String) {
        var folder = "."
        if let slash = path.lastIndex(of: "/") {
            folder = slash == path.startIndex ? "/" : String(path[..<slash])
        }
        let fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard fd >= 0 else { return }
        fsync(fd)
        close(fd)
    }

    private static func failure(_ what: String, _ path: String) -> PKIError {
        // SAFETY: the text is copied at once.
        let word = unsafe strerror(seal_errno())
        let why = unsafe word.map { unsafe String(cString: $0) } ?? "error"
        return PKIError(.file, "\(path) \(what): \(why)")
    }
}
