// SPDX-License-Identifier: Apache-2.0
// A JSON value to print. Members keep the order they were given in.

/// A JSON value.
enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(Int64)
    case text(String)
    case array([JSONValue])
    case object([(String, JSONValue)])

    /// A text, or null.
    static func text(orNull text: String?) -> JSONValue { text.map { .text($0) } ?? .null }

    /// On one line.
    var line: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let value): String(value)
        case .text(let value): JSONText.quoted(value)
        case .array(let values): "[" + values.map(\.line).joined(separator: ",") + "]"
        case .object(let members):
            "{"
                + members.map { "\(JSONText.quoted($0.0)):\($0.1.line)" }.joined(separator: ",")
                + "}"
        }
    }
}
