// SPDX-License-Identifier: Apache-2.0
// Threads and waiting, as thin as the system has them.

internal import CSys
internal import Glibc

/// A thread of the system.
public enum Thread {
    /// Starts a thread that runs `body` and ends with it.
    ///
    /// What the body makes stays on the thread: nothing but `Sendable` values can be captured.
    public static func start(
        named name: String,
        niceness: Int32 = 0,
        _ body: @escaping @Sendable () -> Void
    ) {
        let entry = Unmanaged.passRetained(Entry(name: name, niceness: niceness, body: body))
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        // SAFETY: the attributes and the thread id are lent for the calls; the entry's retain is
        // balanced by the thread, which alone takes it.
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let outcome = unsafe pthread_create(
            &thread,
            &attributes,
            { raw in
                guard let raw else { return nil }
                let entry = unsafe Unmanaged<Entry>.fromOpaque(raw).takeRetainedValue()
                seal_thread_setup(entry.name, entry.niceness)
                entry.body()
                return nil
            },
            entry.toOpaque()
        )
        unsafe pthread_attr_destroy(&attributes)
        precondition(outcome == 0, "the system refused a thread: error \(outcome)")
    }
}

private final class Entry: Sendable {
    let name: String
    let niceness: Int32
    let body: @Sendable () -> Void

    init(name: String, niceness: Int32, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.niceness = niceness
        self.body = body
    }
}

// SAFETY: the value is only touched while the mutex is held.
/// A value behind a mutex, with a condition that threads can wait for.
public final class MonitoredState<Value>: @unchecked Sendable {
    private var value: Value
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    /// Makes the monitor.
    public init(_ value: sending Value) {
        self.value = value
        // SAFETY: both live at a stable address until `deinit`.
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        // A wait with a bound must not depend on somebody setting the clock.
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        // SAFETY: nobody waits any more when the last reference is gone.
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Changes the value and wakes those who wait.
    public func change<Result>(_ body: (inout Value) -> Result) -> Result {
        // SAFETY: locked and unlocked in pairs.
        unsafe pthread_mutex_lock(mutex)
        let result = body(&value)
        unsafe pthread_mutex_unlock(mutex)
        unsafe pthread_cond_broadcast(condition)
        return result
    }

    /// Waits until `body` gives an answer.
    public func wait<Result>(_ body: (inout Value) -> Result?) -> Result {
        // SAFETY: locked and unlocked in pairs; the condition is waited for with the lock held.
        unsafe pthread_mutex_lock(mutex)
        while true {
            if let result = body(&value) {
                unsafe pthread_mutex_unlock(mutex)
                return result
            }
            unsafe pthread_cond_wait(condition, mutex)
        }
    }

    /// Waits until `body` gives an answer, at most so many milliseconds; nil when the time is up.
    public func wait<Result>(
        milliseconds: Int,
        _ body: (inout Value) -> Result?
    ) -> Result? {
        var end = timespec()
        // SAFETY: the out-parameter is a local variable.
        unsafe clock_gettime(CLOCK_MONOTONIC, &end)
        end.tv_sec += milliseconds / 1000
        end.tv_nsec += milliseconds % 1000 * 1_000_000
        if end.tv_nsec >= 1_000_000_000 {
            end.tv_sec += 1
            end.tv_nsec -= 1_000_000_000
        }
        // SAFETY: locked and unlocked in pairs; the condition is waited for with the lock held.
        unsafe pthread_mutex_lock(mutex)
        while true {
            if let result = body(&value) {
                unsafe pthread_mutex_unlock(mutex)
                return result
            }
            if unsafe pthread_cond_timedwait(condition, mutex, &end) != 0 {
                let result = body(&value)
                unsafe pthread_mutex_unlock(mutex)
                return result
            }
        }
    }
}
