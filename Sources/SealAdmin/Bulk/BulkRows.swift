// SPDX-License-Identifier: Apache-2.0
// The rows of a file of devices, one after the other, checked; and how a bad one is printed.

internal import SealBytes

/// Goes through the rows of a file.
///
/// A copy begins where the original was.
struct BulkRows: Sendable {
    /// A row, and what it asks for or why it is not taken.
    struct Row {
        var source: CSVRow
        var plan: Result<BulkRow, BulkRow.Fault>
    }

    private var reader: CSVReader
    let columns: BulkColumns
    private let isManagement: Bool
    private let limits: BulkLimits

    init(reader: CSVReader, columns: BulkColumns, isManagement: Bool, limits: BulkLimits) {
        self.reader = reader
        self.columns = columns
        self.isManagement = isManagement
        self.limits = limits
    }

    /// The next row; nil behind the last.
    mutating func next() -> Row? {
        guard let source = reader.next() else { return nil }
        let plan = Result { () throws(BulkRow.Fault) -> BulkRow in
            try BulkRow(source, columns, isManagement: isManagement, limits: limits)
        }
        return Row(source: source, plan: plan)
    }

    /// A row as it is shown in the answer; nobody reads a password there.
    ///
    /// When the fields are not those of the header, everything from the place of the password on
    /// may be it.
    func printed(_ row: CSVRow) -> String {
        let place = columns.all.firstIndex(of: .credentials)
        let isWhole = row.fault == nil && row.fields.count == columns.all.count
        var text = ""
        for (index, field) in row.fields.enumerated() {
            if index > 0 { text.unicodeScalars.append(Unicode.Scalar(reader.separator)) }
            let mayBePassword = place.map { isWhole ? index == $0 : index >= $0 } ?? false
            text += mayBePassword && !field.isEmpty ? "***" : field
            if text.utf8.count > limits.printedCharactersMax * 4 { break }
        }
        guard text.count > limits.printedCharactersMax else { return text }
        return text.prefix(limits.printedCharactersMax) + "..."
    }

    /// The device a row names; nil when it cannot be told.
    func identifier(of row: CSVRow) -> Name? {
        guard row.fault == nil, row.fields.count == columns.all.count,
            let place = columns.all.firstIndex(of: .id)
        else { return nil }
        let text = row.fields[place].trimmed
        return text.isEmpty ? nil : Name(text)
    }
}
