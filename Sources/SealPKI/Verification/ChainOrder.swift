// SPDX-License-Identifier: Apache-2.0
// Putting certificates in order, leaf to root, by names and signatures. Nothing is verified beyond
// that.

/// Certificates in the order of a chain.
public struct ChainOrder: Sendable {
    /// The chain, leaf first.
    public let chain: [Certificate]
    /// Certificates that do not belong to the chain.
    public let others: [Certificate]
    /// The issuer of the last one when it is not there; nil when the last one signed itself.
    public let missingIssuer: String?
    /// Whether the chain was in this order already, with nothing beside it.
    public let wasInOrder: Bool

    /// More certificates are not put in order.
    public static let certificatesMax = 1000

    /// Finds the longest chain; among equals the one whose leaf comes first.
    public init(_ certificates: [Certificate]) throws(PKIError) {
        guard certificates.count <= Self.certificatesMax else {
            throw PKIError(
                .badRequest,
                "more than \(Self.certificatesMax) certificates cannot be put in order"
            )
        }
        var unique: [(certificate: Certificate, fields: CertificateFields)] = []
        var seen: Set<Fingerprint> = []
        for one in certificates where seen.insert(one.fingerprint).inserted {
            unique.append((one, try one.fields()))
        }
        let parents = Self.parents(unique)
        let signers = Set(parents.compactMap(\.self))
        var best: [Int] = []
        // Who signed nobody is a leaf; in a circle anybody can be.
        let leaves = unique.indices.filter { !signers.contains($0) }
        for leaf in leaves.isEmpty ? Array(unique.indices) : leaves {
            let path = Self.path(from: leaf, parents)
            if path.count > best.count { best = path }
        }
        chain = best.map { unique[$0].certificate }
        others = unique.indices.filter { !best.contains($0) }.map { unique[$0].certificate }
        wasInOrder = chain == certificates
        guard let last = best.last.map({ unique[$0] }) else {
            missingIssuer = nil
            return
        }
        let isRoot =
            last.fields.isSelfIssued
            && SignatureCheck.isSigned(last.certificate, by: last.certificate)
        missingIssuer = isRoot ? nil : last.fields.issuer.shown
    }

    /// The index of each one's issuer.
    private static func parents(
        _ all: [(certificate: Certificate, fields: CertificateFields)]
    ) -> [Int?] {
        var bySubject: [CertificateName: [Int]] = [:]
        for (index, one) in all.enumerated() {
            bySubject[one.fields.subject, default: []].append(index)
        }
        return all.enumerated().map { index, one in
            let named = bySubject[one.fields.issuer] ?? []
            // Many certificates of one name are not tried all.
            return named.prefix(32).first {
                $0 != index && SignatureCheck.isSigned(one.certificate, by: all[$0].certificate)
            }
        }
    }

    private static func path(from leaf: Int, _ parents: [Int?]) -> [Int] {
        var path: [Int] = [leaf]
        var seen: Set<Int> = [leaf]
        var node = leaf
        while let parent = parents[node], seen.insert(parent).inserted {
            path.append(parent)
            node = parent
        }
        return path
    }
}
