// SPDX-License-Identifier: Apache-2.0
// Fuzz target: password and ACL files must never trap, and what is denied must stay denied.
// modules: SealBytes SealTelemetry SealMQTT SealBroker

import SealBroker

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns `count` readable bytes at `start` for the length of this call.
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let table = PasswordTable(parsing: input, file: "f")
    let lineCount = input.count { $0 == 0x0A } + 1
    precondition(table.count + table.faults.count <= lineCount, "more entries than lines")
    let (policy, faults) = Policy.parse(input, file: "f")
    precondition((policy == nil) == !faults.isEmpty, "half a policy")
    guard let policy else { return 0 }
    let topic = Array(input.prefix(64))
    for act in [AccessAct.publish, .subscribe, .deliver] {
        let plain = policy.decide(act, topic: topic, user: "u", clientID: "c")
        precondition(!plain.reasons.isEmpty, "a decision without a reason")
        precondition(
            plain == policy.decide(act, topic: topic, user: "u", clientID: "c"),
            "two answers to one question"
        )
    }
    // A wildcard in the name must never open what a harmless name does not.
    let wild = policy.decide(.publish, topic: Array("x/y".utf8), user: "+", clientID: "#")
    let harmless = policy.decide(.publish, topic: Array("x/y".utf8), user: "zz", clientID: "zz")
    precondition(
        !wild.isAllowed || harmless.isAllowed || policy.names("+") || policy.names("zz"),
        "a name widened a pattern"
    )
    return 0
}
