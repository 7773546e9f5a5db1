// SPDX-License-Identifier: Apache-2.0
// Registries full of devices.

import SealBroker
import SealBytes
import SealStore

enum Fill {
    /// One device by a change of its own, then many in one change, with a line each 10,000.
    static func crowd(_ path: String, _ count: Int) throws(RegistryError) {
        let registry = try SQLiteRegistry(path: path)
        let tenant = try registry.change(by: .daemon) { writer throws(RegistryError) in
            let tenant = try writer.add(Tenant(id: "crowd"))
            _ = try writer.add(device(0, tenant.number))
            return tenant.number
        }.result
        say("begun")
        _ = try registry.change(by: .daemon) { writer throws(RegistryError) in
            try add(1...count, tenant, writer) { number in
                if number % 10_000 == 0 { say("rows \(number)") }
            }
        }
        say("done")
    }

    /// Tenants, each with its part of the devices and the anchors.
    static func tenants(
        _ registry: SQLiteRegistry,
        tenants: Int,
        devices: Int,
        anchors: Int
    ) throws(RegistryError) {
        for index in 0..<tenants {
            _ = try registry.change(by: .daemon) { writer throws(RegistryError) in
                let tenant = try writer.add(Tenant(id: "t\(index)")).number
                for number in 0..<anchors / tenants {
                    _ = try writer.add(anchor(index * (anchors / tenants) + number, tenant))
                }
                let (first, count) = (index * (devices / tenants), devices / tenants)
                try add(first...(first + count - 1), tenant, writer) { _ in }
                try writer.setOption(
                    tenant: tenant,
                    TenantOption(category: "configuration", key: "chain.length", value: "2")
                )
                let rule = PolicyRule(
                    tenant: tenant,
                    position: 1,
                    effect: .allow,
                    act: .both,
                    filter: "%d/#"
                )
                try writer.setPolicy(tenant: tenant, [rule])
            }
        }
    }

    private static func add(
        _ numbers: ClosedRange<Int>,
        _ tenant: UInt32,
        _ writer: any RegistryWriter,
        _ tell: (Int) -> Void
    ) throws(RegistryError) {
        try writer.inBulk { () throws(RegistryError) in
            for number in numbers {
                let device = try writer.add(device(number, tenant))
                var credential = Credential(
                    tenant: tenant,
                    device: device.number,
                    kind: .password,
                    lookup: "\(tenant)/device_\(device.identifier)"
                )
                credential.secret = StoredSecret(
                    hash: "$7$101$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g="
                )
                _ = try writer.add(credential)
                tell(number)
            }
            return AuditRecord(
                tenant: tenant,
                author: .daemon,
                act: "devices.imported",
                subject: "\(numbers.count) devices"
            )
        }
    }

    static func identifier(_ number: Int) -> Name { "device-\(1_000_000_000 + number)" }

    static func device(_ number: Int, _ tenant: UInt32) -> Device {
        Device(
            tenant: tenant,
            identifier: identifier(number),
            type: "c8y_MQTTDevice",
            origin: .bulk,
            takesCertificates: true
        )
    }

    /// A digest that no other number has.
    static func digest(_ number: Int, _ kind: UInt8) -> [UInt8] {
        var bytes = [UInt8](repeating: kind, count: 32)
        var rest = UInt64(truncatingIfNeeded: number) &* 0x9E37_79B9_7F4A_7C15
        for index in 0..<8 {
            bytes[index] = UInt8(truncatingIfNeeded: rest)
            rest >>= 8
        }
        return bytes
    }

    static func anchor(_ number: Int, _ tenant: UInt32) -> TrustAnchor {
        let digits = String(number, radix: 16)
        return TrustAnchor(
            tenant: tenant,
            fingerprint: Name(String(repeating: "0", count: 40 - digits.utf8.count) + digits),
            sha256: digest(number, 1),
            subjectKey: digest(number, 2),
            der: [UInt8](repeating: 0x30, count: 700),
            notBefore: 0,
            notAfter: .max
        )
    }
}
