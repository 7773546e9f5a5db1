// SPDX-License-Identifier: Apache-2.0
// From method and path to the row of the table.

internal import SealBytes
internal import SealHTTP

/// The rows by their paths.
struct Routes: Sendable {
    /// Where a request leads.
    enum Match {
        case found(Operation, parameters: [Name: Name])
        /// The path exists, but not for this method.
        case otherMethods([String])
        case absent
    }

    private struct Row {
        var pattern: [Name]
        var operation: Operation
        var fixedCount: Int
    }

    private var rows: [Int: [Row]] = [:]

    init(_ operations: [Operation]) {
        for operation in operations {
            let pattern = operation.path.dropping(bytes: 1).split(atByte: "/").map { Name($0) }
            rows[pattern.count, default: []].append(
                Row(
                    pattern: pattern,
                    operation: operation,
                    fixedCount: pattern.count { !$0.starts(with: "{") }
                )
            )
        }
        // A fixed segment wins over a named one.
        for count in rows.keys { rows[count]?.sort { $0.fixedCount > $1.fixedCount } }
    }

    /// Finds a row; HEAD goes where GET goes (RFC 9110 §9.3.2).
    func match(_ method: Method, _ segments: [Name]) -> Match {
        let method = method == .head ? .get : method
        var allowed: Set<String> = []
        var best = -1
        for row in rows[segments.count] ?? [] {
            guard row.fixedCount >= best, let parameters = Self.parameters(row.pattern, segments)
            else { continue }
            best = row.fixedCount
            if row.operation.method == method {
                return .found(row.operation, parameters: parameters)
            }
            allowed.insert(row.operation.method.name)
        }
        if allowed.contains("GET") { allowed.insert("HEAD") }
        return allowed.isEmpty ? .absent : .otherMethods(allowed.sorted())
    }

    private static func parameters(
        _ pattern: [Name],
        _ segments: [Name]
    ) -> [Name: Name]? {
        var parameters: [Name: Name] = [:]
        for (part, segment) in zip(pattern, segments) {
            if part.starts(with: "{") {
                guard !segment.isEmpty else { return nil }
                parameters[Name(decoding: part.utf8.dropFirst().dropLast())] = segment
            } else if part != segment {
                return nil
            }
        }
        return parameters
    }
}
