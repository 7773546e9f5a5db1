// SPDX-License-Identifier: Apache-2.0
// The bulk registration: a file of devices becomes one change of the registry. Passwords are
// hashed before the change begins, so that others wait for the registry as shortly as possible.
// Not here: what a row must hold (`BulkRow`), and the call (`BulkRegistration`).

public import SealBroker
internal import SealBytes

/// Registers the devices of a file.
///
/// Either the file counts or it does not: all rows are one change, which is undone when the daemon
/// is killed in the middle. Inside of it each row is a savepoint, so that a bad row leaves nothing
/// behind and spoils no other. The file is read row by row; no list of its devices is made.
public struct BulkImport: Sendable {
    /// Why nothing was done.
    public enum Failure: Error, Sendable, Equatable {
        /// The file as a whole is wrong.
        case refused(BulkRefusal)
        /// The registry failed.
        case registry(RegistryError)
        /// It was broken off, and nothing was done.
        case brokenOff
    }

    private let registry: any Registry
    private let secrets: any SecretForge
    private let crew: any WorkCrew
    let limits: BulkLimits
    private let isEnding: @Sendable () -> Bool

    /// Makes an import that hashes passwords with the help of a crew.
    public init(
        registry: any Registry,
        secrets: any SecretForge,
        crew: any WorkCrew,
        limits: BulkLimits = BulkLimits(),
        isEnding: @escaping @Sendable () -> Bool = { false }
    ) {
        self.registry = registry
        self.secrets = secrets
        self.crew = crew
        self.limits = limits
        self.isEnding = isEnding
    }

    /// Registers what the file says, in the name of a tenant.
    public func run(
        _ file: [UInt8],
        tenant: Tenant,
        author: Author
    ) throws(Failure) -> BulkReport {
        var reader = CSVReader(file, limits: limits.csv)
        guard let header = reader.next() else {
            throw .refused(BulkRefusal("the file is empty"))
        }
        let columns: BulkColumns
        do {
            columns = try BulkColumns(header, isManagement: tenant.isManagement)
        } catch {
            throw .refused(error)
        }
        let rows = BulkRows(
            reader: reader,
            columns: columns,
            isManagement: tenant.isManagement,
            limits: limits
        )
        let preparation = try prepare(rows, tenant)
        return try change(rows, preparation, tenant, author)
    }

    // MARK: Before the change

    /// What is found out before anybody has to wait.
    private struct Preparation {
        /// The hashes of the passwords, in the order of the good rows that have one.
        var hashes: [StoredSecret] = []
        /// The lines of devices that are expected already.
        var expected: Set<Int> = []
    }

    private func prepare(_ rows: BulkRows, _ tenant: Tenant) throws(Failure) -> Preparation {
        var rows = rows
        var preparation = Preparation()
        var passwords: [[UInt8]] = []
        var count = 0
        while let row = rows.next() {
            count += 1
            guard !isEnding() else { throw .brokenOff }
            guard count <= limits.csv.rowsMax else {
                throw .refused(BulkRefusal("the file has more than \(limits.csv.rowsMax) rows"))
            }
            guard case .success(let plan) = row.plan else { continue }
            if rows.columns.isSimple {
                if try isExpected(plan, tenant) { preparation.expected.insert(row.source.line) }
            } else if plan.authentication == .password {
                passwords.append(plan.password)
            }
            guard passwords.count <= limits.passwordRowsMax else {
                throw .refused(
                    BulkRefusal(
                        "the file has more than \(limits.passwordRowsMax) rows with a password"
                    )
                )
            }
        }
        preparation.hashes = try hashes(passwords)
        return preparation
    }

    private func isExpected(_ plan: BulkRow, _ tenant: Tenant) throws(Failure) -> Bool {
        do {
            let named = try plan.tenantID.flatMapTyped { id throws(RegistryError) in
                try registry.tenant(id: id)
            }
            guard let owner = plan.tenantID == nil ? tenant : named else { return false }
            return try registry.request(tenant: owner.number, identifier: plan.identifier) != nil
        } catch {
            throw .registry(error)
        }
    }

    /// Where the threads of the crew put what they made.
    private final class Results: Sendable {
        private let slots: Locked<[Result<StoredSecret, RegistryError>?]>

        init(count: Int) { slots = Locked(Array(repeating: nil, count: count)) }

        func put(_ result: Result<StoredSecret, RegistryError>, at index: Int) {
            slots.withLock { $0[index] = result }
        }

        var all: [Result<StoredSecret, RegistryError>?] { slots.withLock { $0 } }
    }

    private func hashes(_ passwords: [[UInt8]]) throws(Failure) -> [StoredSecret] {
        guard !passwords.isEmpty else { return [] }
        let results = Results(count: passwords.count)
        let secrets = secrets
        crew.each(passwords.count) { [isEnding] index in
            guard !isEnding() else { return }
            let result = Result { () throws(RegistryError) -> StoredSecret in
                try secrets.hash(chosen: passwords[index])
            }
            results.put(result, at: index)
        }
        guard !isEnding() else { throw .brokenOff }
        var hashes: [StoredSecret] = []
        hashes.reserveCapacity(passwords.count)
        for result in results.all {
            switch result {
            case .success(let hash)?: hashes.append(hash)
            case .failure(let error)?: throw .registry(error)
            case nil: throw .registry(RegistryError(.storage, "a password was not hashed"))
            }
        }
        return hashes
    }

    // MARK: The change

    private func change(
        _ rows: BulkRows,
        _ preparation: Preparation,
        _ tenant: Tenant,
        _ author: Author
    ) throws(Failure) -> BulkReport {
        do {
            let outcome = try registry.change(by: author) {
                (writer: any RegistryWriter) throws(RegistryError) -> BulkReport in
                var work = BulkWork(writer: writer, tenant: tenant, author: author, limits: limits)
                var rows = rows
                var hashes = preparation.hashes.makeIterator()
                try writer.inBulk { () throws(RegistryError) -> AuditRecord in
                    while let row = rows.next() {
                        // Thrown inside of the change, it undoes all of it.
                        guard !isEnding() else {
                            throw RegistryError(.conflict, "the change was broken off")
                        }
                        let isExpected = preparation.expected.contains(row.source.line)
                        try work.take(row, rows, isExpected: isExpected) { hashes.next() }
                    }
                    return work.record
                }
                return work.report
            }
            var report = outcome.result
            report.endedConnections = outcome.effect.endedConnections
            return report
        } catch {
            if isEnding() { throw .brokenOff }
            throw .registry(error)
        }
    }
}
