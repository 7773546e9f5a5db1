// SPDX-License-Identifier: Apache-2.0
// Whether bytes are JSON (RFC 8259), of any size and with nothing kept: what a payload must be to
// be put into other JSON as it is.

enum JSONCheck {
    /// Whether the bytes are one JSON value.
    static func isValid(_ bytes: [UInt8]) -> Bool {
        var reader = Reader(bytes: bytes)
        guard reader.value(depth: 0) else { return false }
        reader.skipBlanks()
        return reader.position == bytes.count
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0
        /// Deeper values are not printed as JSON.
        private static let depthMax = 512

        init(bytes: [UInt8]) { self.bytes = bytes }

        var next: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func skipBlanks() {
            while let byte = next, byte == 0x20 || (0x09...0x0D).contains(byte) { position += 1 }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            guard next == byte else { return false }
            position += 1
            return true
        }

        mutating func value(depth: Int) -> Bool {
            guard depth <= Self.depthMax else { return false }
            skipBlanks()
            switch next {
            case UInt8(ascii: "{"): return members(depth)
            case UInt8(ascii: "["): return elements(depth)
            case UInt8(ascii: "\""): return string()
            case UInt8(ascii: "t"): return word("true")
            case UInt8(ascii: "f"): return word("false")
            case UInt8(ascii: "n"): return word("null")
            default: return number()
            }
        }

        private mutating func members(_ depth: Int) -> Bool {
            position += 1
            skipBlanks()
            if take(UInt8(ascii: "}")) { return true }
            repeat {
                skipBlanks()
                guard next == UInt8(ascii: "\""), string() else { return false }
                skipBlanks()
                guard take(UInt8(ascii: ":")), value(depth: depth + 1) else { return false }
                skipBlanks()
            } while take(UInt8(ascii: ","))
            return take(UInt8(ascii: "}"))
        }

        private mutating func elements(_ depth: Int) -> Bool {
            position += 1
            skipBlanks()
            if take(UInt8(ascii: "]")) { return true }
            repeat {
                guard value(depth: depth + 1) else { return false }
                skipBlanks()
            } while take(UInt8(ascii: ","))
            return take(UInt8(ascii: "]"))
        }

        private mutating func string() -> Bool {
            position += 1
            while let byte = next {
                position += 1
                if byte == UInt8(ascii: "\"") { return true }
                if byte < 0x20 { return false }
                guard byte == UInt8(ascii: "\\") else { continue }
                guard let escape = next else { return false }
                position += 1
                if escape == UInt8(ascii: "u") {
                    for _ in 0..<4 {
                        guard let digit = next, isHex(digit) else { return false }
                        position += 1
                    }
                } else if !"\"\\/bfnrt".utf8.contains(escape) {
                    return false
                }
            }
            return false
        }

        private func isHex(_ byte: UInt8) -> Bool {
            switch byte {
            case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
            default: false
            }
        }

        private mutating func word(_ text: String) -> Bool {
            for byte in text.utf8 where !take(byte) { return false }
            return true
        }

        private mutating func digits() -> Bool {
            let start = position
            while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
            return position > start
        }

        private mutating func number() -> Bool {
            _ = take(UInt8(ascii: "-"))
            let first = next
            let start = position
            guard digits() else { return false }
            if first == 0x30, position - start > 1 { return false }
            if take(UInt8(ascii: ".")), !digits() { return false }
            if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
                if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
                return digits()
            }
            return true
        }
    }
}
