// SPDX-License-Identifier: Apache-2.0
// Loops of the broker over what peers can make long: each counts its work, or says what bounds it.

enum WorkRule {
    /// Where the rule holds.
    static let folders = [
        "Adapters", "Delivery", "Groups", "Partition", "Quotas", "Retained", "Services", "Sessions",
        "Topics", "Withdrawals", "Work",
    ].map { "Sources/SealBroker/\($0)/" }

    /// A loop, or what is one in disguise, over a collection that grows with what peers send.
    nonisolated(unsafe) private static let loop =
        #/
        ^\s* (?: for | while ) \b .* \b (?: aliases | all | children | entries | filters | found
        | groups | handles | held | holds | identifiers | items | keys | levels | lines | members
        | messages | nodes | order | places | properties | queue | requests | resend | retained
        | subscriptions | targets | topics | values | waiting | words )\b
        | \. (?: forEach | reduce | firstIndex | allSatisfy | contains ) \s* (?: \( where: | \{ )
        /#.wordBoundaryKind(.simple)

    private static let words = [
        "for ", "while ", "forEach", "reduce", "firstIndex", "allSatisfy", "contains",
    ]

    static func check(_ file: SourceFile) -> [Finding] {
        guard folders.contains(where: file.path.hasPrefix) else { return [] }
        let suspects = file.code.indices.filter { index in
            let line = file.code[index]
            return words.contains(where: line.contains) && line.contains(loop)
        }
        guard !suspects.isEmpty else { return [] }
        let bodies = Declarations.all(in: file).map(\.lines)
        return suspects.compactMap { index in
            // The innermost function around the line, with the comments above it.
            let body = bodies.filter { $0.contains(index) }.min { $0.count < $1.count }
            var first = body?.lowerBound ?? index
            while first > 0, file.lines[first - 1].drop(while: { $0 == " " }).hasPrefix("//") {
                first -= 1
            }
            let last = body?.upperBound ?? index
            let isBounded = file.lines[first...last].contains {
                $0.contains("work.add(") || $0.contains("// BOUND: ")
            }
            guard !isBounded else { return nil }
            return Finding(
                path: file.path,
                line: index + 1,
                advice: "count the steps with work.add, or say with \"// BOUND: \" what bounds them"
            )
        }
    }
}
