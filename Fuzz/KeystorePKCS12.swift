// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a PKCS #12 file must never trap, nor cost more than its limits, and its trusted
// certificates must come out again when written.
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
    guard (try? Keystore.format(of: input)) == .pkcs12 else { return 0 }
    for secret in [nil, password, []] {
        guard let store = try? Keystore(reading: input, password: secret, limits: limits) else {
            continue
        }
        for case .key(let key, let chain) in store.entries.map(\.content) {
            _ = try? key.opened([password, []], limits: limits)
            for (one, issuer) in zip(chain, chain.dropFirst()) {
                precondition(one.isIssued(by: issuer), "a chain that does not hold")
            }
        }
        guard store.keys.isEmpty, !store.entries.isEmpty else { continue }
        let names = store.entries.map { $0.alias.lowercased() }
        precondition(Set(names).count == names.count, "two entries of one name")
        let written = try? store.written(as: .pkcs12, password: password)
        let again = written.flatMap { try? Keystore(reading: $0, password: password) }
        precondition(again?.trusted == store.trusted, "what was written says something else")
    }
    return 0
}
