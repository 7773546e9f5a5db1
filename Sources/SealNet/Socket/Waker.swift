// SPDX-License-Identifier: Apache-2.0
// Waking a thread that waits for a socket, from any other thread.

internal import CSys
internal import Glibc

/// Something that a waiting thread looks at besides its socket.
public final class Waker: Sendable {
    let descriptor: Int32

    /// Makes a waker.
    ///
    /// - Throws: `NetError` when the process has no descriptor left.
    public init() throws(NetError) {
        descriptor = seal_eventfd()
        guard descriptor >= 0 else { throw .last("making an event descriptor") }
    }

    deinit { _ = Glibc.close(descriptor) }

    /// Wakes whoever waits, now or at the next wait.
    public func wake() {
        var one: UInt64 = 1
        // SAFETY: eight bytes of a local variable are read.
        _ = write(descriptor, &one, 8)
    }

    /// Forgets that it was woken.
    public func rest() {
        var count: UInt64 = 0
        // SAFETY: at most eight bytes are written to a local variable.
        _ = read(descriptor, &count, 8)
    }

    /// Waits until it is woken, at most so long; -1 is for ever.
    public func wait(milliseconds: Int32) {
        var wanted = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
        _ = poll(&wanted, 1, milliseconds)
    }
}

/// The clock that time limits are measured with.
public enum MonotonicClock {
    /// Milliseconds since some moment before the process began.
    public static var milliseconds: UInt64 { seal_monotonic_nanoseconds() / 1_000_000 }
}
