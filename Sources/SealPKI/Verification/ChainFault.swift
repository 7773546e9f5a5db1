// SPDX-License-Identifier: Apache-2.0
// Of all that a chain breaks, the one rule that is said first. The same at every door.

/// Why a chain is refused, in one rule.
public struct ChainFault: Sendable, Equatable {
    /// What decides.
    public let failure: VerificationFailure
    /// It is the trusted certificate at the chain's end that breaks the rule.
    public let isAboutAnchor: Bool
    /// Nothing trusted is among what was sent, and nothing trusted issued it.
    public let isStrange: Bool
}

extension ChainVerdict {
    /// What is said first about a chain that does not hold; nil when it does.
    ///
    /// A revoked certificate is called so whatever else is wrong. A chain that leads nowhere is
    /// called so before its parts are looked at, because nobody vouches for what stands in them.
    public var fault: ChainFault? {
        guard !isValid else { return nil }
        let ending = failures.last { Self.endings.contains($0.rule) }
        let first =
            failures.first { $0.rule == .revoked }
            ?? (isComplete ? nil : ending) ?? failures.first
            ?? VerificationFailure(.searchLimit, depth: 0, subject: "", "no chain was found")
        return ChainFault(
            failure: first,
            isAboutAnchor: isComplete && first.depth > 0 && first.depth == links.count - 1,
            isStrange: !isComplete && !isAnchorSent
                && [.issuerMissing, .notTrusted].contains(first.rule)
        )
    }

    /// Why a chain ends before it reaches a trusted certificate.
    private static let endings: Set<VerificationRule> = [
        .signature, .issuerMissing, .notTrusted, .searchLimit,
    ]
}
