// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a JKS file must never trap, and what is read must come out again when written.
// modules: SealBytes SealPKI

import SealPKI

private let password = Array("changeit".utf8)

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns `count` readable bytes at `start` for the length of this call.
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    var limits = KeystoreLimits.standard
    limits.iterationsMax = 2000
    guard (try? Keystore.format(of: input)) == .jks,
        let store = try? Keystore(reading: input, password: nil, limits: limits)
    else { return 0 }
    _ = try? Keystore(reading: input, password: password, limits: limits)
    for case .key(let key, _) in store.entries.map(\.content) {
        _ = try? key.opened([password, []], limits: limits)
    }
    guard let written = try? store.written(as: .jks, password: password, limits: limits) else {
        return 0
    }
    let again = try? Keystore(reading: written, password: password, limits: limits)
    precondition(again?.isVerified == true, "what was written cannot be read")
    precondition(again?.entries.count == store.entries.count, "an entry was lost")
    for (one, other) in zip(store.entries, again?.entries ?? []) {
        precondition(one.alias.lowercased() == other.alias, "an alias became another one")
        precondition(one.certificates == other.certificates, "a certificate became another one")
    }
    return 0
}
