// SPDX-License-Identifier: Apache-2.0
// A number with a fixed count of digits after its point, as printf's %f writes it.

import Glibc

enum RealText {
    static func fixed(_ value: Double, digits: Int) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        var room = [CChar](repeating: 0, count: 512)
        let format = "%.\(min(max(digits, 0), 60))f"
        let count = withVaList([value]) { vsnprintf(&room, room.count, format, $0) }
        let bytes = room.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
