// SPDX-License-Identifier: Apache-2.0
// modules: SealBytes SealTelemetry SealMQTT SealBroker
// Lines that devices send: reading never traps, keeps its bounds, and what is written is read
// again.

import SealBroker

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns `count` readable bytes at `start` for the length of this call.
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let lines = SmartREST.read(bytes)
    precondition(lines.count <= SmartREST.linesMax + 1)
    for case .fields(let fields) in lines {
        precondition(!fields.isEmpty && fields.count <= SmartREST.fieldsMax)
        let written = SmartREST.write(fields)
        // A single empty field is an empty line, which is none.
        guard fields != [""] else { continue }
        precondition(SmartREST.read(Array(written.utf8)) == [.fields(fields)])
    }
    return 0
}
