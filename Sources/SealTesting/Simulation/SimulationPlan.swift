// SPDX-License-Identifier: Apache-2.0
// What one run of the simulation is: how large a world, how hard a time it has, and which bug is
// planted. Everything follows from the seed.

public import SealBroker

/// A bug planted between the partitions or on the wire, to see whether the ledger notices.
public enum Sabotage: String, Sendable, CaseIterable {
    /// A forwarded message is lost.
    case loseForward
    /// A forwarded message arrives twice.
    case doubleForward
    /// Two letters of one pair of partitions change places.
    case swapLetters
    /// A partition says that it knows a filter, and forgets it.
    case forgetInterest
    /// A snapshot has an old value of a retained topic.
    case staleRetained
    /// A PUBREL to a client is lost.
    case losePubrel
    /// A client's DISCONNECT is lost, though it counts as handled.
    case loseDisconnect
    /// A forwarded message of one tenant arrives as the other's.
    case mixTenants
    /// A shard never hears of a withdrawal.
    case loseWithdrawal
}

/// The measures of one run.
public struct SimulationPlan: Sendable {
    /// The seed everything else is made from.
    public var seed: UInt64
    /// How many partitions.
    public var partitionCount: Int
    /// How many clients, the observers apart.
    public var clientCount: Int
    /// Rounds of unrest, each followed by a settling and a check.
    public var roundCount: Int
    /// Events of a round.
    public var eventsPerRound: Int
    /// The partitions' bounds.
    public var limits = BrokerLimits()
    /// Bytes the network holds towards a client.
    public var pipeBytes: Int
    /// Payloads are filled up to this.
    public var payloadBytesMax: Int
    /// Of a hundred events, how many cut something.
    public var faultPercent: Int
    /// The world ends with a drain, not with everybody leaving.
    public var drains: Bool
    /// The planted bug.
    public var sabotage: Sabotage?

    /// Throws the dice for a run.
    public init(seed: UInt64, sabotage: Sabotage? = nil) {
        var dice = Dice(seed: seed ^ 0x5EA1_0000)
        self.seed = seed
        self.sabotage = sabotage
        partitionCount = dice.within(2...4)
        clientCount = dice.within(4...12)
        roundCount = dice.within(3...6)
        eventsPerRound = dice.within(150...700)
        pipeBytes = dice.pick([200, 1000, 20_000, 100_000])
        payloadBytesMax = dice.pick([20, 60, 400])
        faultPercent = dice.pick([0, 1, 3])
        drains = dice.chance(20)
        limits.connectionsPerTenantMax = 1000
        // Some worlds are narrow: there the waiting, holding and dropping happens.
        if dice.chance(35) {
            limits.outBytesMax = dice.pick([300, 1500, 6000])
            limits.mailboxBytesMax = dice.pick([2000, 20_000])
        }
        if dice.chance(20) { limits.queuedMessagesMax = dice.pick([5, 40]) }
        if dice.chance(30) { limits.inFlightMax = dice.pick([1, 3, 10]) }
        // In some little is done in a turn, so that much is put off.
        if dice.chance(35) {
            limits.work.link = dice.pick([1, 20, 200])
            limits.work.tenant = dice.pick([1, 30, 300])
        }
    }
}

/// What a run has shown.
public struct SimulationResult: Sendable {
    /// A hash over everything that happened, in order.
    public var traceHash: UInt64
    /// What was wrong; nil when nothing was.
    public var fault: String?
    /// The last events before the fault.
    public var lastEvents: [String]
    /// Messages published.
    public var published = 0
    /// Messages received by clients.
    public var received = 0
    /// Deliveries that were owed, and seen.
    public var owed = 0
    /// Deliveries owed that the broker says it dropped.
    public var dropped = 0
    /// Connections opened.
    public var connections = 0
    /// Wills published.
    public var wills = 0
}

/// Something that must not happen.
struct SimulationFault: Error {
    var reason: String
}
