// SPDX-License-Identifier: Apache-2.0
// Whether a certificate is revoked (RFC 5280 §6.3): which lists count for it, and what they say.
// Lists of other issuers than the certificate's own (indirect lists) are not used.

/// The revocation lists of a verification.
struct RevocationCheck: Sendable {
    /// A list with its fields.
    struct List: Sendable {
        let list: RevocationList
        let fields: RevocationFields
    }

    typealias Fault = (rule: VerificationRule, sentence: String)

    let mode: RevocationMode
    private let byIssuer: [CertificateName: [List]]
    /// What was wrong with lists that could not be read.
    private let unreadable: [String]

    /// The bits of all reasons that a list can cover.
    private static let allReasons: UInt16 = 0b1_1111_1110

    init(mode: RevocationMode, lists: [RevocationList]) {
        self.mode = mode
        var byIssuer: [CertificateName: [List]] = [:]
        var unreadable: [String] = []
        if mode != .off {
            for one in lists {
                do throws(PKIError) {
                    let fields = try one.fields()
                    byIssuer[fields.issuer, default: []].append(List(list: one, fields: fields))
                } catch {
                    unreadable.append(error.reason)
                }
            }
        }
        self.byIssuer = byIssuer
        self.unreadable = unreadable
    }

    /// What speaks against the certificate; empty when nothing does.
    func faults(
        of candidate: Candidate,
        depth: Int,
        path: [Candidate],
        pool: CandidatePool,
        settings: VerificationSettings
    ) -> [Fault] {
        guard depth + 1 < path.count else { return [] }
        let context = Context(path: path, pool: pool, settings: settings)
        var signers = [path[depth + 1]]
        signers += context.otherSigners(named: candidate.fields.issuer, beside: path[depth + 1])
            .filter { signer in
                // A key that only signs lists must itself not be revoked.
                guard let upper = context.issuer(of: signer) else { return false }
                return status(of: signer, signers: [upper], isNeeded: false, settings).isEmpty
            }
        let isNeeded = mode == .chain || mode == .leaf && depth == 0
        return status(of: candidate, signers: signers, isNeeded: isNeeded, settings)
    }

    private func status(
        of candidate: Candidate,
        signers: [Candidate],
        isNeeded: Bool,
        _ settings: VerificationSettings
    ) -> [Fault] {
        let issuer = candidate.fields.issuer
        guard let lists = byIssuer[issuer] else {
            guard isNeeded else { return [] }
            let hint = unreadable.first.map { "; a list could not be read: \($0)" } ?? ""
            return [(.listMissing, "there is no revocation list of \(issuer.shown)" + hint)]
        }
        var faults: [Fault] = []
        var covered: UInt16 = 0
        for full in lists where full.fields.find(.deltaIndicator) == nil {
            if let fault = fault(of: full, for: candidate, signers, settings) {
                faults.append(fault)
                continue
            }
            covered |= reasons(full, candidate)
            if let revoked = revocation(candidate, full, lists, signers, settings) {
                return [revoked]
            }
        }
        if covered & Self.allReasons == Self.allReasons { return [] }
        if !faults.isEmpty { return faults }
        if covered != 0 {
            return [(.listScope, "the lists of \(issuer.shown) do not cover every reason")]
        }
        return [(.listMissing, "there is no full revocation list of \(issuer.shown)")]
    }

    /// The reasons that the list covers for the certificate.
    private func reasons(_ list: List, _ candidate: Candidate) -> UInt16 {
        let covered = list.fields.scope?.reasons ?? Self.allReasons
        guard let scope = list.fields.scope else { return covered }
        let issuer = candidate.fields.issuer
        let wanted = places(scope.names, scope.relative, issuer)
        guard !wanted.isEmpty else { return covered }
        // Of several points of the same place each adds what it covers.
        let named = candidate.fields.distributionPoints.filter {
            !Set(places($0.names, $0.relative, issuer)).isDisjoint(with: wanted)
        }
        if named.isEmpty { return covered }
        return covered & named.reduce(0) { $0 | ($1.reasons ?? Self.allReasons) }
    }

    /// What full list and delta lists say about the certificate.
    private func revocation(
        _ candidate: Candidate,
        _ full: List,
        _ lists: [List],
        _ signers: [Candidate],
        _ settings: VerificationSettings
    ) -> Fault? {
        let serial = candidate.fields.serial
        var entry = full.fields.entries[serial]
        for delta in lists {
            guard let base = delta.fields.deltaBase, let number = full.fields.number,
                let deltaNumber = delta.fields.number, !isLess(number, base),
                !isLess(deltaNumber, number),
                fault(of: delta, for: candidate, signers, settings) == nil,
                let newer = delta.fields.entries[serial]
            else { continue }
            entry = newer.reason == 8 ? nil : newer
        }
        guard let entry else { return nil }
        let why = entry.reasonName.map { ", \($0)" } ?? ""
        return (.revoked, "it was revoked at \(Moment.text(entry.date))\(why)")
    }

    /// Whether one number of a list is smaller.
    private func isLess(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        let (left, right) = (left.drop { $0 == 0 }, right.drop { $0 == 0 })
        if left.count != right.count { return left.count < right.count }
        return left.lexicographicallyPrecedes(right)
    }

    // MARK: - Whether a list counts

    private func fault(
        of list: List,
        for candidate: Candidate,
        _ signers: [Candidate],
        _ settings: VerificationSettings
    ) -> Fault? {
        let whose = "the list of \(list.fields.issuer.shown)"
        if let defect = list.fields.defects.first { return (.listMalformed, "\(whose): \(defect)") }
        if settings.isStrict, list.fields.version == 2, list.fields.number == nil {
            return (.listMalformed, "\(whose) has no cRLNumber")
        }
        if let unknown = list.fields.unknownCritical.first {
            return (
                .listExtension,
                "\(whose) has the critical extension \(unknown.shown), which is not processed"
            )
        }
        if let why = scopeFault(list.fields.scope, candidate) {
            return (.listScope, "\(whose) \(why)")
        }
        if let fault = signatureFault(list, whose, signers, settings) { return fault }
        if settings.time < list.fields.thisUpdate {
            return (
                .listNotYetValid,
                "\(whose) is valid only from \(Moment.text(list.fields.thisUpdate))"
            )
        }
        guard let next = list.fields.nextUpdate else {
            // RFC 5280 §5.1.2.5: conforming lists say it.
            return (.listExpired, "\(whose) does not say until when it is valid")
        }
        if settings.time > next {
            return (.listExpired, "\(whose) was due for renewal at \(Moment.text(next))")
        }
        return nil
    }

    private func signatureFault(
        _ list: List,
        _ whose: String,
        _ signers: [Candidate],
        _ settings: VerificationSettings
    ) -> Fault? {
        if !settings.allowsWeakDigests, let digest = list.fields.outerAlgorithm.weakDigest {
            return (.listSignature, "\(whose) is signed with \(digest), which can be forged")
        }
        let signed = signers.first { SignatureCheck.isSigned(list.list, by: $0.certificate) }
        guard let signed else {
            return (.listSignature, "\(whose) is not signed by the issuer's key")
        }
        // §6.3.3 (f)
        if let usage = signed.fields.keyUsage, !usage.contains(.cRLSign) {
            return (.listIssuer, "\(whose) is signed by a key whose keyUsage lacks cRLSign")
        }
        return nil
    }

    // RFC 5280 §6.3.3 (b)(2)
    private func scopeFault(_ scope: ListScope?, _ candidate: Candidate) -> String? {
        guard let scope else { return nil }
        let isAuthority = candidate.fields.basicConstraints?.isAuthority == true
        if scope.isIndirect { return "also covers other issuers, which is not supported" }
        if scope.isAttributesOnly { return "covers attribute certificates only" }
        if scope.isUsersOnly, isAuthority { return "does not cover authorities" }
        if scope.isAuthoritiesOnly, !isAuthority { return "covers authorities only" }
        let wanted = places(scope.names, scope.relative, candidate.fields.issuer)
        guard !wanted.isEmpty else { return nil }
        let found = candidate.fields.distributionPoints.flatMap { point in
            if point.names.isEmpty, point.relative == nil { return point.listIssuer }
            return places(point.names, point.relative, candidate.fields.issuer)
        }
        return Set(wanted).isDisjoint(with: found)
            ? "is of a distribution point that the certificate does not name" : nil
    }

    /// The full names of a place; a relative one stands below the issuer.
    private func places(
        _ names: [GeneralName],
        _ relative: DERValue?,
        _ issuer: CertificateName
    ) -> [GeneralName] {
        guard let relative,
            let name = try? CertificateName(issuer, and: relative, "the place of a list")
        else { return names }
        return [.directory(name)]
    }

    /// Who else may sign lists of an issuer: other keys under the same name.
    private struct Context {
        let path: [Candidate]
        let pool: CandidatePool
        let settings: VerificationSettings

        /// At most so many other keys of one authority are tried.
        static let signersMax = 4

        func otherSigners(named name: CertificateName, beside issuer: Candidate) -> [Candidate] {
            let others = pool.named(name).filter {
                $0.fingerprint != issuer.fingerprint
                    && $0.fields.publicKey.der != issuer.fields.publicKey.der
                    && $0.fields.keyUsage?.contains(.cRLSign) != false
                    && settings.time >= $0.fields.notBefore && settings.time <= $0.fields.notAfter
                    && $0.fields.defects.allSatisfy(\.isStrictOnly)
            }
            return Array(others.prefix(Self.signersMax).filter { self.issuer(of: $0) != nil })
        }

        /// The certificate of the path that signed this one.
        func issuer(of signer: Candidate) -> Candidate? {
            path.dropFirst().first {
                $0.fields.subject == signer.fields.issuer
                    && SignatureCheck.isSigned(signer.certificate, by: $0.certificate)
            }
        }
    }
}
