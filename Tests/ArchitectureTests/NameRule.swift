// SPDX-License-Identifier: Apache-2.0
// Names are compared by their bytes: where identity is decided, no `String` is a key, none of its
// comparisons by characters is used, and what holds a name is a `Name`.

enum NameRule {
    /// Where names are looked up, compared and stored.
    static let identity = [
        "Sources/SealBroker/Access/", "Sources/SealBroker/Identity/",
        "Sources/SealBroker/Withdrawals/", "Sources/SealBroker/Sessions/", "Sources/SealStore/",
        "Sources/SealAdmin/", "Sources/SealServer/Identity/",
    ]
    /// Where names of the wire and of certificates are taken apart and compared.
    static let reading =
        identity + [
            "Sources/SealPKI/Verification/", "Sources/SealPKI/Tokens/", "Sources/SealNet/TLS/",
            "Sources/SealHTTP/",
        ]

    /// Words that are names wherever they are declared.
    private static let names = [
        "identifier", "tenantID", "clientID", "userName", "user", "commonName", "serial",
        "fingerprint", "lookup", "tokenID", "keyID", "subject", "domain", "host", "device",
        "account", "externalID", "category", "uuid", "tenantHint",
    ]

    static func check(_ file: SourceFile) -> [Finding] {
        var findings: [Finding] = []
        if reading.contains(where: file.path.hasPrefix) {
            findings += file.findings(
                /\[String *: *|Set<String>|Dictionary<String|RecentEntries<String/,
                in: ["String"],
                "a String as a key: it is equal to others with other bytes; use Name"
            )
            findings += file.findings(
                /\.has(?:Prefix|Suffix)\(|\.(?:lower|upper)cased\(\)|split\(separator: "/,
                in: ["hasPrefix", "hasSuffix", "cased()", "split(separator: \""],
                "compares or divides by characters; use begins(with:), lowerASCII, split(atByte:)"
            )
            findings += file.findings(
                /\.text (?:==|!=) (?!nil)|(?:==|!=) [\w.?!]+\.text\b/,
                in: [".text"],
                "compares the text of a name; compare the names"
            )
        }
        if identity.contains(where: file.path.hasPrefix) {
            findings += declarations(file)
        }
        return findings.filter { finding in
            !exceptions.contains {
                $0.path == finding.path && file.lines[finding.line - 1].contains($0.part)
            }
        }
    }

    /// Names that are declared as texts.
    private static func declarations(_ file: SourceFile) -> [Finding] {
        let pattern = /\b(\w+): \[?String\b/
        return file.code.enumerated().compactMap { index, line in
            guard line.contains(": String") || line.contains(": [String"),
                line.matches(of: pattern).contains(where: { names.contains(String($0.1)) })
            else { return nil }
            return Finding(path: file.path, line: index + 1, advice: "a name is a Name, no String")
        }
    }

    /// A line that stays, and why.
    struct Kept {
        var path: String
        /// A part of the line.
        var part: String
        var reason: String
    }

    static let exceptions: [Kept] = [
        Kept(
            path: "Sources/SealAdmin/Calls/Routes.swift",
            part: "allowed: Set<String>",
            reason: "the methods of our own table"
        ),
        Kept(
            path: "Sources/SealHTTP/Router.swift",
            part: "allowed: Set<String>",
            reason: "the methods of our own table"
        ),
        Kept(
            path: "Sources/SealAdmin/Calls/Operation+lanes.swift",
            part: "[String: ",
            reason: "the calls and parameters of our own table"
        ),
        Kept(
            path: "Sources/SealAdmin/Calls/Call.swift",
            part: "values: [String: JSONValue]",
            reason: "the parameters of our own table"
        ),
        Kept(
            path: "Sources/SealAdmin/Calls/ParameterReader.swift",
            part: "[String: JSONValue]",
            reason: "the parameters of our own table"
        ),
        Kept(
            path: "Sources/SealAdmin/Schemas/OpenAPIDocument.swift",
            part: "method.name.lowercased()",
            reason: "the methods of our own table"
        ),
        Kept(
            path: "Sources/SealStore/Registry/RegistryFile.swift",
            part: "reason.lowercased()",
            reason: "a sentence of the operating system"
        ),
        Kept(
            path: "Sources/SealStore/Registry/RegistryFile.swift",
            part: "path.split(",
            reason: "a path that the operator chose"
        ),
        Kept(
            path: "Sources/SealBroker/Identity/RegistryRecords.swift",
            part: "subject: String",
            reason: "what an audit record says; it is shown, and looked up by nobody"
        ),
        Kept(
            path: "Sources/SealStore/Registry/RegistryTransaction.swift",
            part: "subject: String",
            reason: "what an audit record says; it is shown, and looked up by nobody"
        ),
        Kept(
            path: "Sources/SealAdmin/Calls/AdminRequest.swift",
            part: "host: String",
            reason: "the field as it came, for links; compared is hostName"
        ),
        Kept(
            path: "Sources/SealServer/Identity/FirstRun.swift",
            part: "user: String",
            reason: "printed for the operator"
        ),
    ]
}
