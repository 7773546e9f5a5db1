// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the readers of DER (certificate, revocation list, request) by themselves, without
// OpenSSL before them, must never trap and must read the same twice.
// modules: SealBytes SealPKI

import SealPKI

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns `count` readable bytes at `start` for the length of this call.
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    if let fields = try? CertificateFields(der: input) {
        _ = fields.defects
        _ = fields.serialDecimal
        let lines = fields.extensions.flatMap(\.lines)
        precondition(lines == (try? CertificateFields(der: input))?.extensions.flatMap(\.lines))
        precondition(fields.subject == fields.subject && fields.publicKey.bits >= 0)
    }
    if let list = try? RevocationFields(der: input) {
        _ = list.extensions.flatMap(\.lines)
        _ = list.entries.values.map(\.reasonName)
        precondition(list.defects.count < 1000)
    }
    if let request = try? CertificateRequestFields(der: input) {
        _ = request.extensions.flatMap(\.lines)
    }
    return 0
}
