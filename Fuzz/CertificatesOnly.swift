// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a PKCS #7 message of certificates, in BER or base64, must never trap, and what is
// read must come out again when written.
// modules: SealBytes SealPKI

import SealPKI

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns `count` readable bytes at `start` for the length of this call.
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    if let message = try? CertificatesOnly(der: input) { check(message) }
    if let message = try? CertificatesOnly(base64: input) { check(message) }
    return 0
}

/// What we write of it is read as the same certificates, in both forms.
private func check(_ message: CertificatesOnly) {
    let certificates = message.certificates
    precondition(certificates.count <= CertificatesOnly.certificatesMax, "more than the limit")
    let der = CertificatesOnly(certificates).der
    precondition(
        (try? CertificatesOnly(der: der))?.certificates == certificates,
        "what was written is read as something else"
    )
    let text = CertificatesOnly(certificates).base64
    precondition(
        (try? CertificatesOnly(base64: text))?.certificates == certificates,
        "the base64 is read as something else"
    )
}
