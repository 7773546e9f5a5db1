// SPDX-License-Identifier: Apache-2.0
// Noticing that files changed, by looking at them: works for files that are renamed into place,
// for links that are bent, and on file systems that tell nobody.

internal import Glibc
internal import SealPKI

/// What files looked like when they were last put into use.
struct WatchedFiles: Sendable {
    private struct Look: Equatable {
        var modifiedSeconds = 0
        var modifiedNanoseconds = 0
        var bytes = 0
        var number: UInt64 = 0
    }

    private let paths: [String]
    private var known: [Look]
    /// What was seen last; a change counts when it is seen twice alike.
    private var seen: [Look]

    init(_ paths: [String]) {
        self.paths = paths
        known = paths.map(Self.look)
        seen = known
    }

    /// Whether something changed since it was put into use, and is not changing any more.
    mutating func hasSettledChange() -> Bool {
        let present = paths.map(Self.look)
        defer { seen = present }
        guard present != known, present == seen else { return false }
        known = present
        return true
    }

    private static func look(_ path: String) -> Look {
        var about = stat()
        guard stat(path, &about) == 0 else { return Look() }
        var look = Look(
            modifiedSeconds: about.st_mtim.tv_sec,
            modifiedNanoseconds: about.st_mtim.tv_nsec,
            bytes: Int(about.st_size),
            number: UInt64(about.st_ino)
        )
        guard about.st_mode & S_IFMT == S_IFDIR else { return look }
        // A folder of authorities: its files count as well.
        for name in ((try? Files.names(in: path)) ?? []).sorted() {
            var inner = stat()
            guard stat("\(path)/\(name)", &inner) == 0 else { continue }
            look.bytes &+= Int(inner.st_size)
            look.modifiedSeconds &+= inner.st_mtim.tv_sec
            look.modifiedNanoseconds &+= inner.st_mtim.tv_nsec
            look.number = look.number &* 31 &+ UInt64(inner.st_ino)
        }
        return look
    }
}
