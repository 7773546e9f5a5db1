// SPDX-License-Identifier: Apache-2.0
// The one thing that crosses threads: letters for a loop, and a bell that wakes it.

internal import CSys
internal import Glibc
internal import SealBytes
internal import Synchronization

/// Letters for one loop, posted from any thread and taken by the loop alone.
public final class Mailbox<Letter: Sendable>: Sendable {
    private let letters = Locked<[Letter]>([])
    private let isAsleep = Atomic<Bool>(false)
    let bell: Int32

    /// Makes an empty mailbox.
    public init() {
        bell = seal_eventfd()
    }

    deinit { close(bell) }

    /// Posts letters, in order, and wakes the loop when it sleeps.
    public func post(_ batch: [Letter]) {
        guard !batch.isEmpty else { return }
        letters.withLock { $0.append(contentsOf: batch) }
        ring()
    }

    /// Posts one letter.
    public func post(_ letter: Letter) {
        letters.withLock { $0.append(letter) }
        ring()
    }

    private func ring() {
        guard isAsleep.exchange(false, ordering: .sequentiallyConsistent) else { return }
        var one: UInt64 = 1
        // SAFETY: an eventfd takes eight bytes, lent for the call.
        _ = unsafe write(bell, &one, 8)
    }

    /// Takes everything that waits.
    func take() -> [Letter] {
        letters.withLock {
            let all = $0
            $0 = []
            return all
        }
    }

    /// Says that the loop is about to sleep; false when letters wait and it must not.
    func prepareToSleep() -> Bool {
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        if letters.withLock({ $0.isEmpty }) { return true }
        isAsleep.store(false, ordering: .sequentiallyConsistent)
        return false
    }

    /// Says that the loop is awake again.
    func wake() { isAsleep.store(false, ordering: .sequentiallyConsistent) }

    /// Empties the bell.
    func silence() {
        var count: UInt64 = 0
        // SAFETY: an eventfd gives eight bytes.
        _ = unsafe read(bell, &count, 8)
    }
}
