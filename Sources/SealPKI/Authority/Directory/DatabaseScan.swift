// SPDX-License-Identifier: Apache-2.0
// A pass over a whole database that looks at no more of each line than finding it again needs.

/// Where the parts of a line are that it is found by.
struct ScannedRow {
    let line: Range<Int>
    let state: DatabaseRow.State
    let serial: Range<Int>
    let subject: Range<Int>
}

/// A pass over the lines of a database.
enum DatabaseScan {
    /// Calls `body` with every row; a last line without an end is passed over, as openssl does.
    static func rows(
        _ bytes: [UInt8],
        _ body: (ScannedRow) throws(PKIError) -> Void
    ) throws(PKIError) {
        var start = 0
        var number = 0
        while start < bytes.count {
            var tabs = (0, 0, 0, 0, 0)
            var tabCount = 0
            var end = start
            while end < bytes.count, bytes[end] != 0x0A {
                if bytes[end] == 0x09, end == start || bytes[end - 1] != UInt8(ascii: "\\") {
                    switch tabCount {
                    case 0: tabs.0 = end
                    case 1: tabs.1 = end
                    case 2: tabs.2 = end
                    case 3: tabs.3 = end
                    case 4: tabs.4 = end
                    default: break
                    }
                    tabCount += 1
                }
                end += 1
            }
            number += 1
            if end == bytes.count { return }
            defer { start = end + 1 }
            if bytes[start] == UInt8(ascii: "#") { continue }
            guard tabCount == 5, tabs.0 == start + 1, end - start <= DatabaseRow.bytesMax,
                let state = DatabaseRow.State(rawValue: bytes[start]),
                (state == .revoked) == (tabs.2 > tabs.1 + 1),
                isSerial(bytes[(tabs.2 + 1)..<tabs.3])
            else { throw fault(bytes[start..<end], number) }
            try body(
                ScannedRow(
                    line: start..<end,
                    state: state,
                    serial: (tabs.2 + 1)..<tabs.3,
                    subject: (tabs.4 + 1)..<end
                )
            )
        }
    }

    private static func isSerial(_ digits: ArraySlice<UInt8>) -> Bool {
        guard digits.count % 2 == 0, !digits.isEmpty, digits.count <= SerialNumber.digitsMax
        else { return false }
        return digits.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte)
                || (0x61...0x66).contains(byte)
        }
    }

    /// What is wrong with a line, found by the reader that looks at everything.
    static func fault(_ line: ArraySlice<UInt8>, _ number: Int) -> PKIError {
        do throws(PKIError) {
            _ = try DatabaseRow(parsing: line)
            return PKIError(.database, "line \(number) of the database cannot be read")
        } catch {
            return PKIError(.database, "line \(number) of the database: \(error.reason)")
        }
    }

    /// Every row, read completely.
    static func all(_ bytes: [UInt8]) throws(PKIError) -> [DatabaseRow] {
        var found: [DatabaseRow] = []
        var number = 0
        try rows(bytes) { row throws(PKIError) in
            number += 1
            do throws(PKIError) {
                found.append(try DatabaseRow(parsing: bytes[row.line]))
            } catch {
                throw PKIError(error.code, "row \(number) of the database: \(error.reason)")
            }
        }
        return found
    }
}

/// Looking at a whole database without opening its authority.
public enum DatabaseCheck {
    /// How many rows the bytes hold; the first damaged one is an error that names its line.
    public static func rowCount(_ bytes: [UInt8]) throws(PKIError) -> Int {
        try DatabaseScan.all(bytes).count
    }
}
