// SPDX-License-Identifier: Apache-2.0
// modules: SealBytes SealTelemetry SealMQTT SealBroker
// Two partitions of the broker with a few clients each; the input is a script of what the clients
// send, who comes and goes, and how time passes. Nothing a client sends may trap.

internal import SealBroker
internal import SealBytes

private let clientCount = 6

/// A broker of two partitions, driven by a script.
private final class Stage {
    var partitions: [Partition] = []
    var links: [(partition: Int, handle: Handle)?] = []
    var now: UInt64 = 1000
    var transports: UInt64 = 1

    init() {
        var limits = BrokerLimits()
        limits.inFlightMax = 4
        limits.queuedMessagesMax = 8
        limits.packetBytesMax = 4096
        limits.subscriptionsPerSessionMax = 6
        limits.retainedMessagesMax = 10
        limits.outBytesMax = 1 << 12
        var rules = AccessRules()
        rules.allowsAnonymous = true
        for index in 0..<2 {
            let setup = PartitionSetup(
                index: index,
                count: 2,
                homeSeed: 7,
                tableSeed: 9,
                limits: limits,
                listeners: [ListenerGrant()]
            )
            partitions.append(Partition(setup, access: [rules], now: now))
        }
        links = Array(repeating: nil, count: clientCount)
    }

    func open(_ client: Int) {
        close(client)
        let partition = client & 1
        transports += 1
        let handle = partitions[partition].opened(
            transport: UInt64(client) << 32 | transports,
            listener: 0,
            facts: ArrivalFacts()
        )
        links[client] = (partition, handle)
    }

    func close(_ client: Int) {
        guard let (partition, handle) = links[client] else { return }
        partitions[partition].closed(handle, reason: "gone")
        links[client] = nil
        settle()
    }

    func send(_ client: Int, _ bytes: [UInt8]) {
        if links[client] == nil { open(client) }
        var rest = bytes
        while !rest.isEmpty, let (partition, handle) = links[client] {
            let progress = partitions[partition].receive(handle, rest.span.bytes)
            precondition(progress.used >= 0 && progress.used <= rest.count, "too much was used")
            rest.removeFirst(progress.used)
            settle()
            if progress.fate != .move { break }
        }
    }

    func pass(_ milliseconds: UInt64) {
        now += milliseconds
        for partition in partitions { partition.begin(now: now) }
        settle()
    }

    /// Does what the host does: actions, output, letters, until all is quiet.
    func settle() {
        for _ in 0..<200 {
            var isQuiet = true
            for index in partitions.indices {
                let partition = partitions[index]
                let actions = partition.actions
                partition.actions = []
                for action in actions { perform(action, index) }
                for (link, _) in partition.takeDirty() {
                    let count = partition.out.count(Int(link.slot))
                    partition.out.consume(Int(link.slot), count)
                    partition.sent(link, count)
                    isQuiet = false
                }
                for other in partitions.indices {
                    let letters = partition.outboxes[other]
                    partition.outboxes[other] = []
                    for letter in letters { partitions[other].deliver(letter, from: index) }
                    if !letters.isEmpty { isQuiet = false }
                }
                if !actions.isEmpty { isQuiet = false }
            }
            if isQuiet { return }
        }
    }

    func perform(_ action: Action, _ index: Int) {
        switch action {
        case .close(let transport, _):
            let client = Int(transport >> 32)
            guard let (partition, handle) = links[client] else { return }
            partitions[partition].closed(handle, reason: "closed")
            links[client] = nil
        case .move(let link, let transport, let home, let admitted):
            let client = Int(transport >> 32)
            partitions[index].moved(link)
            let handle = partitions[home].arrived(
                transport: transport,
                listener: 0,
                admitted
            )
            links[client] = (home, handle)
        case .login(let link, let question):
            partitions[index].loginDecided(link, Login.finish(question, matches: true))
        case .authenticate(let link, _):
            let reason = Reason(.registryFailed)
            partitions[index].authAnswered(
                link,
                .decided(.refused([reason]), message: [], user: "")
            )
        case .service(let link, _, _): partitions[index].serviceAnswered(link, .silence)
        case .askRegistry(let link, _):
            partitions[index].loginDecided(
                link,
                .refused([Reason(.registryFailed, detail: "there is no registry")])
            )
        case .hold, .resume, .report: break
        }
    }
}

/// A CONNECT that is accepted, so that the script reaches what lies behind it.
private func connect(_ client: Int, _ flavour: UInt8) -> [UInt8] {
    let id = Array("c\(client)".utf8)
    let isV5 = flavour & 1 == 1
    var body: [UInt8] = [0, 4] + Array("MQTT".utf8) + [isV5 ? 5 : 4, flavour & 2, 0, 30]
    if isV5 { body += flavour & 4 != 0 ? [8, 0x11, 0, 0, 0, 60, 0x22, 0, 3] : [0] }
    body += [0, UInt8(id.count)] + id
    return [0x10, UInt8(body.count)] + body
}

/// Plays one script; called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    let stage = Stage()
    var offset = 0
    while offset + 2 < input.count {
        let client = Int(input[offset]) % clientCount
        let act = input[offset] / UInt8(clientCount)
        let size = Int(input[offset + 1])
        offset += 2
        switch act % 8 {
        case 0: stage.send(client, connect(client, UInt8(truncatingIfNeeded: size)))
        case 1: stage.close(client)
        case 2: stage.pass(UInt64(size) * 500)
        default:
            let end = min(offset + size, input.count)
            stage.send(client, Array(input[offset..<end]))
            offset = end
        }
    }
    for client in 0..<clientCount { stage.close(client) }
    return 0
}
