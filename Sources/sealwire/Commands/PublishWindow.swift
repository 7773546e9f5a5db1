// SPDX-License-Identifier: Apache-2.0
// Counts the messages on their way, so that many can be under way and none is forgotten.

import SealBytes
import SealClient

/// The messages that a command has given to its client.
final class PublishWindow: Sendable {
    private struct State {
        var underWay = 0
        var denied: [MQTTClientError] = []
        var failure: MQTTClientError?
        var waiting: (below: Int, reader: CheckedContinuation<Void, Never>)?
    }

    private let state = Locked(State())

    /// A message is given to the client; the closure is to be called when it is done.
    func begin() -> @Sendable (Result<PublishOutcome, MQTTClientError>) -> Void {
        state.withLock { $0.underWay += 1 }
        return { [self] result in
            let reader: CheckedContinuation<Void, Never>? = state.withLock { state in
                state.underWay -= 1
                if case .failure(let error) = result {
                    if error.code == .denied {
                        state.denied.append(error)
                    } else if state.failure == nil {
                        state.failure = error
                    }
                }
                guard let waiting = state.waiting, state.underWay < waiting.below else {
                    return nil
                }
                state.waiting = nil
                return waiting.reader
            }
            reader?.resume()
        }
    }

    /// Waits until fewer messages than that are on their way.
    func wait(below: Int) async {
        await withCheckedContinuation { reader in
            let isThere = state.withLock { state in
                if state.underWay < below { return true }
                state.waiting = (below, reader)
                return false
            }
            if isThere { reader.resume() }
        }
    }

    /// The first failure that ends the command.
    var failure: MQTTClientError? { state.withLock { $0.failure } }

    /// Messages that the server refused since the last call.
    func takeDenied() -> [MQTTClientError] {
        state.withLock { state in
            defer { state.denied = [] }
            return state.denied
        }
    }
}
