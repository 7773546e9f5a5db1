// SPDX-License-Identifier: Apache-2.0
// One file at a time for each tenant: a tenant that sends many fills no memory and keeps no threads
// from others.

internal import SealBytes

/// Which tenants have a file under way.
public final class BulkPlaces: Sendable {
    /// The place of a tenant; it is given back when nobody holds the permit any more.
    public final class Permit: Sendable {
        let tenant: UInt32
        private let places: BulkPlaces

        fileprivate init(_ tenant: UInt32, _ places: BulkPlaces) {
            self.tenant = tenant
            self.places = places
        }

        deinit { places.tenants.withLock { _ = $0.remove(tenant) } }
    }

    private let tenants = Locked<Set<UInt32>>([])

    /// Nobody has one.
    public init() {}

    /// The place of a tenant; nil when it is taken.
    func take(_ tenant: UInt32) -> Permit? {
        let isFree = tenants.withLock { $0.insert(tenant).inserted }
        return isFree ? Permit(tenant, self) : nil
    }
}
