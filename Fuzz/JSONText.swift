// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the JSON reader must never trap, obeys its limits, and what it read comes back the
// same when it is written and read again.
// modules: SealBytes

import SealBytes

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns `count` readable bytes at `start` for the length of this call.
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let limits = JSONLimits(bytesMax: 4096, depthMax: 16, valuesMax: 256)
    do {
        let value = try JSONValue(parsing: input, limits: limits)
        precondition(input.count <= limits.bytesMax, "the limit of bytes was passed")
        precondition(depth(value) <= limits.depthMax, "the limit of depth was passed")
        let written = value.bytes
        // What is escaped grows; nothing else does by much.
        let again = try JSONValue(parsing: written, limits: JSONLimits(depthMax: 16))
        precondition(again == value, "a value changed when it was written")
        precondition(again.bytes == written, "the writer is not stable")
    } catch let error {
        precondition(error.offset <= input.count || error.code == .tooLarge)
        precondition(!error.reason.isEmpty || error.code != .malformed)
    }
    return 0
}

private func depth(_ value: JSONValue) -> Int {
    switch value {
    case .array(let elements): 1 + (elements.map(depth).max() ?? 0)
    case .object(let object): 1 + (object.all.map { depth($0.value) }.max() ?? 0)
    default: 0
    }
}
