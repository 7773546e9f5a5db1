// SPDX-License-Identifier: Apache-2.0
// Fuzz target: certificates and conditions as they come in requests must never trap, and what is
// cut out of a text must be in it.
// modules: SealBytes SealAdmin/Texts

import SealAdmin
import SealBytes

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns `count` readable bytes at `start` for the length of this call.
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    if let all = try? CertificateText.read(input) {
        precondition(!all.isEmpty, "no certificate and no fault")
        let joined = all.map { Base64.encode($0) }.joined(separator: ",")
        let isPlain = all.allSatisfy { one in
            one.count >= 4 && one[0] == 0x30 && one[1] == 0x82
                && Int(one[2]) << 8 | Int(one[3]) == one.count - 4
        }
        if isPlain {
            precondition((try? CertificateText.read(joined.utf8)) == all, "two forms of one chain")
        }
        precondition(all.reduce(0) { $0 + $1.count } <= input.count, "more than there was")
    }
    if let text = String(validating: input, as: UTF8.self),
        let conditions = try? InventoryCondition.read(text)
    {
        precondition(conditions.count <= InventoryCondition.countMax, "more than allowed")
    }
    return 0
}
