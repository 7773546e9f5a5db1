// SPDX-License-Identifier: Apache-2.0
// Fuzz target: files of separated values must never trap, and every row must be bounded.
// modules: SealBytes SealAdmin/Bulk/CSV

import SealAdmin

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns `count` readable bytes at `start` for the length of this call.
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    var limits = CSVLimits()
    limits.columnsMax = 8
    limits.rowBytesMax = 64
    for limits in [limits, CSVLimits()] {
        var reader = CSVReader(input, limits: limits)
        var again = reader
        var line = 0
        var rows = 0
        while let row = reader.next() {
            precondition(row == again.next(), "two readings of one file")
            precondition(row.line > line, "a row does not begin behind the one before")
            precondition(row.fields.count <= limits.columnsMax, "more fields than allowed")
            precondition(row.fault != nil || !row.fields.isEmpty, "a row without fields")
            line = row.line
            rows += 1
        }
        let ends = input.count { $0 == 0x0A || $0 == 0x0D }
        precondition(rows <= ends + 1, "more rows than lines")
        precondition(reader.next() == nil, "a row behind the last")
    }
    return 0
}
