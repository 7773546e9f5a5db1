// SPDX-License-Identifier: Apache-2.0
// One header field line (RFC 9112 §5), read strictly.

enum FieldLine {
    /// Name and value of a line without its line end.
    static func parse(
        _ line: ArraySlice<UInt8>
    ) throws(HTTPError) -> (name: String, value: String) {
        // RFC 9112 §5.2: obs-fold is refused.
        if let first = line.first, first == Grammar.space || first == Grammar.tab {
            throw HTTPError(.foldedField, "A header field is continued on a second line.")
        }
        // RFC 9112 §5.1: no white space between name and colon.
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
            line[..<colon].allSatisfy(Grammar.isToken)
        else {
            throw HTTPError(.malformedField, "A header field has no name followed by a colon.")
        }
        let value = Grammar.trimmed(line[(colon + 1)...])
        guard value.allSatisfy(Grammar.isFieldValue) else {
            throw HTTPError(.malformedField, "A header field holds a control character.")
        }
        return (
            String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self)
        )
    }
}
