// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the response parser must never trap, and must read the same whatever the pieces.
// modules: SealBytes SealHTTP

import SealHTTP

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns `count` readable bytes at `start` for the length of this call.
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    for method: Method in [.get, .head] {
        let whole = read(input, to: method, pieceBytes: max(1, input.count))
        precondition(
            whole == read(input, to: method, pieceBytes: 1),
            "pieces changed what was read"
        )
    }
    return 0
}

private func read(_ input: [UInt8], to method: Method, pieceBytes: Int) -> [String] {
    var limits = HTTPLimits()
    limits.bodyBytesMax = 64
    var parser = ResponseParser(to: method, limits: limits)
    var lines: [String] = []
    var bodyBytes = 0
    func take(_ event: ResponseParser.Event) {
        switch event {
        case .head(let head):
            precondition((100...999).contains(head.status.code))
            lines.append("\(head.status.code) \(head.fields) \(head.keepsAlive)")
        case .body(let piece): bodyBytes += piece.count
        case .end:
            precondition(bodyBytes <= limits.bodyBytesMax)
            lines.append("end \(bodyBytes)")
            bodyBytes = 0
        }
    }
    var rest = input[...]
    do {
        while !rest.isEmpty {
            parser.append(rest.prefix(pieceBytes))
            rest = rest.dropFirst(pieceBytes)
            while let event = try parser.next() { take(event) }
        }
        if let event = try parser.connectionEnded() { take(event) }
    } catch {
        lines.append("error \(error)")
    }
    return lines
}
