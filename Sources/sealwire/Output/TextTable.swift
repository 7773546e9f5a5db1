// SPDX-License-Identifier: Apache-2.0
// Rows and columns for people. Control characters in a cell are shown, not sent to the terminal.

/// A table with a head.
struct TextTable {
    let head: [String]
    var rows: [[String]] = []

    /// The lines of the table; the last column is not padded.
    var rendered: String {
        let cells = ([head] + rows).map { $0.map(Self.printable) }
        var widths = [Int](repeating: 0, count: head.count)
        for row in cells {
            for (column, cell) in row.enumerated() where column < widths.count {
                widths[column] = max(widths[column], cell.count)
            }
        }
        var text = ""
        for row in cells {
            for (column, cell) in row.enumerated() where column < widths.count {
                text += cell
                guard column < row.count - 1 else { continue }
                text += String(repeating: " ", count: widths[column] - cell.count + 2)
            }
            text += "\n"
        }
        return text
    }

    /// The text with its control characters written out: a certificate may hold any.
    static func printable(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
                out += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
