// SPDX-License-Identifier: Apache-2.0
// `flatMap` of the standard library forgets which error a closure throws; this one keeps it.

extension Optional {
    /// `flatMap` for closures that throw one kind of error.
    func flatMapTyped<Value, Failure: Error>(
        _ body: (Wrapped) throws(Failure) -> Value?
    ) throws(Failure) -> Value? {
        guard let self else { return nil }
        return try body(self)
    }
}
