// SPDX-License-Identifier: Apache-2.0
// Work that was put off, so that one tenant's does not keep the others waiting: first in, first
// out for each tenant, and the tenants in turn.

internal import SealBytes

/// A piece of work that goes on in a later turn.
enum PutOff {
    /// Bytes of a connection are to be read on.
    case reading(Handle)
    /// The rest of a SUBSCRIBE or UNSUBSCRIBE.
    case filters(Handle)
    /// Retained messages on their way to a session.
    case retained(Handle)
    /// Retained messages that another partition asked for.
    case served(ServedKey)
    /// What a session that ended has left behind.
    case remains(Handle)
    /// The groups of a session whose connection came or went.
    case groups(Handle)
    /// A message that came in no packet.
    case publication(Message)
}

/// What was put off, by tenant.
struct Backlog {
    private struct Line {
        var items: [PutOff] = []
        var head = 0
    }

    private var lines: [UInt32: Line] = [:]
    /// The tenants with work, the next one first.
    private var order: [UInt32] = []

    var isEmpty: Bool { order.isEmpty }

    mutating func append(_ item: PutOff, of tenant: UInt32) {
        if lines[tenant] == nil {
            lines[tenant] = Line()
            order.append(tenant)
        }
        lines[tenant]?.items.append(item)
    }

    /// The tenants that have something to do now, each once.
    mutating func takeOrder() -> [UInt32] {
        defer { order = [] }
        return order
    }

    /// The next piece of a tenant's.
    mutating func next(of tenant: UInt32) -> PutOff? {
        guard let line = lines[tenant], line.head < line.items.count else { return nil }
        let item = line.items[line.head]
        lines[tenant]?.head += 1
        return item
    }

    /// A tenant had its turn; it comes again behind the others when something is left.
    mutating func finish(_ tenant: UInt32) {
        guard var line = lines.removeValue(forKey: tenant) else { return }
        guard line.head < line.items.count else { return }
        if line.head > 64 {
            line.items.removeFirst(line.head)
            line.head = 0
        }
        lines[tenant] = line
        order.append(tenant)
    }
}
