// SPDX-License-Identifier: Apache-2.0
// Who signed which list, as far as one search has found out, and how many more signatures it may
// check. What follows from it is RevocationCheck's to say.

/// The signatures of one search for a chain that have to do with revocation.
final class RevocationWork {
    private enum Signed: Hashable {
        case list(Int)
        case certificate(Fingerprint)
    }

    private struct Pair: Hashable {
        let signed: Signed
        let signer: Fingerprint
    }

    private var known: [Pair: Bool] = [:]
    private var checksLeft: Int
    /// Whether a signature was not checked because there were too many.
    private(set) var isExhausted = false

    init(checksMax: Int) { checksLeft = checksMax }

    /// Whether the list with a number is signed by the candidate's key.
    func isSigned(_ list: RevocationList, _ number: Int, by signer: Candidate) -> Bool {
        isKnown(.list(number), signer) { SignatureCheck.isSigned(list, by: signer.certificate) }
    }

    /// Whether the first certificate is signed by the key of the second one.
    func isSigned(_ candidate: Candidate, by signer: Candidate) -> Bool {
        isKnown(.certificate(candidate.fingerprint), signer) {
            SignatureCheck.isSigned(candidate.certificate, by: signer.certificate)
        }
    }

    private func isKnown(_ signed: Signed, _ signer: Candidate, _ check: () -> Bool) -> Bool {
        let pair = Pair(signed: signed, signer: signer.fingerprint)
        if let answer = known[pair] { return answer }
        guard checksLeft > 0 else {
            isExhausted = true
            return false
        }
        checksLeft -= 1
        let answer = check()
        known[pair] = answer
        return answer
    }
}
