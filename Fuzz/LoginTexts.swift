// SPDX-License-Identifier: Apache-2.0
// Fuzz target: user names, names in topics, rules of tenants and SCRAM messages must never trap,
// and no rule may open another device's space by accident.
// modules: SealBytes SealTelemetry SealMQTT SealBroker

import SealBroker

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns `count` readable bytes at `start` for the length of this call.
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let text = String(decoding: input, as: UTF8.self)
    let level = DeviceTopicName.encode(text)
    precondition(!level.contains { "/+#$".utf8.contains($0) }, "more than a level")
    precondition(
        DeviceTopicName.decode(level)?.utf8.elementsEqual(text.utf8) == true,
        "a name did not come back"
    )
    if let name = DeviceTopicName.decode(input) {
        precondition(DeviceTopicName.encode(name) == input, "two levels for one name")
    }
    let name = UserName(text)
    precondition(name.user.utf8.count + (name.tenant?.utf8.count ?? 0) <= text.utf8.count)
    var server = ScramServer()
    if let user = try? server.first(input) { precondition(!user.isEmpty, "no user") }
    judge(text)
    return 0
}

/// A rule for everybody opens `v1/devices/other` only when it names that space.
private func judge(_ text: String) {
    let rule = PolicyRule(tenant: 1, position: 1, effect: .allow, act: .both, filter: text)
    let tenant = Tenant(number: 1, id: "t")
    let plain = PolicyTest(tenant: tenant, rules: [rule], subject: .device(identifier: "own"))
    let other = plain.answer(.publish, topic: "v1/devices/other/x")
    precondition(
        !other.isAllowed || text.utf8.starts(with: "v1/devices/".utf8),
        "a rule opened another device's space"
    )
    let named = PolicyTest(tenant: tenant, rules: [], subject: .device(identifier: text))
    precondition(
        !named.answer(.publish, topic: "v1/devices/other/x").isAllowed || text == "other",
        "a name opened another device's space"
    )
    for act in [AccessAct.publish, .subscribe, .deliver] {
        _ = plain.answer(act, topic: text)
        _ = named.answer(act, topic: text)
    }
}
