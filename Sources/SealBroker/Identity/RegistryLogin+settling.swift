// SPDX-License-Identifier: Apache-2.0
// What is written down after a login that several tenants had a claim to: once in the audit of
// each, and each time among the decisions. Neither is told who the other is.

internal import SealBytes

/// Which disputes were written into the audit already, for all threads together.
public final class DisputeShelf: Sendable {
    /// So many are remembered; then it starts over.
    public static let entriesMax = 4096

    private struct Key: Hashable {
        var tenant: UInt32
        var subject: [UInt8]
        var counts: Bool
    }

    private let seen = Locked<Set<Key>>([])

    /// Nothing was written yet.
    public init() {}

    /// Whether this is new; it is not any more afterwards.
    func takes(_ dispute: Dispute) -> Bool {
        let key = Key(
            tenant: dispute.tenant,
            subject: Array(dispute.subject.utf8),
            counts: dispute.counts
        )
        return seen.withLock { seen in
            if seen.count >= Self.entriesMax { seen.removeAll() }
            return seen.insert(key).inserted
        }
    }
}

extension RegistryLogin {
    /// Writes down what follows from a login that was decided; never on a shard.
    ///
    /// Hands back what each tenant concerned is to be told when it asks for explanations. That
    /// nothing can be written now changes nothing about the login.
    @discardableResult
    public static func settle(
        _ step: LoginStep,
        _ environment: LoginEnvironment
    ) -> [DecisionRecord] {
        guard case .accepted(let principal) = step, !principal.notes.isEmpty else { return [] }
        let notes = principal.notes
        let news = notes.disputes.filter { environment.disputes.takes($0) }
        if notes.firstUse != nil || !news.isEmpty {
            _ = try? environment.registry.change(by: .daemon) {
                (writer: any RegistryWriter) throws(RegistryError) in
                if let number = notes.firstUse { try writer.noteFirstUse(credential: number) }
                for dispute in news { try writer.audit(dispute.record) }
            }
        }
        return notes.disputes.map { dispute in
            decision(dispute, principal, environment)
        }
    }

    private static func decision(
        _ dispute: Dispute,
        _ principal: Principal,
        _ environment: LoginEnvironment
    ) -> DecisionRecord {
        var record = DecisionRecord(
            time: environment.clock() &* 1000,
            act: "login",
            isAllowed: dispute.counts,
            reasons: [Reason(dispute.reason, detail: dispute.subject.text)]
        )
        record.tenant = dispute.tenant
        record.subject = dispute.subject
        // Only its own device is a tenant's business.
        let device = dispute.device.flatMap { try? environment.registry.device(number: $0) }
        record.device = device?.identifier ?? ""
        guard dispute.counts else { return record }
        record.listener = principal.listener
        record.clientID = principal.clientID
        record.user = principal.name ?? ""
        record.device = principal.device?.identifier ?? record.device
        return record
    }
}

extension Dispute {
    fileprivate var reason: ReasonCode { counts ? .registrationStands : .registrationYields }

    fileprivate var record: AuditRecord {
        AuditRecord(
            tenant: tenant,
            author: .daemon,
            act: counts ? "login.disputed" : "login.yielded",
            subject: subject.text,
            detail: reason.sentence
        )
    }
}
