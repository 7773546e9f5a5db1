// SPDX-License-Identifier: Apache-2.0
// A value behind a lock. The lock is the library's Mutex; what is added lets ThreadSanitizer see
// who had it before, because it does not see how a Mutex that two threads want changes hands.

public import Synchronization

/// A value that only one thread at a time gets at.
public struct Locked<Value: ~Copyable>: ~Copyable, Sendable {
    @usableFromInline let mutex: Mutex<Value>
    #if SEALWIRE_TSAN
    @usableFromInline let turns = Atomic<Int>(0)
    #endif

    /// Puts a value behind a lock.
    @inlinable
    public init(_ value: consuming sending Value) { mutex = Mutex(value) }

    /// Runs `body` with the value; others wait meanwhile.
    @inlinable
    public borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        #if SEALWIRE_TSAN
        return try mutex.withLock {
            (value: inout sending Value) throws(Failure) -> sending Result in
            turns.wrappingAdd(1, ordering: .acquiringAndReleasing)
            defer { turns.wrappingAdd(1, ordering: .acquiringAndReleasing) }
            return try body(&value)
        }
        #else
        return try mutex.withLock(body)
        #endif
    }
}
