// SPDX-License-Identifier: Apache-2.0
// What is to be done when an answer has left. Whoever owns the connection tells it.

/// Wants to know that an answer was sent.
public final class DeliveryNote: Sendable {
    private let act: @Sendable () -> Void

    /// Makes a note; what it does may wait for a disk.
    public init(_ act: @escaping @Sendable () -> Void) { self.act = act }

    /// The whole answer has gone to the other side.
    public func delivered() { act() }
}
