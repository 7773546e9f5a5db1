// SPDX-License-Identifier: Apache-2.0
// -F: a format read once into pieces, then filled in for each message.

import SealClient
import SealMQTT

/// An output format.
struct MessageFormat {
    /// How a field is set.
    struct Layout: Equatable {
        var isLeft = false
        var isZeroPadded = false
        var width = 0
        var max: Int?
        var separator: UInt8 = UInt8(ascii: " ")
    }

    enum Piece: Equatable {
        case text([UInt8])
        case field(UInt8, Layout)
        case time(UInt8)
        case nanoseconds
    }

    let pieces: [Piece]

    private static let fields = Array("pltqrmxXjJIUdfACDEFPRS".utf8)

    init(_ text: String) throws(UsageError) {
        var pieces: [Piece] = []
        var plain: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                let piece = try Self.field(&rest)
                if case .text(let bytes) = piece {
                    plain += bytes
                    continue
                }
                if !plain.isEmpty { pieces.append(.text(plain)) }
                plain = []
                pieces.append(piece)
            case UInt8(ascii: "@"):
                guard let code = rest.popFirst() else { throw Self.incomplete }
                if code == UInt8(ascii: "@") {
                    plain.append(code)
                    continue
                }
                if !plain.isEmpty { pieces.append(.text(plain)) }
                plain = []
                pieces.append(code == UInt8(ascii: "N") ? .nanoseconds : .time(code))
            case UInt8(ascii: "\\"): plain.append(try Self.escape(&rest))
            default: plain.append(byte)
            }
        }
        if !plain.isEmpty { pieces.append(.text(plain)) }
        self.pieces = pieces
    }

    private static let incomplete = UsageError(
        message: "the format ends in the middle of a code",
        hint: "write %% for a percent sign and \\\\ for a backslash"
    )

    private static func escape(_ rest: inout ArraySlice<UInt8>) throws(UsageError) -> UInt8 {
        guard let code = rest.popFirst() else { throw incomplete }
        switch code {
        case UInt8(ascii: "\\"): return code
        case UInt8(ascii: "0"): return 0
        case UInt8(ascii: "a"): return 7
        case UInt8(ascii: "e"): return 27
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "r"): return 13
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "v"): return 11
        default: throw unknown("\\", code)
        }
    }

    private static func unknown(_ mark: String, _ code: UInt8) -> UsageError {
        let letter = String(decoding: [code], as: UTF8.self)
        return UsageError(message: "the format has an unknown code '\(mark)\(letter)'")
    }

    private static func field(_ rest: inout ArraySlice<UInt8>) throws(UsageError) -> Piece {
        var layout = Layout()
        while let flag = rest.first {
            if flag == UInt8(ascii: "-") {
                layout.isLeft = true
            } else if flag == UInt8(ascii: "0") {
                layout.isZeroPadded = true
            } else {
                break
            }
            rest = rest.dropFirst()
        }
        layout.width = number(&rest) ?? 0
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            layout.max = number(&rest) ?? 0
        }
        if rest.first == UInt8(ascii: ":") {
            layout.separator = UInt8(ascii: ":")
            rest = rest.dropFirst()
            guard let code = rest.first, code | 0x20 == UInt8(ascii: "x") else {
                throw unknown("%", UInt8(ascii: ":"))
            }
        }
        guard let code = rest.popFirst() else { throw incomplete }
        if code == UInt8(ascii: "%") { return .text([code]) }
        guard fields.contains(code) else { throw unknown("%", code) }
        return .field(code, layout)
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) -> Int? {
        var value: Int?
        while let digit = rest.first, (0x30...0x39).contains(digit) {
            value = min((value ?? 0) * 10 + Int(digit - 0x30), 10_000)
            rest = rest.dropFirst()
        }
        return value
    }
}
