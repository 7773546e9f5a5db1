// SPDX-License-Identifier: Apache-2.0
// What people and pipes get to see: data on standard output, everything else on standard error.

import Glibc

enum Terminal {
    /// Writes to standard output at once; false when nobody reads it any more.
    @discardableResult
    static func write(_ bytes: [UInt8]) -> Bool { write(bytes[...], to: 1) }

    /// Writes to standard output at once.
    @discardableResult
    static func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    /// Writes an error and what to do about it.
    static func error(_ message: String, hint: String? = nil, code: String? = nil) {
        note(TextTable.printable("sealwire: error: \(message)"))
        if let hint { note(TextTable.printable("hint: \(hint)")) }
        if let code { note(TextTable.printable("code: \(code)")) }
    }

    /// Writes a line to standard error.
    static func note(_ line: String) { _ = write(Array((line + "\n").utf8)[...], to: 2) }

    private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let part = Array(rest.prefix(1 << 20))
            let count = Glibc.write(descriptor, part, part.count)
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN {
                    var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&wanted, 1, -1)
                    continue
                }
                return false
            }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

/// Reads standard input as it comes.
struct StandardInput {
    private var pending: [UInt8] = []
    private var start = 0
    private var isAtEnd = false

    /// The next line without its end; nil after the last.
    mutating func line(bytesMax: Int) -> [UInt8]? {
        var searched = start
        while true {
            if let end = pending[searched...].firstIndex(of: 0x0A) {
                defer { start = end + 1 }
                return Array(pending[start..<end])
            }
            searched = pending.count
            if isAtEnd || pending.count - start > bytesMax {
                defer { start = pending.count }
                return start == pending.count ? nil : Array(pending[start...])
            }
            if start > 0 {
                pending.removeFirst(start)
                searched -= start
                start = 0
            }
            fill()
        }
    }

    /// Everything that is left; nil when it is more than allowed.
    mutating func rest(bytesMax: Int) -> [UInt8]? {
        while !isAtEnd, pending.count - start <= bytesMax { fill() }
        let all = Array(pending[start...])
        start = pending.count
        return all.count <= bytesMax ? all : nil
    }

    private mutating func fill() {
        var part = [UInt8](repeating: 0, count: 65_536)
        let count = read(0, &part, part.count)
        if count < 0, errno == EINTR { return }
        if count <= 0 { isAtEnd = true } else { pending.append(contentsOf: part[..<count]) }
    }
}
