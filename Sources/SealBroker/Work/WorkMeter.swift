// SPDX-License-Identifier: Apache-2.0
// How much work was done for whom in this turn. One unit is about 100 ns: a delivery to one
// receiver, a node of a tree, a rule that was asked.

/// How much work may be done in one turn, in units of about 100 ns.
public struct WorkLimits: Sendable, Equatable {
    /// For one connection, before the others have their turn.
    public var link = 40_000
    /// For one tenant; several tenants that use it up share it.
    public var tenant = 100_000

    /// The defaults.
    public init() {}
}

/// The work of one partition, by tenant.
struct WorkMeter {
    /// Where a tenant's work is counted; 0 is where all begins.
    typealias Place = Int32

    private struct Account {
        var spent = 0
        /// The turn that `spent` is of.
        var turn: UInt64 = 0
    }

    /// However many tenants use up their shares, each has at least this part of it.
    static let leastShare = 64

    var limits: WorkLimits {
        didSet { setShare() }
    }
    /// Units of all turns together.
    private(set) var done: UInt64 = 0
    private var turn: UInt64 = 1
    private var accounts: [Account] = [Account()]
    private var places: [UInt32: Place] = [0: 0]
    /// Tenants that used up their share in this turn.
    private var heavy = 0
    /// What a tenant may do in this turn.
    private(set) var share: Int

    init(_ limits: WorkLimits = WorkLimits()) {
        self.limits = limits
        share = limits.tenant
    }

    /// Where the work of a tenant is counted.
    mutating func place(of tenant: UInt32) -> Place {
        if let known = places[tenant] { return known }
        let place = Place(clamping: accounts.count)
        accounts.append(Account())
        places[tenant] = place
        return place
    }

    /// Work was done.
    @inline(__always)
    mutating func add(_ units: Int) { done &+= UInt64(truncatingIfNeeded: units) }

    /// A new turn begins.
    mutating func beginTurn() {
        turn &+= 1
        setShare()
        heavy = 0
    }

    private mutating func setShare() {
        share = max(1, limits.tenant / min(max(heavy, 1), Self.leastShare))
    }

    /// The work since a mark was a tenant's.
    @inline(__always)
    mutating func charge(_ place: Place, since mark: UInt64) {
        let index = Int(place)
        let before = accounts[index].turn == turn ? accounts[index].spent : 0
        let spent = before &+ Int(truncatingIfNeeded: done &- mark)
        accounts[index].spent = spent
        accounts[index].turn = turn
        if before < share, spent >= share { heavy += 1 }
    }

    /// What is left of a tenant's share of this turn; not above what one connection may do.
    @inline(__always)
    func allowance(_ place: Place) -> Int {
        let account = accounts[Int(place)]
        return min(limits.link, share &- (account.turn == turn ? account.spent : 0))
    }

    /// Whether a tenant has used up its share of this turn.
    func isExhausted(_ place: Place) -> Bool { allowance(place) <= 0 }
}
