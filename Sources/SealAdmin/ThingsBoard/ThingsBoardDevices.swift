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
        guard let device = try device(uuid: call.text("deviceId")) else {
            throw APIError.absent("this device")
        }
        return device
    }

    /// A device of the tenant; nil when there is none, or it is another tenant's.
    func device(uuid: String) throws(APIError) -> Device? {
        let tenant = try call.tenant()
        let device = try asking { () throws(RegistryError) in
            try registry.device(uuid: uuid.lowercased())
        }
        return device?.tenant == tenant.number ? device : nil
    }

    /// The credential ThingsBoard's clients see: of several the oldest.
    func current(_ device: Device) throws(APIError) -> Credential? {
        guard device.number != 0 else { return nil }
        return try asking { () throws(RegistryError) in try Self.current(device, registry) }
    }

    static func current(
        _ device: Device,
        _ state: any RegistryState
    ) throws(RegistryError) -> Credential? {
        try state.credentials(device: device.number)
            .filter { CredentialForm.kinds.contains($0.kind) }.min { $0.number < $1.number }
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
        let (device, patch) = try work.describe(sent)
        let form = try form(device, work)
        let old = try work.current(device)
        let isUpdate = work.isUpdate
        let outcome = try call.changing(by: try call.author(), Self.refusal) {
            (writer: any RegistryWriter) throws(RegistryError) -> Device in
            try call.checking { () throws(APIError) in
                try work.checkName(patch.name, of: device, in: writer.directory)
            }
            let stored =
                isUpdate
                ? try writer.update(device: device.number) { patch.apply(to: &$0) }
                : try writer.add(device)
            if let form { try Self.put(form, old, stored, writer) }
            return stored
        }
        return call.answer(ThingsBoardShapes.document(outcome.result)).ending(outcome.effect)
    }

    /// Replaces a credential, or adds the first one; what was changed since `old` was read, is a
    /// conflict.
    static func put(
        _ form: CredentialForm,
        _ old: Credential?,
        _ device: Device,
        _ writer: any RegistryWriter
    ) throws(RegistryError) {
        guard let old else {
            guard try current(device, writer.directory) == nil else { throw changedMeanwhile }
            _ = try writer.add(form.credential(of: device))
            return
        }
        try writer.update(credential: old.number) { credential throws(RegistryError) in
            guard credential.version == old.version else { throw changedMeanwhile }
            credential.kind = form.kind
            credential.lookup = form.lookup
            credential.value = form.value
            credential.secret = form.secret
        }
    }

    private static let changedMeanwhile = RegistryError(
        .conflict,
        "the credentials were changed meanwhile"
    )

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

    /// What a body says about a device that is there.
    private struct Patch: Sendable {
        var name: String
        var type: String?
        var label: String?
        var properties: String?

        func apply(to device: inout Device) {
            device.name = name
            if let type { device.type = type }
            if let label { device.label = label }
            if let properties { device.properties = properties }
        }
    }

    /// The device as it would be now, and what is meant.
    private mutating func describe(_ sent: JSONValue) throws(APIError) -> (Device, Patch) {
        let tenant = try call.tenant()
        let name = (sent["name"]?.text ?? "").trimmed
        var device: Device
        if let id = sent["id"]?["id"]?.text {
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
        try checkName(name, of: device, in: registry)
        let type = sent["type"]?.text ?? ""
        let patch = Patch(
            name: name,
            type: type.isEmpty ? nil : type,
            label: sent["label"].map { $0.text ?? "" },
            properties: sent["additionalInfo"]?.members.map { JSONValue.object($0).line }
        )
        guard patch.properties?.utf8.count ?? 0 <= BulkLimits().propertiesBytesMax else {
            throw APIError(.badRequest, .apiLimit, "additionalInfo is too large")
        }
        patch.apply(to: &device)
        return (device, patch)
    }

    private func checkName(
        _ name: String,
        of device: Device,
        in state: any RegistryState
    ) throws(APIError) {
        guard !name.isEmpty else {
            throw APIError(.badRequest, .apiBodyInvalid, "Device name should be specified!")
        }
        let isTaken = try asking { () throws(RegistryError) -> Bool in
            if isUpdate {
                let now = try state.device(number: device.number)
                if let now, name.utf8.elementsEqual(now.name.utf8) { return false }
            } else if try state.device(tenant: device.tenant, identifier: device.identifier) != nil
            {
                return true
            }
            return try state.devices(tenant: device.tenant, name: name, limit: 2)
                .contains { $0.number != device.number }
        }
        guard !isTaken else {
            throw APIError(
                .badRequest,
                .apiBodyInvalid,
                "Device with such name already exists!"
            )
        }
    }
}
