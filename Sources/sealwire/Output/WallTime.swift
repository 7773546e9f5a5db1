// SPDX-License-Identifier: Apache-2.0
// The time of day as the formats print it.

import Glibc

/// A moment, in local time.
struct WallTime {
    let seconds: Int
    let nanoseconds: Int

    static var now: WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(seconds: time.tv_sec, nanoseconds: time.tv_nsec)
    }

    /// strftime of the local time.
    func text(_ format: String) -> String {
        var moment = time_t(seconds)
        var parts = tm()
        localtime_r(&moment, &parts)
        var room = [CChar](repeating: 0, count: 256)
        let count = strftime(&room, room.count, format, &parts)
        return String(decoding: room.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A number with leading zeros.
    static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
