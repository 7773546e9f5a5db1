// SPDX-License-Identifier: Apache-2.0
// What the look-ups of one login by certificate cost, in a registry of 100 devices and in one of
// many: the same devices again and again, any device at random, and with nothing kept in memory.

import Glibc
import SealBroker
import SealBytes
import SealStore

struct Measurement {
    var folder: String
    var devices: Int

    private static let anchors = 10_000
    private static let tenants = 100
    private static let fewDevices = 100
    private static let logins = 20_000
    private static let rounds = 7

    private struct Place {
        var registry: SQLiteRegistry
        var devices: Int
        var anchors: Int
        var tenants: Int
    }

    /// Whether the bounds are held.
    func run() throws(RegistryError) -> Bool {
        let (small, large) = (folder + "/small.sqlite", folder + "/large.sqlite")
        do {
            let registry = try SQLiteRegistry(path: small)
            try Fill.tenants(
                registry,
                tenants: Self.tenants,
                devices: Self.fewDevices,
                anchors: Self.tenants
            )
        }
        let start = Self.cpu()
        do {
            let registry = try SQLiteRegistry(path: large)
            try Fill.tenants(
                registry,
                tenants: Self.tenants,
                devices: devices,
                anchors: Self.anchors
            )
        }
        let filled = (Self.cpu() - start) / 1_000_000_000
        say(
            "fill: \(devices) devices with a credential each, \(Self.anchors) anchors: \(filled) s"
        )
        say("file: \(Self.fileBytes(large) >> 20) MiB")
        let before = Self.residentKibibytes()
        var limits = RegistryLimits()
        let isHeld = try report(small, large, limits, "memory")
        say("memory: \((Self.residentKibibytes() - before) >> 10) MiB more, with full caches")
        limits.cachedEntriesMax = 0
        limits.cachedRecordsMax = 0
        _ = try report(small, large, limits, "no memory")
        return isHeld
    }

    /// Prints figures; whether the same devices cost at most a tenth more than in the small
    /// registry, and any device at most 20 us more: a few hundredths of what a TLS handshake costs.
    private func report(
        _ small: String,
        _ large: String,
        _ limits: RegistryLimits,
        _ words: String
    ) throws(RegistryError) -> Bool {
        var isHeld = true
        let few = Place(
            registry: try SQLiteRegistry(path: small, limits: limits),
            devices: Self.fewDevices,
            anchors: Self.tenants,
            tenants: Self.tenants
        )
        let many = Place(
            registry: try SQLiteRegistry(path: large, limits: limits),
            devices: devices,
            anchors: Self.anchors,
            tenants: Self.tenants
        )
        for (name, spread) in [("100 devices", Self.fewDevices), ("any device", devices)] {
            // In turns, so that both see the same weather on the machine.
            var pairs: [(Double, Double)] = []
            for _ in 0...Self.rounds {
                pairs.append((try cost(few, spread), try cost(many, spread)))
            }
            // The first round fills what is kept.
            pairs.removeFirst()
            let a = Self.median(pairs.map(\.0))
            let b = Self.median(pairs.map(\.1))
            say(
                "\(words), \(name): \(Self.text(a)) us of \(Self.fewDevices), "
                    + "\(Self.text(b)) us of \(devices), ratio \(Self.text(b / a)), "
                    + "difference \(Self.text(b - a)) us"
            )
            if spread == Self.fewDevices, b > a * 1.1 { isHeld = false }
            if b - a > 20 { isHeld = false }
        }
        return isHeld
    }

    /// Microseconds of processor time for the look-ups of a login.
    private func cost(_ place: Place, _ spread: Int) throws(RegistryError) -> Double {
        var dice = SystemRandomNumberGenerator()
        let count = min(place.devices, spread)
        var numbers: [Int] = []
        // Spread over all tenants, also when they are few.
        for _ in 0..<Self.logins {
            numbers.append(Int.random(in: 0..<count, using: &dice) * (place.devices / count))
        }
        let shown = numbers.map { number in
            (
                identifier: Fill.identifier(number),
                leaf: Fill.digest(number, 9),
                serial: Name(String(1_000_000 + number, radix: 16, uppercase: true))
            )
        }
        let perTenant = place.devices / place.tenants
        let anchorsPerTenant = max(place.anchors / place.tenants, 1)
        var found = 0
        let start = Self.cpu()
        for (number, shown) in zip(numbers, shown) {
            let anchor = number / perTenant * anchorsPerTenant + number % anchorsPerTenant
            found += try login(
                place.registry,
                leaf: shown.leaf,
                issuer: Fill.digest(anchor, 1),
                serial: shown.serial,
                identifier: shown.identifier
            )
        }
        let nanoseconds = Self.cpu() - start
        guard found == Self.logins else {
            throw RegistryError(.notFound, "\(found) of \(Self.logins) logins found their device")
        }
        return nanoseconds / Double(Self.logins) / 1_000
    }

    private func login(
        _ registry: any IdentityDirectory,
        leaf: [UInt8],
        issuer: [UInt8],
        serial: Name,
        identifier: Name
    ) throws(RegistryError) -> Int {
        guard try registry.anchors(sha256: leaf, tenant: nil).isEmpty,
            let anchor = try registry.anchors(sha256: issuer, tenant: nil).first,
            let tenant = try registry.tenant(number: anchor.tenant), tenant.isEnabled,
            try registry.option(
                tenant: tenant.number,
                category: "configuration",
                key: "chain.length"
            ) == "2",
            try registry.revocation(
                tenant: tenant.number,
                serial: serial,
                issuerKey: anchor.subjectKey
            ) == nil,
            let device = try registry.device(tenant: tenant.number, identifier: identifier),
            device.isEnabled
        else { return 0 }
        return try registry.policyRules(tenant: tenant.number).count
    }

    private static func text(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let digits = String(abs(hundredths) % 100)
        return (hundredths < 0 ? "-" : "") + "\(abs(hundredths) / 100)."
            + (digits.utf8.count < 2 ? "0" : "") + digits
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    private static func cpu() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }

    private static func fileBytes(_ path: String) -> Int {
        var about = stat()
        return stat(path, &about) == 0 ? Int(about.st_size) : 0
    }

    private static func residentKibibytes() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var (all, resident) = (0, 0)
        withUnsafeMutablePointer(to: &all) { first in
            withUnsafeMutablePointer(to: &resident) { second in
                _ = withVaList([first, second]) { vfscanf(file, "%ld %ld", $0) }
            }
        }
        return resident * 4
    }
}
