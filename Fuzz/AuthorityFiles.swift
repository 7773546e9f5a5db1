// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the database and the configuration of an authority must never trap; what is read is
// written as the same again, and both ways of going over a database agree.
// modules: SealBytes SealPKI

import SealPKI

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns `count` readable bytes at `start` for the length of this call.
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    row(input)
    database(input)
    configuration(input)
    return 0
}

private func row(_ input: [UInt8]) {
    guard let row = try? DatabaseRow(parsing: input) else { return }
    let line = row.line
    precondition(line.last == 0x0A, "a row without its end")
    guard let again = try? DatabaseRow(parsing: line.dropLast()) else {
        // Bytes that are no UTF-8 are replaced by longer ones, so a long line may not fit again.
        precondition(line.count > DatabaseRow.bytesMax, "a row that was written is not read")
        return
    }
    precondition(again == row, "a row that is read again is another one")
    precondition(SerialNumber(hexadecimal: row.serial.hexadecimal) == row.serial, "another number")
    precondition(row.serial < row.serial.next, "the next number is not behind")
    _ = row.serial.decimal
    precondition(DatabaseTime.seconds(DatabaseTime.text(row.notAfter).utf8) == row.notAfter)
    _ = row.standing(at: 0)
}

private func database(_ input: [UInt8]) {
    guard let count = try? DatabaseCheck.rowCount(input) else { return }
    let lines = input.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
    let rows = lines.filter { $0.first != UInt8(ascii: "#") }
    precondition(rows.count == count, "rows were lost or made up")
}

private func configuration(_ input: [UInt8]) {
    guard let read = try? OpenSSLConfiguration(parsing: input) else { return }
    var bytes = 0
    for name in read.sectionNames {
        for entry in read.entries(name) ?? [] {
            bytes += entry.value.utf8.count
            precondition(
                entry.value.utf8.count <= OpenSSLConfiguration.valueBytesMax,
                "a value above its bound"
            )
        }
    }
    precondition(bytes <= OpenSSLConfiguration.allValuesBytesMax, "values above their bound")
    _ = try? AuthoritySettings(read, file: "f")
}
