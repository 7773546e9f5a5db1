// SPDX-License-Identifier: Apache-2.0
// The memory that tenants hold in all partitions together. A partition leases blocks of it, so that
// it is asked once in many thousand bytes.

internal import SealBytes

/// Why there is no memory.
enum MemoryRefusal {
    /// The client's own sessions hold all they may.
    case client
    /// The tenant holds all it may.
    case tenant
    /// The daemon holds all it may, and the tenant its share of it.
    case daemon

    /// What the client is told.
    var reason: ReasonCode {
        switch self {
        case .client: .memoryClient
        case .tenant: .memoryTenant
        case .daemon: .memoryDaemon
        }
    }
}

/// How much memory may be held.
struct MemoryLimits: Equatable {
    /// By all tenants.
    var total: Int
    /// By one tenant.
    var tenant: Int
    /// What is leased at once, when there is so much.
    var block: Int

    init(total: Int, tenant: Int) {
        self.total = total
        self.tenant = tenant
        block = min(256 << 10, max(tenant / 64, 1))
    }
}

/// Counts the memory of all partitions.
public final class MemoryPool: Sendable {
    private struct State {
        var total = 0
        var tenants: [UInt32: Int] = [:]
    }

    private let state = Locked(State())

    /// Starts with nothing in use.
    public init() {}

    /// Leases `want` bytes to a tenant, or else `need`; the answer is how many, or why none.
    ///
    /// The last eighth of all memory is for tenants that hold less than their share: whoever
    /// fills the rest does not take away what others need to go on.
    func lease(
        _ tenant: UInt32,
        need: Int,
        want: Int,
        _ limits: MemoryLimits
    ) -> (bytes: Int, refusal: MemoryRefusal?) {
        state.withLock { state in
            let mine = state.tenants[tenant] ?? 0
            let count = state.tenants.count + (state.tenants[tenant] == nil ? 1 : 0)
            let share = limits.total / count
            var refusal = MemoryRefusal.tenant
            for bytes in [max(need, want), need] {
                guard mine + bytes <= limits.tenant else {
                    refusal = .tenant
                    continue
                }
                let isAbove = mine + bytes > share
                let most = isAbove ? limits.total - limits.total / 8 : limits.total
                guard state.total + bytes <= most else {
                    refusal = .daemon
                    continue
                }
                state.total += bytes
                state.tenants[tenant] = mine + bytes
                return (bytes, nil)
            }
            return (0, refusal)
        }
    }

    /// Counts bytes that are held whatever the limits say.
    func take(_ tenant: UInt32, _ bytes: Int) {
        state.withLock { state in
            state.total += bytes
            state.tenants[tenant, default: 0] += bytes
        }
    }

    /// Takes leased bytes back.
    func giveBack(_ tenant: UInt32, _ bytes: Int) {
        state.withLock { state in
            state.total -= bytes
            let left = (state.tenants[tenant] ?? 0) - bytes
            state.tenants[tenant] = left > 0 ? left : nil
        }
    }

    /// What is leased at present.
    var leased: (total: Int, tenants: Int) {
        state.withLock { ($0.total, $0.tenants.count) }
    }
}
