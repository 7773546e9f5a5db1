// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a file of certificates, lists, keys and requests, in PEM or DER, must never trap;
// what is shown of it holds no control characters, and a verification ends within its limits.
// modules: SealBytes SealPKI

import SealPKI

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns `count` readable bytes at `start` for the length of this call.
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    _ = try? PrivateKey(file: input, passphrase: nil)
    guard let file = try? CertificateFile(input) else { return 0 }
    for list in file.lists { _ = try? list.fields() }
    for request in file.requests { _ = try? CertificateRequestFields(der: request) }
    for one in file.certificates {
        guard let fields = try? one.fields() else { continue }
        check(fields.subject.description)
        for line in fields.extensions.flatMap(\.lines) { check(line) }
    }
    verify(file)
    return 0
}

private func verify(_ file: CertificateFile) {
    guard let leaf = file.certificates.first else { return }
    var settings = VerificationSettings(time: 1_800_000_000)
    settings.revocation = .present
    settings.limits.signatureChecksMax = 20
    let verdict = ChainVerifier(
        settings: settings,
        trusted: Array(file.certificates.suffix(1)),
        intermediates: file.certificates,
        lists: file.lists
    ).verify(leaf)
    precondition(verdict.signatureCheckCount <= 20, "more signatures than allowed")
    precondition(verdict.isValid == (verdict.failures.isEmpty && verdict.isComplete))
    for failure in verdict.failures { check(failure.subject) }
    _ = try? ChainOrder(file.certificates)
}

private func check(_ text: String) {
    for scalar in text.unicodeScalars {
        precondition(scalar.value >= 0x20 && scalar.value != 0x7F, "a control character")
    }
}
