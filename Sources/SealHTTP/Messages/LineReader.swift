// SPDX-License-Identifier: Apache-2.0
// Bytes that arrive in pieces of any size, taken out as lines that end in CR LF and as bodies.
// What a line means is judged elsewhere.

/// The bytes of a connection that were not used up yet.
struct LineReader: Sendable {
    /// How long the next line may be, and what is wrong when it is not a line.
    struct Rule {
        /// Bytes, the line end included.
        var bytesMax: Int
        /// More than that.
        var tooLong: HTTPError
        /// A line feed stood alone.
        var bareLineFeed: HTTPError
    }

    private var buffer: [UInt8] = []
    /// Everything before it is used up.
    private var position = 0
    /// No line feed stands between `position` and here.
    private var scanned = 0

    /// Bytes taken in but not yet used up.
    var pendingBytes: Int { buffer.count - position }

    mutating func append(_ bytes: some Collection<UInt8>) {
        if position == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            scanned = 0
            position = 0
        } else if position > 4_096 {
            buffer.removeSubrange(..<position)
            scanned -= position
            position = 0
        }
        buffer.append(contentsOf: bytes)
    }

    mutating func removeAll() { self = LineReader() }

    /// The next line without its line end; nil when it is not complete.
    ///
    /// A line that is too long is refused as soon as that is certain.
    mutating func line(_ rule: Rule) throws(HTTPError) -> ArraySlice<UInt8>? {
        guard let end = buffer[scanned...].firstIndex(of: Grammar.lineFeed) else {
            scanned = buffer.count
            // At least the line feed must still come.
            if pendingBytes + 1 > rule.bytesMax { throw rule.tooLong }
            return nil
        }
        if end + 1 - position > rule.bytesMax { throw rule.tooLong }
        // RFC 9112 §2.2 lets a recipient take a bare LF as a line end. We do not: two readers
        // that disagree about line ends are how requests are smuggled.
        guard end > position, buffer[end - 1] == Grammar.carriageReturn else {
            throw rule.bareLineFeed
        }
        let line = buffer[position..<(end - 1)]
        position = end + 1
        scanned = position
        return line
    }

    /// Takes what there is, at most so many bytes.
    mutating func take(_ bytesMax: Int) -> [UInt8] {
        let piece = Array(buffer[position...].prefix(max(bytesMax, 0)))
        position += piece.count
        scanned = position
        return piece
    }
}
