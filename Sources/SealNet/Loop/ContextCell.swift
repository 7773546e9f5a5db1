// SPDX-License-Identifier: Apache-2.0
// A shared reference that is replaced as a whole.

internal import SealBytes

/// One reference behind a mutex.
final class ContextCell: Sendable {
    private let cell: Locked<TLSContext>

    init(_ context: TLSContext) { cell = Locked(context) }

    var value: TLSContext {
        get { cell.withLock { $0 } }
        set { cell.withLock { $0 = newValue } }
    }
}
