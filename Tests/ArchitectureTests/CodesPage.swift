// SPDX-License-Identifier: Apache-2.0
// The page Documentation/codes.md: stable codes that stand as enumerations in the sources, with
// the comments that stand there.

/// Makes the page about codes of TLS, of keys and files, and of chains.
enum CodesPage {
    /// An enumeration of codes.
    private struct Table {
        let title: String
        let opening: String
        let file: String
        let type: String
    }

    private static let tables = [
        Table(
            title: "TLS",
            opening: "Why a handshake or a record was refused: `reason` in the log. The `detail` "
                + "beside it names the certificate and says what to do.",
            file: "Sources/SealNet/TLS/TLSRefusal.swift",
            type: "Code"
        ),
        Table(
            title: "HTTP",
            opening: "Why a request could not be read: `reason` of the answer and in the log. The "
                + "connection ends with the answer.",
            file: "Sources/SealHTTP/Messages/HTTPError.swift",
            type: "Code"
        ),
        Table(
            title: "HTTP servers",
            opening: "Why a request that could be read was not answered: `reason` of the answer.",
            file: "Sources/SealHTTP/Messages/ServerRefusal.swift",
            type: "ServerRefusal"
        ),
        Table(
            title: "Chains of certificates",
            opening: "Which rule a certificate, a chain or a revocation list breaks: "
                + "`sealwire cert verify` prints it behind each sentence.",
            file: "Sources/SealPKI/Verification/VerificationRule.swift",
            type: "VerificationRule"
        ),
        Table(
            title: "Keys, certificates and files",
            opening: "Why a key, a certificate, a keystore or an authority's folder could not be "
                + "used: the last word of a message of `sealwire` and `sealwired`.",
            file: "Sources/SealPKI/PKIError.swift",
            type: "Code"
        ),
    ]

    /// The page in Markdown.
    static func make() -> String {
        var page = """
            <!-- generated: make docs, from Tests/ArchitectureTests/CodesPage.swift -->
            # Codes

            Refusals have stable codes. Those of logins, access and the REST API are in
            [reasons](reasons.md), with what to do; these are the others.

            """
        for table in tables {
            page += "\n## \(table.title)\n\n\(table.opening)\n\n| code | meaning |\n|---|---|\n"
            for (code, meaning) in rows(table) { page += "| `\(code)` | \(meaning) |\n" }
        }
        return page
    }

    /// The cases of the enumeration with their comments.
    private static func rows(_ table: Table) -> [(code: String, meaning: String)] {
        guard let file = Project.file(table.file) else { return [] }
        var rows: [(String, String)] = []
        var comment: [Substring] = []
        var isInside = false
        for line in file.lines {
            let text = line.drop { $0 == " " }
            if text.contains("enum \(table.type):") { isInside = true }
            guard isInside else { continue }
            if text.hasPrefix("/// ") {
                comment.append(text.dropFirst(4))
            } else if text.hasPrefix("case ") {
                let parts = text.dropFirst(5).split(separator: " = ")
                let code = parts.last?.filter { $0 != "\"" } ?? ""
                rows.append((code, comment.joined(separator: " ")))
                comment = []
            } else if text.hasPrefix("}") {
                break
            } else {
                comment = []
            }
        }
        return rows
    }
}
