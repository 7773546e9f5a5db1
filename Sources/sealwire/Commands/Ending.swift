// SPDX-License-Identifier: Apache-2.0
// How a command comes to its end from outside: Ctrl-C or a time limit, both with a goodbye.

import Glibc
import SealBytes
import SealClient

/// Why a command ends.
enum EndingReason: Sendable {
    case interrupted
    case timedOut
}

/// Ends a client in order when a signal comes or the time is over.
final class Ending: Sendable {
    private struct State {
        var reason: EndingReason?
        var client: MQTTClient?
        var properties = PropertyOptions()
    }

    private let state = Locked(State())

    /// Why the command ends, if it was told to.
    var reason: EndingReason? { state.withLock { $0.reason } }

    /// Watches for signals; a command that blocks its thread is left when the goodbye is said.
    func watch(leavesWith code: Int32?) {
        SignalWatch.start { [self] _ in
            // Who presses twice does not want to wait.
            if reason != nil { exit(MessagingSession.Exit.interrupted) }
            Task.detached {
                await self.end(.interrupted)
                if let code { exit(code) }
            }
        }
    }

    /// Takes the client that is to be ended.
    func use(_ client: MQTTClient, _ properties: PropertyOptions) {
        let isLate = state.withLock { state in
            state.client = client
            state.properties = properties
            return state.reason != nil
        }
        if isLate { Task.detached { await self.leave() } }
    }

    /// Ends the client after so many seconds.
    func after(seconds: Int) {
        Task.detached {
            try await Task.sleep(nanoseconds: UInt64(seconds) * 1_000_000_000)
            await self.end(.timedOut)
        }
    }

    private func end(_ reason: EndingReason) async {
        state.withLock { $0.reason = $0.reason ?? reason }
        await leave()
    }

    /// Says goodbye to the server.
    func leave() async {
        let (client, properties) = state.withLock { ($0.client, $0.properties) }
        await client?.disconnect(
            sessionExpirySeconds: properties.disconnectExpiry,
            userProperties: properties.disconnectUser
        )
    }
}
