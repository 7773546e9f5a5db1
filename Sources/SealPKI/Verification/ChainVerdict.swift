// SPDX-License-Identifier: Apache-2.0
// What a verification came to: the chain that was found and every rule that was broken.

/// The verdict about a chain.
public struct ChainVerdict: Sendable {
    /// One certificate of the chain with its fields.
    public struct Link: Sendable {
        /// The certificate.
        public let certificate: Certificate
        /// Its fields.
        public let fields: CertificateFields
        /// Whether it is one of the trusted certificates.
        public let isTrusted: Bool
    }

    /// The chain as far as it was found, leaf first.
    public let links: [Link]
    /// Whether the chain reaches a trusted certificate.
    public let isComplete: Bool
    /// The rules that were broken; none means that the chain is valid.
    public let failures: [VerificationFailure]
    /// What only strict verification refuses.
    public let notes: [VerificationFailure]
    /// How many signatures were checked.
    public let signatureCheckCount: Int
    /// How many complete paths were looked at.
    public let pathCount: Int
    /// Whether a trusted certificate was sent that the chain does not reach.
    var isAnchorSent = false

    /// The verdict about bytes that are no certificate.
    public static func unreadable(_ reason: String) -> ChainVerdict {
        ChainVerdict(
            links: [],
            isComplete: false,
            failures: [
                VerificationFailure(.encoding, depth: 0, subject: "(unreadable)", reason)
            ],
            notes: [],
            signatureCheckCount: 0,
            pathCount: 0
        )
    }

    /// Whether the chain is valid.
    public var isValid: Bool { failures.isEmpty && isComplete }

    /// What is wrong with the certificate so far above the leaf.
    public func failures(at depth: Int) -> [VerificationFailure] {
        failures.filter { $0.depth == depth }
    }
}
