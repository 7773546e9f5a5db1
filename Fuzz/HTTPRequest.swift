// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the request parser must never trap, and must read the same whatever the pieces.
// modules: SealBytes SealHTTP

import SealHTTP

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns `count` readable bytes at `start` for the length of this call.
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let whole = read(input, pieceBytes: max(1, input.count))
    precondition(whole == read(input, pieceBytes: 1), "pieces changed what was read")
    return 0
}

private func read(_ input: [UInt8], pieceBytes: Int) -> [String] {
    var limits = HTTPLimits()
    limits.bodyBytesMax = 64
    var parser = RequestParser(limits: limits)
    var lines: [String] = []
    var bodyBytes = 0
    var rest = input[...]
    while !rest.isEmpty {
        parser.append(rest.prefix(pieceBytes))
        rest = rest.dropFirst(pieceBytes)
        do {
            while let event = try parser.next() {
                switch event {
                case .head(let head):
                    precondition(head.path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
                    precondition(head.fields.all.count <= limits.fieldCountMax)
                    lines.append("\(head) \(head.segments ?? [])")
                case .body(let piece): bodyBytes += piece.count
                case .end:
                    precondition(bodyBytes <= limits.bodyBytesMax)
                    lines.append("end \(bodyBytes)")
                    bodyBytes = 0
                }
            }
        } catch {
            return lines + ["error \(error)"]
        }
    }
    return lines
}
