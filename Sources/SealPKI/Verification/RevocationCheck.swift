// SPDX-License-Identifier: Apache-2.0
// Whether a certificate is revoked (RFC 5280 §6.3): which lists count for it, and what they say.
// Who signs lists for others (indirect lists) must be certified by an authority of the path.

/// The revocation lists of a verification.
struct RevocationCheck: Sendable {
    /// A list with its fields.
    struct List: Sendable {
        let list: RevocationList
        let fields: RevocationFields
        /// Which of the verification's lists it is.
        let number: Int
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
            for (number, one) in lists.enumerated() {
                do throws(PKIError) {
                    let fields = try one.fields()
                    byIssuer[fields.issuer, default: []].append(
                        List(list: one, fields: fields, number: number)
                    )
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
        settings: VerificationSettings,
        work: RevocationWork
    ) -> [Fault] {
        guard depth + 1 < path.count else { return [] }
        let isNeeded = mode == .chain || mode == .leaf && depth == 0
        let above = Array(path[(depth + 1)...])
        return status(of: candidate, Context(above, pool, settings, work), isNeeded: isNeeded)
    }

    private func status(
        of candidate: Candidate,
        _ context: Context,
        isNeeded: Bool
    ) -> [Fault] {
        let issuer = candidate.fields.issuer
        let found = sources(for: candidate, context)
        guard !found.isEmpty else {
            guard isNeeded else { return [] }
            let hint = unreadable.first.map { "; a list could not be read: \($0)" } ?? ""
            return [(.listMissing, "there is no revocation list of \(issuer.shown)" + hint)]
        }
        var faults: [Fault] = []
        var covered: UInt16 = 0
        for (name, lists) in found {
            let signers = signers(of: name, context)
            for full in lists where full.fields.find(.deltaIndicator) == nil {
                if let fault = fault(of: full, for: candidate, signers, context) {
                    faults.append(fault)
                    continue
                }
                covered |= reasons(full, candidate)
                if let revoked = revocation(candidate, full, lists, signers, context) {
                    return [revoked]
                }
            }
        }
        if covered & Self.allReasons == Self.allReasons { return [] }
        if !faults.isEmpty { return faults }
        if covered != 0 {
            return [(.listScope, "the lists of \(issuer.shown) do not cover every reason")]
        }
        return [(.listMissing, "there is no full revocation list of \(issuer.shown)")]
    }

    /// The lists of the certificate's issuer, and the indirect ones of those that the certificate
    /// says sign lists for it (RFC 5280 §6.3.3 (b)(1)).
    ///
    /// For a key outside of the path only the lists that it signs itself are among the latter.
    private func sources(
        for candidate: Candidate,
        _ context: Context
    ) -> [(name: CertificateName, lists: [List])] {
        let own = candidate.fields.issuer
        var found: [(name: CertificateName, lists: [List])] = []
        if let lists = byIssuer[own] { found.append((own, lists)) }
        var seen: Set<CertificateName> = [own]
        for point in candidate.fields.distributionPoints {
            for name in point.listIssuer.compactMap(\.directoryName)
            where seen.insert(name).inserted && found.count < Context.sourcesMax {
                guard context.mayAsk(name) else { continue }
                let lists = (byIssuer[name] ?? []).filter { $0.fields.scope?.isIndirect == true }
                if !lists.isEmpty { found.append((name, lists)) }
            }
        }
        return found
    }

    /// The keys that may sign lists of a name, those of the path first.
    private func signers(of name: CertificateName, _ context: Context) -> [Candidate] {
        let own = (context.above + context.besides).filter { $0.fields.subject == name }
        guard let nested = context.nested else { return own }
        let others = context.others(named: name, besides: own).filter { signer in
            // A key that only signs lists must itself not be revoked.
            guard let place = context.place(ofIssuerOf: signer) else { return false }
            return status(of: signer, nested(place, signer), isNeeded: false).isEmpty
        }
        return own + others
    }

    /// The reasons that the list covers for the certificate.
    private func reasons(_ list: List, _ candidate: Candidate) -> UInt16 {
        let covered = list.fields.scope?.reasons ?? Self.allReasons
        guard let scope = list.fields.scope else { return covered }
        let wanted = places(scope.names, scope.relative, list.fields.issuer)
        let named = points(of: candidate, for: list).filter {
            wanted.isEmpty || !Set(places($0, candidate)).isDisjoint(with: wanted)
        }
        if named.isEmpty || wanted.isEmpty && !list.isForeign(to: candidate) { return covered }
        // Of several points of the same place each adds what it covers.
        return covered & named.reduce(0) { $0 | ($1.reasons ?? Self.allReasons) }
    }

    /// What full list and delta lists say about the certificate.
    private func revocation(
        _ candidate: Candidate,
        _ full: List,
        _ lists: [List],
        _ signers: [Candidate],
        _ context: Context
    ) -> Fault? {
        let serial = candidate.fields.serial
        let issuer = candidate.fields.issuer
        var entry = full.fields.entry(serial, of: issuer)
        for delta in lists {
            guard let base = delta.fields.deltaBase, let number = full.fields.number,
                let deltaNumber = delta.fields.number, !isLess(number, base),
                !isLess(deltaNumber, number),
                fault(of: delta, for: candidate, signers, context) == nil,
                let newer = delta.fields.entry(serial, of: issuer)
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
        _ context: Context
    ) -> Fault? {
        let settings = context.settings
        let whose = "the list of \(list.fields.issuer.shown)"
        if let defect = list.fields.defects.first { return (.listMalformed, "\(whose): \(defect)") }
        if settings.isStrict, let defect = list.fields.strictDefects.first {
            return (.listMalformed, "\(whose): \(defect)")
        }
        if let unknown = list.fields.unknownCritical.first {
            return (
                .listExtension,
                "\(whose) has the critical extension \(unknown.shown), which is not processed"
            )
        }
        if let why = scopeFault(list, candidate) {
            return (.listScope, "\(whose) \(why)")
        }
        if let fault = signatureFault(list, whose, signers, context) { return fault }
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
        _ context: Context
    ) -> Fault? {
        if !context.settings.allowsWeakDigests, let digest = list.fields.outerAlgorithm.weakDigest {
            return (.listSignature, "\(whose) is signed with \(digest), which can be forged")
        }
        let signed = signers.first { context.work.isSigned(list.list, list.number, by: $0) }
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
    private func scopeFault(_ list: List, _ candidate: Candidate) -> String? {
        guard let scope = list.fields.scope else { return nil }
        let isAuthority = candidate.fields.basicConstraints?.isAuthority == true
        if scope.isAttributesOnly { return "covers attribute certificates only" }
        if scope.isUsersOnly, isAuthority { return "does not cover authorities" }
        if scope.isAuthoritiesOnly, !isAuthority { return "covers authorities only" }
        let wanted = places(scope.names, scope.relative, list.fields.issuer)
        guard !wanted.isEmpty else { return nil }
        let found = points(of: candidate, for: list).flatMap { places($0, candidate) }
        return Set(wanted).isDisjoint(with: found)
            ? "is of a distribution point that the certificate does not name" : nil
    }

    /// The certificate's points whose lists the signer of this list signs.
    private func points(of candidate: Candidate, for list: List) -> [DistributionPoint] {
        let isForeign = list.isForeign(to: candidate)
        return candidate.fields.distributionPoints.filter {
            !isForeign && $0.listIssuer.isEmpty
                || $0.listIssuer.contains { $0.directoryName == list.fields.issuer }
        }
    }

    /// The full names of a certificate's point; without any they are those of who signs the list.
    private func places(_ point: DistributionPoint, _ candidate: Candidate) -> [GeneralName] {
        if point.names.isEmpty, point.relative == nil { return point.listIssuer }
        let upper = point.listIssuer.lazy.compactMap(\.directoryName).first
        return places(point.names, point.relative, upper ?? candidate.fields.issuer)
    }

    /// The full names of a place; a relative one stands below who signs the list.
    private func places(
        _ names: [GeneralName],
        _ relative: DERValue?,
        _ signer: CertificateName
    ) -> [GeneralName] {
        guard let relative,
            let name = try? CertificateName(signer, and: relative, "the place of a list")
        else { return names }
        return [.directory(name)]
    }
}

extension RevocationCheck.List {
    /// Whether the certificate is of another issuer than the list.
    fileprivate func isForeign(to candidate: Candidate) -> Bool {
        fields.issuer != candidate.fields.issuer
    }
}

/// Who may sign the lists of a certificate: those above it in its path, and keys that they vouch
/// for.
private struct Context {
    /// The path from the certificate's issuer on.
    let above: [Candidate]
    /// The keys outside of the path whose standing is looked at: their own lists count for them.
    let besides: [Candidate]
    let pool: CandidatePool
    let settings: VerificationSettings
    let work: RevocationWork

    /// At most so many other keys under one name are tried.
    static let signersMax = 4
    /// A key outside of the path may need the list of another one, and so on so many times.
    static let levelsMax = 2
    /// Lists of at most so many names are looked at for one certificate.
    static let sourcesMax = 16

    init(
        _ above: [Candidate],
        _ pool: CandidatePool,
        _ settings: VerificationSettings,
        _ work: RevocationWork,
        besides: [Candidate] = []
    ) {
        self.above = above
        self.besides = besides
        self.pool = pool
        self.settings = settings
        self.work = work
    }

    /// Whether the indirect lists of a name are looked at.
    func mayAsk(_ name: CertificateName) -> Bool {
        besides.isEmpty || besides.contains { $0.fields.subject == name }
    }

    /// The view of a key whose issuer stands at a place; nil when there are too many between.
    var nested: ((Int, Candidate) -> Context)? {
        guard besides.count < Self.levelsMax else { return nil }
        return { Context(Array(above[$0...]), pool, settings, work, besides: besides + [$1]) }
    }

    /// Other keys under the name that are fit to sign lists, and whose issuer is in the path.
    func others(named name: CertificateName, besides own: [Candidate]) -> [Candidate] {
        let fit = pool.named(name).filter { one in
            !own.contains { $0.fields.publicKey.der == one.fields.publicKey.der }
                && one.fields.keyUsage?.contains(.cRLSign) != false
                && settings.time >= one.fields.notBefore && settings.time <= one.fields.notAfter
                && one.fields.defects.allSatisfy(\.isStrictOnly)
        }
        return Array(fit.prefix(Self.signersMax).filter { place(ofIssuerOf: $0) != nil })
    }

    /// Where the certificate stands that signed this one.
    func place(ofIssuerOf signer: Candidate) -> Int? {
        above.firstIndex {
            $0.fields.subject == signer.fields.issuer && work.isSigned(signer, by: $0)
        }
    }
}
