// SPDX-License-Identifier: Apache-2.0
// What the client's thread is asked to do, posted from any thread.

internal import SealBytes
internal import SealMQTT
internal import SealNet
internal import Synchronization

/// Told once how an act ended.
typealias Completion<Value> = @Sendable (Result<Value, MQTTClientError>) -> Void

/// A subscription that is asked for.
struct SubscriptionOrder: Sendable {
    var filters: [SubscriptionRequest]
    var userProperties: [UInt8]
    var identifier: UInt32?
    /// Where its messages go; without it they are unclaimed.
    var buffer: MessageBuffer?
}

/// How a client says goodbye.
struct Farewell: Sendable {
    var reason: ReasonCode = .success
    var sessionExpirySeconds: UInt32?
    var userProperties: [UInt8] = []
}

/// An act that the client's thread is asked for.
enum ClientCommand: Sendable {
    case connect(Completion<Connack>)
    case publish(OutgoingMessage, token: UInt64, Completion<PublishOutcome>)
    case subscribe(SubscriptionOrder, token: UInt64, Completion<Suback>)
    case unsubscribe([[UInt8]], userProperties: [UInt8], token: UInt64, Completion<Suback>)
    case forget(token: UInt64)
    case take(ClientReceipt)
    case release(UInt64)
    case resume
    case disconnect(Farewell, Completion<Void>)
    case stop
}

/// The letters to a client's thread.
final class ClientInbox: Sendable {
    private struct State {
        var commands: [ClientCommand] = []
        var isEnding = false
    }

    let waker: Waker
    private let state = Locked(State())
    private let lastToken = Atomic<UInt64>(0)

    init() throws(NetError) { waker = try Waker() }

    func nextToken() -> UInt64 {
        lastToken.add(1, ordering: .relaxed).newValue
    }

    /// Posts a command; wakes the thread unless it has others to take anyway.
    func post(_ command: ClientCommand) {
        let isFirst = state.withLock { state in
            state.commands.append(command)
            switch command {
            case .disconnect, .stop: state.isEnding = true
            default: break
            }
            return state.commands.count == 1 || state.isEnding
        }
        if isFirst { waker.wake() }
    }

    /// Takes everything that waits.
    func take() -> [ClientCommand] {
        state.withLock { state in
            defer { state.commands = [] }
            state.isEnding = false
            return state.commands
        }
    }

    /// Whether commands wait.
    var isEmpty: Bool { state.withLock { $0.commands.isEmpty } }

    /// Whether the end is asked for, which is reason enough to give up connecting.
    var isEnding: Bool { state.withLock { $0.isEnding } }
}
