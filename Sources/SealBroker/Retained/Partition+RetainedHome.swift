// SPDX-License-Identifier: Apache-2.0
// A home of retained messages answers sessions of other partitions, a piece at a time.

internal import SealBytes

/// A walk that another partition asked for.
struct ServedKey: Hashable {
    var partition: Int
    var ticket: UInt64
}

/// Where it stands.
struct ServedWalk {
    var tenant: UInt32
    var filter: [UInt8]
    /// By partition: messages behind this count are left out.
    var after: [UInt64]
    /// By partition: so many must have arrived before the next answer.
    var seen: [UInt64]
    var cursor: RetainedCursor?
}

extension Partition {
    /// Messages and bytes of one answer.
    private static var partMessagesMax: Int { 64 }
    private static var partBytesMax: Int { 128 << 10 }

    /// Another partition wants this one's messages of a filter.
    func retainedWanted(_ key: ServedKey, _ walk: ServedWalk) {
        var walk = walk
        for (index, count) in walk.after.enumerated() where index < walk.seen.count {
            walk.seen[index] = max(walk.seen[index], count)
        }
        served[key] = walk
        serveRetained(key)
    }

    /// It wants the next ones.
    func retainedNext(_ key: ServedKey, seen: [UInt64]) {
        guard served[key] != nil else { return }
        served[key]?.seen = seen
        serveRetained(key)
    }

    /// Answers with a piece, once everything is here that the other side has seen.
    func serveRetained(_ key: ServedKey) {
        guard var walk = served[key] else { return }
        let isReady = zip(retainsHandled, walk.seen).allSatisfy { $0 >= $1 }
        guard isReady else { return unready.append(key) }
        let place = work.place(of: walk.tenant)
        guard !work.isExhausted(place) else {
            return backlog.append(.served(key), of: walk.tenant)
        }
        let mark = work.done
        var visits = work.allowance(place)
        let granted = visits
        var found: [Message] = []
        var bytes = 0
        var isLast = false
        if let store = spaces[walk.tenant]?.retained {
            var cursor = walk.cursor ?? RetainedCursor(store, walk.filter)
            piece: while found.count < Self.partMessagesMax, bytes < Self.partBytesMax {
                switch cursor.next(&visits) {
                case .message(let message, let origin):
                    guard origin.isWithin(walk.after), message.header.expiresAt > now else {
                        continue
                    }
                    found.append(message)
                    bytes += message.byteCount
                case .paused: break piece
                case .ended:
                    isLast = true
                    break piece
                }
            }
            walk.cursor = cursor
        } else {
            isLast = true
        }
        work.add(granted - visits + 1)
        work.charge(place, since: mark)
        served[key] = isLast ? nil : walk
        outboxes[key.partition].append(
            .retainedPart(ticket: key.ticket, messages: found, isLast: isLast)
        )
    }

    /// Retained messages came in: answers those who waited for them.
    func serveUnready() {
        guard hasNewRetains else { return }
        hasNewRetains = false
        let keys = unready
        unready = []
        for key in keys { serveRetained(key) }
    }
}
