// SPDX-License-Identifier: Apache-2.0
// Whether a chain leads to one trust anchor, by RFC 5280. What was proven is remembered, because
// neither the certificates nor the clock's direction change; status and revocation are asked
// elsewhere, every time.

internal import SealAdmin
internal import SealBroker
internal import SealBytes
internal import SealPKI

/// Judges chains with the house's verifier.
final class OpenSSLChainJudge: ChainJudge {
    /// At most so many proofs are remembered; the table starts over when it is full.
    static let rememberedMax = 65_536
    /// At most so many anchors are kept decoded; the table starts over when it is full.
    static let anchorsMax = 4096

    private struct Question: Hashable {
        var chain: Fingerprint
        var anchor: Fingerprint
    }

    /// A path that was found, and when every certificate of it is valid.
    private struct Proof {
        /// Places in the sent chain, leaf first, without the anchor.
        var places: [UInt8]
        var begin: Int64
        var end: Int64
    }

    /// A trust anchor, decoded.
    private struct Anchor {
        var certificate: Certificate
        var mark: CertificateMark
    }

    private struct State {
        var proofs: [Question: Proof] = [:]
        var anchors: [Fingerprint: Anchor] = [:]
    }

    private let state = Locked(State())
    private let lookupKey: [UInt8]

    /// Takes the key that access tokens are looked up with.
    init(_ vault: VaultKey) throws(PKIError) { lookupKey = try vault.derived("access token") }

    /// How many proofs are remembered.
    var rememberedCount: Int { state.withLock { $0.proofs.count } }

    func judge(_ question: ChainQuestion) -> ChainAnswer {
        guard !question.chain.isEmpty, let key = Self.key(question) else {
            return .refused([Reason(.chainBroken)])
        }
        let known = state.withLock { ($0.proofs[key], $0.anchors[key.anchor]) }
        if let proof = known.0, let anchor = known.1, proof.begin <= question.now,
            question.now <= proof.end, proof.places.count + 1 <= question.lengthMax
        {
            return Self.answer(proof, question, anchor)
        }
        return verify(question, key)
    }

    /// What is asked, as a small value.
    ///
    /// A lone certificate is named by its own digest, more of them by the digest of their digests.
    private static func key(_ question: ChainQuestion) -> Question? {
        guard let anchor = Fingerprint(question.anchor.sha256) else { return nil }
        if question.chain.count == 1 {
            return Fingerprint(question.chain[0].sha256).map { Question(chain: $0, anchor: anchor) }
        }
        let all = question.chain.flatMap(\.sha256)
        guard all.count == question.chain.count * 32, let digest = try? Cryptography.sha256(all),
            let chain = Fingerprint(digest)
        else { return nil }
        return Question(chain: chain, anchor: anchor)
    }

    private static func answer(
        _ proof: Proof,
        _ question: ChainQuestion,
        _ anchor: Anchor
    ) -> ChainAnswer {
        var marks = proof.places.map { place in
            let one = question.chain[Int(place)]
            return CertificateMark(serial: one.serial, issuerKey: one.issuerKey)
        }
        marks.append(anchor.mark)
        return .good(path: marks, until: proof.end)
    }

    private func verify(_ question: ChainQuestion, _ key: Question) -> ChainAnswer {
        let certificates: [Certificate]
        let anchor: Anchor
        do throws(PKIError) {
            anchor = try decoded(question.anchor, key.anchor)
        } catch {
            // Nobody's chain leads to what is no certificate.
            return .refused([Reason(.chainBroken, detail: error.reason)])
        }
        do throws(PKIError) {
            certificates = try question.chain.map { one throws(PKIError) in
                one.sha256 == question.anchor.sha256
                    ? anchor.certificate : try Certificate(verifying: one.der)
            }
        } catch {
            return .refused([Reason(.certificateMalformed, detail: error.reason)])
        }
        var settings = VerificationSettings(time: question.now)
        settings.purpose = .client
        // The anchor ends the path, whoever signed it.
        settings.allowsPartialChain = true
        settings.chainLengthMax = question.lengthMax
        settings.limits = .ofPeer
        let verifier = ChainVerifier(
            settings: settings,
            trusted: [anchor.certificate],
            intermediates: Array(certificates.dropFirst())
        )
        let verdict = verifier.verify(certificates[0])
        guard verdict.isValid else {
            return .refused(Self.reasons(verdict))
        }
        guard let proof = Self.proof(verdict, question) else {
            return .refused([Reason(.chainBroken)])
        }
        state.withLock { state in
            if state.proofs.count >= Self.rememberedMax { state.proofs.removeAll() }
            state.proofs[key] = proof
        }
        return Self.answer(proof, question, anchor)
    }

    private func decoded(
        _ anchor: TrustAnchor,
        _ fingerprint: Fingerprint
    ) throws(PKIError) -> Anchor {
        if let known = state.withLock({ $0.anchors[fingerprint] }) { return known }
        let certificate = try Certificate(verifying: anchor.der)
        guard certificate.fingerprint == fingerprint else {
            throw PKIError(.malformed, "the trusted certificate is not the one it is called")
        }
        let seen = PresentedCertificate(taking: certificate, fingerprint)
        let made = Anchor(
            certificate: certificate,
            mark: CertificateMark(serial: seen.serial, issuerKey: seen.issuerKey)
        )
        state.withLock { state in
            if state.anchors.count >= Self.anchorsMax { state.anchors.removeAll() }
            state.anchors[fingerprint] = made
        }
        return made
    }

    private static func proof(_ verdict: ChainVerdict, _ question: ChainQuestion) -> Proof? {
        var proof = Proof(places: [], begin: .min, end: .max)
        for (depth, link) in verdict.links.enumerated() {
            proof.begin = max(proof.begin, link.fields.notBefore)
            proof.end = min(proof.end, link.fields.notAfter)
            if depth == verdict.links.count - 1 { break }
            let digest = link.certificate.fingerprint.bytes
            guard let place = question.chain.firstIndex(where: { $0.sha256 == digest }),
                let place = UInt8(exactly: place)
            else { return nil }
            proof.places.append(place)
        }
        return proof
    }

    // MARK: - Digests

    func pinnedID(der: [UInt8]) -> Name { sha3(Name(Base64.encode(der))) }

    func tokenLookup(_ token: Name) -> Name {
        let digest = try? Cryptography.hmacSHA256(key: lookupKey, Array(token.utf8))
        return Name(Hex.encode(digest ?? []))
    }

    func sha3(_ text: Name) -> Name {
        Name(Hex.encode((try? DigestKind.sha3.digest(of: Array(text.utf8))) ?? []))
    }
}

extension OpenSSLChainJudge {
    /// The reasons of a verdict, each code once: what decides, then the rest in the order of the
    /// chain.
    static func reasons(_ verdict: ChainVerdict) -> [Reason] {
        guard let fault = verdict.fault else { return [Reason(.chainBroken)] }
        // The anchor is found before the chain is judged: who leads nowhere has left something out.
        var reasons: [Reason] = []
        for failure in [fault.failure] + verdict.failures {
            let reason = Reason(
                ReasonCode(failure),
                detail: "\(failure.subject): \(failure.sentence)"
            )
            if !reasons.contains(reason) { reasons.append(reason) }
        }
        return reasons
    }
}
