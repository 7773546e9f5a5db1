// SPDX-License-Identifier: Apache-2.0
// What the calls about ThingsBoard's devices do in the registry: a device and its one credential,
// each change whole.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// The work of one call.
struct ThingsBoardDevices {
    private let call: Call
    private let registry: any Registry
    /// The device was there before.
    private(set) var isUpdate = false

    init(_ call: Call) {
        self.call = call
        registry = call.context.registry
    }

    /// The device that the path names.
    func named() throws(APIError) -> Device {
        guard let device = try device(uuid: call.name("deviceId")) else {
            throw APIError.absent("this device")
        }
        return device
    }

    /// A device of the tenant; nil when there is none, or it is another tenant's.
    func device(uuid: Name) throws(APIError) -> Device? {
        let tenant = try call.tenant()
        let device = try asking { () throws(RegistryError) in
            try registry.device(uuid: uuid.lowerASCII)
        }
        return device?.tenant == tenant.number ? device : nil
    }

    /// The credential ThingsBoard's clients see: of several the oldest.
    func current(_ device: Device) throws(APIError) -> Credential? {
        guard device.number != 0 else { return nil }
        let all = try asking { () throws(RegistryError) in
            try registry.credentials(device: device.number)
        }
        return all.filter { CredentialForm.kinds.contains($0.kind) }
            .min { $0.number < $1.number }
    }

    /// Refuses what was made from an older record.
    func checkVersion(_ sent: JSONValue, _ old: Credential?) throws(APIError) {
        guard let old, let version = sent["version"]?.int64, version != old.version else { return }
        throw APIError(
            .conflict,
            .apiConflict,
            "version \(version) was sent, and \(old.version) is stored"
        )
    }

    /// Makes or changes a device; `form` says what its credential becomes, nil leaves it.
    func save(
        _ sent: JSONValue,
        form: (Device, ThingsBoardDevices) throws(APIError) -> CredentialForm?
    ) throws(APIError) -> Response {
        var work = self
        let device = try work.describe(sent)
        let form = try form(device, work)
        let old = try work.current(device)
        let author = try call.author()
        let isUpdate = work.isUpdate
        do {
            let outcome = try registry.change(by: author) {
                (writer: any RegistryWriter) throws(RegistryError) -> Device in
                var stored = device
                if !isUpdate {
                    stored = try writer.add(device)
                } else if try writer.directory.device(number: device.number) != device {
                    try writer.replace(device)
                }
                if let form { try Self.put(form, old, stored, writer) }
                return stored
            }
            return call.answer(ThingsBoardShapes.document(outcome.result)).ending(outcome.effect)
        } catch {
            throw Self.refusal(error)
        }
    }

    /// Replaces a credential, or adds the first one.
    static func put(
        _ form: CredentialForm,
        _ old: Credential?,
        _ device: Device,
        _ writer: any RegistryWriter
    ) throws(RegistryError) {
        var credential = form.credential(of: device)
        guard let old else {
            _ = try writer.add(credential)
            return
        }
        credential.number = old.number
        credential.uuid = old.uuid
        credential.version = old.version
        credential.createdAt = old.createdAt
        _ = try writer.replace(credential)
    }

    /// ThingsBoard's clients are told of a second owner with 400.
    static func refusal(_ error: RegistryError) -> APIError {
        switch error.code {
        case .duplicate:
            CredentialForm.refused("Device credentials are already assigned to another device!")
        case .invalid: APIError(.badRequest, .apiBodyInvalid, error.reason)
        case .full: APIError(.forbidden, .apiLimit, error.reason)
        default: APIError(error)
        }
    }

    /// The device as it will be.
    private mutating func describe(_ sent: JSONValue) throws(APIError) -> Device {
        let tenant = try call.tenant()
        let name = Name((sent["name"]?.text ?? "").trimmed)
        var device: Device
        if let id = sent["id"]?["id"]?.name {
            guard let known = try self.device(uuid: id) else {
                throw APIError.absent("this device")
            }
            device = known
            isUpdate = true
        } else {
            if let fault = Device.identifierFault(name) {
                throw APIError(.badRequest, .apiBodyInvalid, fault)
            }
            device = Device(tenant: tenant.number, identifier: name, origin: .api)
            device.type = "default"
        }
        try checkName(name, of: device)
        device.name = name
        if let type = sent["type"]?.text, !type.isEmpty { device.type = type }
        if let label = sent["label"] { device.label = label.text ?? "" }
        if let more = sent["additionalInfo"]?.members {
            device.properties = JSONValue.object(more).line
        }
        guard device.properties.utf8.count <= BulkLimits().propertiesBytesMax else {
            throw APIError(.badRequest, .apiLimit, "additionalInfo is too large")
        }
        return device
    }

    private func checkName(_ name: Name, of device: Device) throws(APIError) {
        guard !name.isEmpty else {
            throw APIError(.badRequest, .apiBodyInvalid, "Device name should be specified!")
        }
        if isUpdate, name == device.name { return }
        var query = DeviceQuery()
        query.name = name
        let found = try asking { () throws(RegistryError) -> Bool in
            if !isUpdate,
                try registry.device(tenant: device.tenant, identifier: device.identifier) != nil
            {
                return true
            }
            let page = try registry.devices(tenant: device.tenant, query, PageRequest(limit: 2))
            return page.items.contains { $0.number != device.number }
        }
        guard !found else {
            throw APIError(
                .badRequest,
                .apiBodyInvalid,
                "Device with such name already exists!"
            )
        }
    }
}
