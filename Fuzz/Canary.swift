// SPDX-License-Identifier: Apache-2.0
// Fuzz target that must fail: it proves that the fuzzing finds what it is there to find.
// modules:

/// Called by libFuzzer with each input; traps on inputs that begin with "SEAL".
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns `count` readable bytes at `start` for the length of this call.
    let input = UnsafeBufferPointer(start: start, count: count)
    if input.count >= 4, input[0] == 0x53, input[1] == 0x45, input[2] == 0x41, input[3] == 0x4C {
        fatalError("the canary sang")
    }
    return 0
}
