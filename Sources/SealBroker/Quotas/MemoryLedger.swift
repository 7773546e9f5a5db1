// SPDX-License-Identifier: Apache-2.0
// Who holds how much memory of a partition: every session is counted for its client, every client
// for its tenant, and tenants lease what they hold from the pool of all partitions.

internal import SealBytes
internal import SealTelemetry

/// Whose sessions are counted together.
enum Payer: Hashable {
    /// Somebody the registry knows, or a name that was proven.
    case device(UInt32, Int64)
    case account(UInt32, Int64)
    case user(UInt32, [UInt8])
    /// Nobody is known by name: the session alone.
    case session(ClientKey)
}

/// The memory that the clients and tenants of one partition hold.
struct MemoryLedger {
    private struct Client {
        var payer: Payer
        var tenant: Int
        var bytes = 0
        var sessions = 0
    }

    private struct Tenant {
        var number: UInt32
        var bytes = 0
        var leased = 0
        var clients = 0
    }

    private let pool: MemoryPool
    private var limits: MemoryLimits
    private var clientMax: Int
    private var clients: [Client] = []
    private var freeClients: [Int] = []
    private var clientNumbers: [Payer: Int] = [:]
    private var tenants: [Tenant] = []
    private var freeTenants: [Int] = []
    private var tenantNumbers: [UInt32: Int] = [:]

    /// What is held, by kind.
    private(set) var use = MemoryUse()

    init(_ limits: BrokerLimits, pool: MemoryPool) {
        self.pool = pool
        self.limits = MemoryLimits(total: limits.memoryBytesMax, tenant: limits.tenantBytesMax)
        clientMax = limits.clientBytesMax
    }

    /// New bounds; who holds more keeps it.
    mutating func replaceLimits(_ limits: BrokerLimits) {
        self.limits = MemoryLimits(total: limits.memoryBytesMax, tenant: limits.tenantBytesMax)
        clientMax = limits.clientBytesMax
    }

    /// Nobody has an account.
    var isClosed: Bool { clientNumbers.isEmpty && tenantNumbers.isEmpty }

    // MARK: Accounts

    /// One session more of a payer; the answer is the number it is charged by.
    mutating func enter(_ payer: Payer, tenant: UInt32) -> Int {
        if let known = clientNumbers[payer] {
            clients[known].sessions += 1
            return known
        }
        let client = Client(payer: payer, tenant: account(of: tenant), sessions: 1)
        let number: Int
        if let reused = freeClients.popLast() {
            number = reused
            clients[number] = client
        } else {
            number = clients.count
            clients.append(client)
        }
        clientNumbers[payer] = number
        tenants[client.tenant].clients += 1
        return number
    }

    /// A session of a payer has ended; nothing of it is charged any more.
    mutating func leave(_ number: Int) {
        guard clients.indices.contains(number) else { return }
        clients[number].sessions -= 1
        guard clients[number].sessions <= 0 else { return }
        clientNumbers[clients[number].payer] = nil
        let tenant = clients[number].tenant
        clients[number].payer = .account(0, 0)
        freeClients.append(number)
        tenants[tenant].clients -= 1
        closeWhenEmpty(tenant)
    }

    private mutating func account(of tenant: UInt32) -> Int {
        if let known = tenantNumbers[tenant] { return known }
        let number: Int
        if let reused = freeTenants.popLast() {
            number = reused
            tenants[number] = Tenant(number: tenant)
        } else {
            number = tenants.count
            tenants.append(Tenant(number: tenant))
        }
        tenantNumbers[tenant] = number
        return number
    }

    /// Nothing is held for a tenant here: its row and its lease are given back.
    private mutating func closeWhenEmpty(_ number: Int) {
        let tenant = tenants[number]
        guard tenant.bytes == 0, tenant.clients == 0, tenantNumbers[tenant.number] == number
        else { return }
        if tenant.leased > 0 { pool.giveBack(tenant.number, tenant.leased) }
        tenants[number].leased = 0
        tenantNumbers[tenant.number] = nil
        freeTenants.append(number)
    }

    // MARK: Sessions

    /// Charges a client and its tenant; nothing is charged when there is a reason not to.
    @inline(__always)
    mutating func charge(_ client: Int, _ kind: MemoryKind, _ bytes: Int) -> MemoryRefusal? {
        guard clients[client].bytes + bytes <= clientMax else { return .client }
        let tenant = clients[client].tenant
        if tenants[tenant].bytes + bytes > tenants[tenant].leased,
            let refusal = lease(tenant, bytes)
        {
            return refusal
        }
        clients[client].bytes += bytes
        tenants[tenant].bytes += bytes
        use.add(kind, bytes)
        return nil
    }

    /// Charges what is held already, or costs too little to be refused.
    mutating func force(_ client: Int, _ kind: MemoryKind, _ bytes: Int) {
        clients[client].bytes += bytes
        forceTenant(clients[client].tenant, kind, bytes)
    }

    /// What was charged to a client is held no more.
    @inline(__always)
    mutating func credit(_ client: Int, _ kind: MemoryKind, _ bytes: Int) {
        clients[client].bytes -= bytes
        creditTenant(clients[client].tenant, kind, bytes)
    }

    // MARK: Tenants

    /// Charges a tenant for what is no single client's.
    mutating func charge(tenant: UInt32, _ kind: MemoryKind, _ bytes: Int) -> MemoryRefusal? {
        let number = account(of: tenant)
        if tenants[number].bytes + bytes > tenants[number].leased,
            let refusal = lease(number, bytes)
        {
            closeWhenEmpty(number)
            return refusal
        }
        tenants[number].bytes += bytes
        use.add(kind, bytes)
        return nil
    }

    /// What was charged to a tenant is held no more.
    mutating func credit(tenant: UInt32, _ kind: MemoryKind, _ bytes: Int) {
        guard bytes > 0, let number = tenantNumbers[tenant] else { return }
        creditTenant(number, kind, bytes)
        closeWhenEmpty(number)
    }

    private mutating func forceTenant(_ tenant: Int, _ kind: MemoryKind, _ bytes: Int) {
        tenants[tenant].bytes += bytes
        use.add(kind, bytes)
        let missing = tenants[tenant].bytes - tenants[tenant].leased
        guard missing > 0 else { return }
        pool.take(tenants[tenant].number, missing)
        tenants[tenant].leased += missing
    }

    @inline(__always)
    private mutating func creditTenant(_ tenant: Int, _ kind: MemoryKind, _ bytes: Int) {
        tenants[tenant].bytes -= bytes
        use.add(kind, -bytes)
        let spare = tenants[tenant].leased - tenants[tenant].bytes
        if spare > 2 * limits.block { giveBack(tenant, spare) }
    }

    private mutating func giveBack(_ tenant: Int, _ spare: Int) {
        let bytes = spare - limits.block
        pool.giveBack(tenants[tenant].number, bytes)
        tenants[tenant].leased -= bytes
    }

    private mutating func lease(_ tenant: Int, _ bytes: Int) -> MemoryRefusal? {
        let need = tenants[tenant].bytes + bytes - tenants[tenant].leased
        let found = pool.lease(
            tenants[tenant].number,
            need: need,
            want: need + limits.block,
            limits
        )
        tenants[tenant].leased += found.bytes
        return found.refusal
    }
}
