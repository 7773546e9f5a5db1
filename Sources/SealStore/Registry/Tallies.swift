// SPDX-License-Identifier: Apache-2.0
// How many there are of each kind, for the limits: counted along, in memory and in a table, because
// counting a million rows to add one takes too long.

internal import SealBroker

/// The numbers of rows as they were committed last.
struct Tallies: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        /// Under the tenant 0, and counted anew when the registry is opened.
        case tenants
        case accounts, anchors, devices, options, revocations, requests, codes
    }

    struct Key: Hashable, Sendable {
        var tenant: UInt32
        var kind: Kind
    }

    private var amounts: [Key: Int] = [:]
    private var totals: [Kind: Int] = [:]

    private static let all = Query("SELECT tenant, kind, amount FROM tallies")
    private static let tenants = Query("SELECT count(*) FROM tenants")

    /// Nothing counted.
    init() {}

    init(_ connection: Connection) throws(RegistryError) {
        let rows = try connection.all(Self.all) {
            (row: inout Row) throws(RegistryError) -> (Key, Int) in
            let key = Key(tenant: try row.tenant(), kind: try row.word(Kind.self))
            return (key, Int(row.integer()))
        }
        var changes = TallyChanges(Tallies())
        for (key, amount) in rows { changes.add(amount, key.tenant, key.kind) }
        changes.add(Int(try connection.number(Self.tenants)), 0, .tenants)
        apply(changes)
    }

    func amount(_ key: Key) -> Int { amounts[key] ?? 0 }
    func total(_ kind: Kind) -> Int { totals[kind] ?? 0 }

    mutating func apply(_ changes: TallyChanges) {
        for (key, difference) in changes.differences where difference != 0 {
            let amount = (amounts[key] ?? 0) &+ difference
            amounts[key] = amount == 0 ? nil : amount
            totals[key.kind, default: 0] &+= difference
        }
    }
}

/// What a change adds and takes away.
struct TallyChanges: Sendable {
    private(set) var before: Tallies
    private(set) var differences: [Tallies.Key: Int] = [:]

    private static let store = Query(
        "INSERT OR REPLACE INTO tallies (tenant, kind, amount) VALUES (?, ?, ?)"
    )

    init(_ before: Tallies) { self.before = before }

    mutating func add(_ difference: Int, _ tenant: UInt32, _ kind: Tallies.Kind) {
        differences[Tallies.Key(tenant: tenant, kind: kind), default: 0] &+= difference
    }

    func amount(_ tenant: UInt32, _ kind: Tallies.Kind) -> Int {
        let key = Tallies.Key(tenant: tenant, kind: kind)
        return before.amount(key) &+ (differences[key] ?? 0)
    }

    func total(_ kind: Tallies.Kind) -> Int {
        differences.reduce(before.total(kind)) { $1.key.kind == kind ? $0 &+ $1.value : $0 }
    }

    /// Takes away all of a tenant that is gone.
    mutating func clear(_ tenant: UInt32) {
        for kind in Tallies.Kind.allCases where kind != .tenants {
            add(-amount(tenant, kind), tenant, kind)
        }
    }

    /// Writes the new numbers of the tenants that are there.
    func write(
        _ connection: Connection,
        without removed: Set<UInt32>
    ) throws(RegistryError) {
        for (key, difference) in differences
        where difference != 0 && key.tenant != 0 && !removed.contains(key.tenant) {
            try connection.run(
                Self.store,
                [
                    StoredValue(key.tenant), .text(key.kind.rawValue),
                    .integer(Int64(amount(key.tenant, key.kind))),
                ]
            )
        }
    }

    /// Leaves the differences alone, so that the numbers before can be changed in place.
    mutating func forgetBefore() { before = Tallies() }
}
