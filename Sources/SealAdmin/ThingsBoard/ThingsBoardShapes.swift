// SPDX-License-Identifier: Apache-2.0
// Devices and credentials as ThingsBoard's clients send and expect them.

internal import SealBroker
internal import SealBytes

/// The shapes of ThingsBoard's documents, and our values in them.
enum ThingsBoardShapes {
    /// Accounts that may look at devices and change them.
    static let deviceRoles: Set<Role> = [.deviceControlAdmin]
    /// Accounts that may look at devices.
    static let readRoles: Set<Role> = [.deviceControlAdmin, .deviceControlRead]

    // MARK: What is sent

    /// A reference to something, as it is sent.
    static func reference(_ entity: String) -> Schema {
        .object([
            .needed("id", .uuid), .optional("entityType", .choice([entity])),
        ])
    }

    /// A device as it is sent.
    static let deviceSent = Schema.object([
        .optional("id", reference("DEVICE").orNull),
        .needed("name", .text(1...Device.identifierBytesMax, TextRules.printable)),
        .optional("type", .text(0...255, TextRules.printable).orNull),
        .optional("label", .text(0...255, TextRules.printable).orNull),
        .optional("additionalInfo", .object([]).orNull),
    ]).named("ThingsBoardDeviceUpdate").example([
        "name": "Thermometer 1", "type": "thermometer", "label": "hall",
    ])

    /// Credentials as they are sent with a device that may be new.
    static let credentialsParts: [Schema.Property] = [
        .needed("credentialsType", .choice(CredentialForm.kinds.map(\.rawValue))),
        .optional("credentialsId", .text(0...1024).orNull),
        .optional("credentialsValue", .text(0...65_536).orNull),
        .optional("version", .integer(0...Int64.max).orNull),
    ]

    /// Credentials as they are sent with a device.
    static let credentialsSentAlong = Schema.object(
        [.optional("id", .object([.needed("id", .uuid)]).orNull)] + credentialsParts
    ).named("ThingsBoardDeviceCredentials")

    /// Credentials as they are sent by themselves.
    static let credentialsSent = Schema.object(
        [
            .optional("id", .object([.needed("id", .uuid)]).orNull),
            .needed("deviceId", reference("DEVICE")),
        ] + credentialsParts
    ).named("ThingsBoardCredentialsUpdate")

    // MARK: What is answered

    private static func answered(_ entity: String) -> Schema {
        .object(
            [.needed("entityType", .choice([entity])), .needed("id", .uuid)],
            others: .forbidden
        )
    }

    /// A device as it is answered.
    static let device = Schema.object(
        [
            .needed("id", answered("DEVICE")),
            .needed("createdTime", .integer(0...Int64.max)),
            .needed("tenantId", answered("TENANT")),
            .needed("name", .text), .needed("type", .text), .needed("label", .text.orNull),
            .needed("additionalInfo", .object([])),
        ],
        others: .forbidden
    ).named("ThingsBoardDevice")

    /// A part of a list of devices.
    static let devices = Schema.object(
        [
            .needed("data", .array(device)), .needed("totalPages", .integer(0...Int64.max)),
            .needed("totalElements", .integer(0...Int64.max)), .needed("hasNext", .boolean),
        ],
        others: .forbidden
    ).named("ThingsBoardDevicePage")

    /// Credentials as they are answered.
    static let credentials = Schema.object(
        [
            .needed("id", .object([.needed("id", .uuid)], others: .forbidden)),
            .needed("createdTime", .integer(0...Int64.max)),
            .needed("deviceId", answered("DEVICE")),
            .needed("credentialsType", .choice(CredentialForm.kinds.map(\.rawValue))),
            .needed("credentialsId", .text),
            .needed("credentialsValue", .text.orNull),
            .needed("version", .integer(0...Int64.max)),
        ],
        others: .forbidden
    ).named("ThingsBoardCredentials")

    /// A device's document.
    static func document(_ device: Device) -> JSONValue {
        let properties = (try? JSONValue(parsing: Array(device.properties.utf8)))?.members
        return [
            "id": ["entityType": "DEVICE", "id": .string(device.uuid)],
            "createdTime": .integer(device.createdAt),
            "tenantId": ["entityType": "TENANT", "id": .string(tenantUUID(device.tenant))],
            "name": .string(device.name),
            "type": .string(device.type),
            "label": device.label.isEmpty ? .null : .string(device.label),
            "additionalInfo": .object(properties ?? JSONObject()),
        ]
    }

    /// A tenant has a number, and ThingsBoard's clients want a UUID.
    static func tenantUUID(_ number: UInt32) -> String {
        let digits = String(number, radix: 16)
        let padding = String(repeating: "0", count: max(0, 12 - digits.count))
        return "00000000-0000-4000-8000-" + padding + digits
    }

    /// A part of a list.
    static func document(_ page: Page<Device>, pageSize: Int) -> JSONValue {
        let total = page.total ?? page.items.count
        return [
            "data": .array(page.items.map(document)),
            "totalPages": .integer(Int64((total + pageSize - 1) / max(1, pageSize))),
            "totalElements": .integer(Int64(total)),
            "hasNext": .bool(page.hasMore),
        ]
    }
}
