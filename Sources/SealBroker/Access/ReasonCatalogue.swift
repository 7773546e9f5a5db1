// SPDX-License-Identifier: Apache-2.0
// Every reason a decision about access can have, with its sentence and what to do. The page
// Documentation/reasons.md is made of it. The words stand in ReasonCatalogue+….swift.

/// All reasons with their words.
public enum ReasonCatalogue {
    /// A code with its words.
    public struct Entry: Sendable {
        /// The code.
        public let code: ReasonCode
        /// The decision is a refusal.
        public let isRefusal: Bool
        /// What happened, as a sentence without full stop.
        public let sentence: String
        /// What to do about it; empty where nothing is to be done.
        public let hint: String
    }

    /// A sentence and what to do.
    typealias Words = (sentence: String, hint: String)

    /// Every code, in the order of the documentation.
    public static let entries: [Entry] = ReasonCode.allCases.map(entry)

    static func entry(_ code: ReasonCode) -> Entry {
        if let sentence = permission(code) {
            return Entry(code: code, isRefusal: false, sentence: sentence, hint: "")
        }
        let words =
            user(code) ?? token(code) ?? certificate(code) ?? chain(code) ?? device(code)
            ?? topic(code) ?? withdrawal(code) ?? call(code) ?? enrolment(code) ?? connection(code)
        return Entry(code: code, isRefusal: true, sentence: words.sentence, hint: words.hint)
    }

    private static func permission(_ code: ReasonCode) -> String? {
        switch code {
        case .loginCertificate: "the certificate names the user"
        case .loginPinnedCertificate: "the certificate is registered for the device"
        case .loginPassword: "the password is right"
        case .loginAccessToken: "the access token is the device's"
        case .loginBasic: "client id, user name and password are the device's"
        case .loginJWT: "the token in place of the password is good"
        case .loginScram: "the client proved that it knows the password"
        case .loginAnonymous: "the listener takes clients without credentials"
        case .accessUnrestricted: "the listener has no ACL file"
        case .accessRule: "a rule allows it"
        case .accessNotDenied:
            "subscriptions are allowed unless denied; each delivery is checked"
        case .accessOwnTenant:
            "topics of the own tenant are allowed unless a rule denies them"
        case .accessRuleAllows: "a rule of the tenant allows it"
        case .enrolmentGrace: "the certificate expired lately, and may still be renewed"
        default: nil
        }
    }

    /// The page of the documentation, in Markdown.
    public static func page() -> String {
        var text = """
            # Reasons

            Every decision about access has a reason with a stable code. The same code stands in
            the log and in explanations. What can be wrong with TLS, certificates and files has
            [codes](codes.md), too.

            | code | decision | what happened | what to do |
            |---|---|---|---|

            """
        for entry in entries {
            text += "| `\(entry.code.rawValue)` | \(entry.isRefusal ? "refused" : "allowed") "
            text += "| \(entry.sentence) | \(entry.hint.isEmpty ? "nothing" : entry.hint) |\n"
        }
        return text
    }
}
