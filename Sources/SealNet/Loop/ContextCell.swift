// SPDX-License-Identifier: Apache-2.0
// A shared reference that is replaced as a whole.

internal import Synchronization

/// One reference behind a mutex.
final class ContextCell: Sendable {
    private let cell: Mutex<TLSContext>

    init(_ context: TLSContext) { cell = Mutex(context) }

    var value: TLSContext {
        get { cell.withLock { $0 } }
        set { cell.withLock { $0 = newValue } }
    }
}
