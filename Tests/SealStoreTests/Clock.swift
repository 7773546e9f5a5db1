// SPDX-License-Identifier: Apache-2.0
// A clock that stands until it is set.

import Foundation

final class Clock: @unchecked Sendable {
    private let lock = NSLock()
    private var now: Int64

    init(now: Int64) { self.now = now }

    func read() -> Int64 { lock.withLock { now } }

    func set(_ now: Int64) { lock.withLock { self.now = now } }
}
