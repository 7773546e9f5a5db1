// SPDX-License-Identifier: Apache-2.0
// The credentials of a device as ThingsBoard's clients read and replace them.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// Calls about credentials.
enum ThingsBoardCredentialCalls {
    static let operations: [Operation] = [get, post]

    private static let get = Operation(
        "getDeviceCredentials",
        .get,
        "/api/device/{deviceId}/credentials",
        family: .thingsBoard,
        tag: ThingsBoardDeviceCalls.tag,
        "The credentials of a device.",
        .roles(ThingsBoardShapes.deviceRoles),
        answers: [.json("The credentials.", ThingsBoardShapes.credentials)]
    ) { call throws(APIError) in
        let devices = ThingsBoardDevices(call)
        let device = try devices.named()
        guard let credential = try devices.current(device) else {
            throw APIError.absent("credentials of this device")
        }
        return call.answer(CredentialForm.document(credential, of: device, call.context))
    }
    .taking(
        [ThingsBoardDeviceCalls.deviceID],
        problems: [404],
        note: "A password is shown as `\(CredentialForm.hiddenPassword)`; sent back so, it stays."
    )

    private static let post = Operation(
        "saveDeviceCredentials",
        .post,
        "/api/device/credentials",
        family: .thingsBoard,
        tag: ThingsBoardDeviceCalls.tag,
        "Replaces the credentials of a device, and ends the connections that rely on the old ones.",
        .roles(ThingsBoardShapes.deviceRoles),
        answers: [Answer.json("The credentials.", ThingsBoardShapes.credentials).ending]
    ) { call throws(APIError) in
        try replace(call)
    }
    .taking(
        bodies: [.json(ThingsBoardShapes.credentialsSent)],
        problems: [409],
        note: "The record must carry its own `id`, as it was read. The id of a certificate is "
            + "SHA3-256 of its base64 text and is always computed here."
    )

    private static func replace(_ call: Call) throws(APIError) -> Response {
        let sent = call.json
        let devices = ThingsBoardDevices(call)
        guard let uuid = sent["deviceId"]?["id"]?.name,
            let device = try devices.device(uuid: uuid)
        else {
            throw CredentialForm.refused(
                "Can't assign device credentials to non-existent device!"
            )
        }
        let old = try record(sent, of: device, devices, call)
        try devices.checkVersion(sent, old)
        let form = try CredentialForm(sent, replacing: old, call.context)
        let author = try call.author()
        let outcome: (result: Credential?, effect: ChangeEffect)
        do {
            outcome = try call.context.registry.change(by: author) {
                (writer: any RegistryWriter) throws(RegistryError) -> Credential? in
                try ThingsBoardDevices.put(form, old, device, writer)
                return try writer.directory.credential(
                    tenant: device.tenant,
                    kind: form.kind,
                    lookup: form.lookup
                )
            }
        } catch {
            throw ThingsBoardDevices.refusal(error)
        }
        guard let stored = outcome.result else { throw APIError(.conflict, .apiConflict) }
        return call.answer(CredentialForm.document(stored, of: device, call.context))
            .ending(outcome.effect)
    }

    /// The record that is replaced; nil for a device that has none yet.
    private static func record(
        _ sent: JSONValue,
        of device: Device,
        _ devices: ThingsBoardDevices,
        _ call: Call
    ) throws(APIError) -> Credential? {
        let current = try devices.current(device)
        guard let uuid = sent["id"]?["id"]?.name else {
            if current == nil { return nil }
            throw CredentialForm.refused("Credentials for this device are already specified!")
        }
        let registry = call.context.registry
        let stored = try asking { () throws(RegistryError) in
            try registry.credential(uuid: uuid.lowerASCII)
        }
        guard let stored, stored.tenant == device.tenant,
            CredentialForm.kinds.contains(stored.kind)
        else { throw CredentialForm.refused("Unable to update non-existent device credentials!") }
        guard stored.device == device.number else {
            throw CredentialForm.refused("The device already has other credentials!")
        }
        return stored
    }
}
