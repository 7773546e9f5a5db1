// SPDX-License-Identifier: Apache-2.0
// The last decisions about access, for whoever asks why. In memory and bounded: it explains the
// present, the audit keeps the past.

public import SealBytes

/// A ring of decisions.
public struct DecisionLog: Sendable {
    /// How many are kept unless said otherwise.
    public static let keptMax = 10_000

    private let most: Int
    private var records: [DecisionRecord] = []
    /// Where the next one goes once the ring is full.
    private var next = 0

    /// Makes an empty ring of a size.
    public init(keptMax: Int = DecisionLog.keptMax) { most = max(keptMax, 1) }

    /// How many are kept now.
    public var count: Int { records.count }

    /// Remembers a decision; the oldest goes when there are too many.
    public mutating func note(_ record: DecisionRecord) {
        if records.count < most {
            records.append(record)
        } else {
            records[next] = record
            next = (next + 1) % most
        }
    }

    /// The last decisions of a tenant about a device, client id or user, the youngest first.
    ///
    /// Decisions whose tenant was not found are shown to the management tenant only.
    public func about(_ name: Name, tenant: UInt32, limit: Int) -> [DecisionRecord] {
        var found: [DecisionRecord] = []
        let isManagement = tenant == Tenant.managementNumber
        for step in 0..<records.count {
            guard found.count < limit else { break }
            let index = (next + records.count - 1 - step) % records.count
            let record = records[index]
            guard record.tenant == tenant || (isManagement && record.tenant == 0) else { continue }
            let names = [record.device, record.clientID, record.user]
            if name.isEmpty || names.contains(name) {
                found.append(record)
            }
        }
        return found
    }
}
