// SPDX-License-Identifier: Apache-2.0
// The members of a shared subscription, and which of them gets the next message. What a choice
// costs does not grow with the number of members.

internal import SealBytes

/// A group, at its home.
struct SharedGroup {
    /// Where a member stands.
    enum Place: Int, CaseIterable {
        /// It is connected.
        case connected
        /// It is connected, and could not take a message a moment ago.
        case busy
        /// Its client is away.
        case away
        /// Its client is away, and its queue is full until it comes back.
        case full
    }

    private struct Member {
        var member: GroupMember
        /// How many messages it was given; a new member starts where the others are.
        var given: UInt64
        var place: Place
        /// Its index among those of its place.
        var index: Int
    }

    /// So many of a place are compared for the least load; the next choice goes on behind them.
    static let comparedMax = 16
    /// How long a busy member is left out.
    static let restMilliseconds: UInt64 = 20

    let key: ClientKey
    let filter: [UInt8]
    let node: TopicNode
    private var members: [UInt64: Member] = [:]
    private var words: [[UInt64]] = Array(repeating: [], count: Place.allCases.count)
    private var next = 0
    /// When the busy ones are asked again.
    private var restEnds: UInt64 = 0
    /// Members that live in other partitions.
    private(set) var elsewhere = 0
    /// No member was given fewer messages than this when it came in.
    private var leastGiven: UInt64 = 0

    init(key: ClientKey, filter: [UInt8], node: TopicNode) {
        self.key = key
        self.filter = filter
        self.node = node
    }

    var isEmpty: Bool { members.isEmpty }
    var count: Int { members.count }

    /// Where a member stands; nil when it is none.
    func place(of word: UInt64) -> Place? { members[word]?.place }

    /// Takes a member in, or learns what it subscribes with from now on.
    mutating func enter(_ member: GroupMember, isConnected: Bool, home: Int) {
        let word = member.word
        if members[word] != nil {
            members[word]?.member = member
            return
        }
        if member.partition != home { elsewhere += 1 }
        let place = isConnected ? Place.connected : .away
        members[word] = Member(
            member: member,
            given: leastGiven,
            place: place,
            index: words[place.rawValue].count
        )
        words[place.rawValue].append(word)
    }

    /// Lets a member go.
    mutating func leave(_ word: UInt64, home: Int) {
        guard let gone = members[word] else { return }
        takeOut(gone)
        members[word] = nil
        if gone.member.partition != home { elsewhere -= 1 }
    }

    /// A member's client came or went.
    mutating func note(_ word: UInt64, isConnected: Bool) {
        move(word, to: isConnected ? .connected : .away)
    }

    /// A member could not take a message.
    mutating func refused(_ word: UInt64, now: UInt64) {
        switch members[word]?.place {
        case .connected:
            if words[Place.busy.rawValue].isEmpty { restEnds = now + Self.restMilliseconds }
            move(word, to: .busy)
        case .away: move(word, to: .full)
        case .busy, .full, nil: break
        }
    }

    /// The member for the next message: a connected one with little to do; one that is away only
    /// when no connected one can take it; nil when nobody can.
    mutating func pick(now: UInt64, load: (GroupMember) -> Int) -> GroupMember? {
        if now >= restEnds { wakeBusy() }
        let place = words[Place.connected.rawValue].isEmpty ? Place.away : .connected
        let count = words[place.rawValue].count
        guard count > 0 else { return nil }
        if next >= count { next = 0 }
        var best: (word: UInt64, load: Int, given: UInt64)?
        let compared = min(count, Self.comparedMax)
        for offset in 0..<compared {
            let word = words[place.rawValue][(next + offset) % count]
            guard let candidate = members[word] else { continue }
            let candidateLoad = load(candidate.member)
            if let best, (best.load, best.given) <= (candidateLoad, candidate.given) { continue }
            best = (word, candidateLoad, candidate.given)
        }
        if count > compared { next += compared }
        guard let best else { return nil }
        members[best.word]?.given += 1
        leastGiven = max(leastGiven, best.given)
        return members[best.word]?.member
    }

    /// The members one after the other, for a message that some cannot take.
    func member(at index: Int) -> GroupMember? {
        let connected = words[Place.connected.rawValue]
        if index < connected.count { return members[connected[index]]?.member }
        let away = words[Place.away.rawValue]
        let rest = index - connected.count
        return rest < away.count ? members[away[rest]]?.member : nil
    }

    private mutating func wakeBusy() {
        while let word = words[Place.busy.rawValue].last { move(word, to: .connected) }
    }

    private mutating func move(_ word: UInt64, to place: Place) {
        guard let member = members[word], member.place != place else { return }
        takeOut(member)
        members[word]?.place = place
        members[word]?.index = words[place.rawValue].count
        words[place.rawValue].append(word)
    }

    /// Takes a member's word out of its place; the last one there moves into the gap.
    private mutating func takeOut(_ member: Member) {
        let place = member.place.rawValue
        guard let last = words[place].popLast(), member.index < words[place].count else { return }
        words[place][member.index] = last
        members[last]?.index = member.index
    }
}
