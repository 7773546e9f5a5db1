// SPDX-License-Identifier: Apache-2.0
// A device as an object of Cumulocity's inventory: fixed members, and fragments that anybody may
// add.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// The values of managed objects.
enum ManagedObject {
    static let type = MediaType.cumulocity("managedobject")
    static let listType = MediaType.cumulocity("managedobjectcollection")

    /// Fragments together, as text.
    static let propertiesBytesMax = 262_144

    /// Members that the server writes; what clients send for them is passed over, as clients send
    /// back what they read.
    static let written: Set<Name> = [
        "id", "self", "owner", "creationTime", "lastUpdated", "c8y_IsDevice", "sealwire_Device",
        "childDevices", "childAssets", "childAdditions", "deviceParents", "assetParents",
        "additionParents", "sealwire_Path", "sealwire_ExternalIds", "name", "type",
    ]

    private static let references = Schema.object([
        .needed("self", .uri), .needed("references", .array(.object([]))),
    ]).named("ObjectReferences")

    static let schema = Schema.object([
        .needed("id", .text(1...19, TextRules.number)), .needed("self", .uri),
        .needed("name", .text), .needed("type", .text), .needed("owner", .text),
        .needed("creationTime", .moment), .needed("lastUpdated", .moment),
        .needed("c8y_IsDevice", .object([])),
        .needed(
            "sealwire_Device",
            .object([
                .needed("identifier", .text), .needed("uuid", .uuid),
                .needed("enabled", .boolean), .needed("takesCertificates", .boolean),
                .needed("origin", .choice(Device.Origin.allCases.map(\.rawValue))),
            ])
        ),
        .needed("childDevices", references), .needed("childAssets", references),
        .needed("childAdditions", references), .needed("deviceParents", references),
        .needed("assetParents", references), .needed("additionParents", references),
    ]).named("ManagedObject")

    static let changeSchema = Schema.object([
        .optional("name", .text(1...256, TextRules.printable)),
        .optional("type", .text(0...256, TextRules.printable)),
    ]).named("ManagedObjectChange")

    /// Where a device is.
    static func path(_ device: Device) -> String { "/inventory/managedObjects/\(device.number)" }

    /// A device as it is shown.
    static func value(_ device: Device, _ call: Call) -> JSONValue {
        let address = call.link(path(device))
        var members: JSONObject = [
            "id": .string(String(device.number)), "self": .string(address),
            "name": .string(device.name), "type": .string(device.type),
            "owner": .string(device.userName),
            "creationTime": .string(ISOTime.text(milliseconds: device.createdAt)),
            "lastUpdated": .string(ISOTime.text(milliseconds: device.changedAt)),
            "c8y_IsDevice": [:],
            "sealwire_Device": [
                "identifier": .string(device.identifier), "uuid": .string(device.uuid),
                "enabled": .bool(device.isEnabled),
                "takesCertificates": .bool(device.takesCertificates),
                "origin": .string(device.origin.rawValue),
            ],
        ]
        let kinds = [
            "childDevices", "childAssets", "childAdditions", "deviceParents", "assetParents",
            "additionParents",
        ]
        for kind in kinds {
            members[kind] = ["self": .string("\(address)/\(kind)"), "references": []]
        }
        for fragment in fragments(device).all where members[fragment.name] == nil {
            members[fragment.name] = fragment.value
        }
        return .object(members)
    }

    /// The fragments of a device.
    static func fragments(_ device: Device) -> JSONObject {
        let limits = JSONLimits(bytesMax: 1 << 20)
        return (try? JSONValue(parsing: Array(device.properties.utf8), limits: limits))?.members
            ?? JSONObject()
    }

    /// Takes over what a body says; `null` removes a fragment.
    static func change(_ device: inout Device, _ body: JSONValue) throws(APIError) {
        if let name = body["name"]?.name { device.name = name }
        if let type = body["type"]?.text { device.type = type }
        var fragments = fragments(device)
        for member in body.members?.all ?? []
        where !written.contains(Name(member.name)) {
            fragments[member.name] = member.value.isNull ? nil : member.value
        }
        device.properties = JSONValue.object(fragments).line
        guard device.properties.utf8.count <= propertiesBytesMax else {
            throw APIError(
                .unprocessableContent,
                .apiLimit,
                "\(propertiesBytesMax) bytes of fragments"
            )
        }
    }
}
