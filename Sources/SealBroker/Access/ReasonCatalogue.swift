// SPDX-License-Identifier: Apache-2.0
// Every reason a decision about access can have, with its sentence and what to do. The page
// Documentation/reasons.md is made of it.

/// The stable codes of decisions about access.
public enum ReasonCode: String, Sendable, CaseIterable {
    case loginCertificate = "login.certificate"
    case loginPassword = "login.password"
    case loginAnonymous = "login.anonymous"
    case unknownUser = "login.unknown-user"
    case badPassword = "login.bad-password"
    case passwordMissing = "login.password-missing"
    case noPasswords = "login.no-passwords"
    case anonymousForbidden = "login.anonymous-forbidden"
    case certificateNeeded = "login.certificate-needed"
    case certificateUntrusted = "login.certificate-untrusted"
    case certificateWithoutName = "login.certificate-without-name"
    case certificateNameUnusable = "login.certificate-name-unusable"
    case clientIDMismatch = "login.client-id-mismatch"
    case clientIDWithoutUser = "login.client-id-without-user"
    case accessUnrestricted = "access.unrestricted"
    case accessRule = "access.acl-allowed"
    case accessDenied = "access.acl-denied"
    case accessNoRule = "access.acl-no-rule"
    case accessNotDenied = "access.subscription-not-denied"
    case accessUnsafeName = "access.unsafe-name"
    case sysReadOnly = "access.sys-read-only"
    case sysForbidden = "access.sys-forbidden"
    case serverShuttingDown = "connect.server-shutting-down"
    case protocolVersion = "connect.protocol-version"
    case authenticationMethod = "connect.authentication-method"
    case willQoS = "connect.will-qos"
    case clientIDTooLong = "connect.client-id-too-long"
    case connectionsPerTenant = "connect.connections-per-tenant"
    case sessionsStored = "connect.sessions-stored"
    case loginsWaiting = "login.too-many-waiting"

    /// What happened, as a sentence without full stop.
    public var sentence: String { ReasonCatalogue.entry(self).sentence }
    /// What to do about it.
    public var hint: String { ReasonCatalogue.entry(self).hint }
}

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

    /// Every code, in the order of the documentation.
    public static let entries: [Entry] = ReasonCode.allCases.map(entry)

    static func entry(_ code: ReasonCode) -> Entry {
        switch code {
        case .loginCertificate, .loginPassword, .loginAnonymous, .accessUnrestricted,
            .accessRule, .accessNotDenied:
            Entry(code: code, isRefusal: false, sentence: permission(code), hint: "")
        default:
            Entry(
                code: code,
                isRefusal: true,
                sentence: refusal(code).sentence,
                hint: refusal(code).hint
            )
        }
    }

    private static func permission(_ code: ReasonCode) -> String {
        switch code {
        case .loginCertificate: "the certificate names the user"
        case .loginPassword: "the password is right"
        case .loginAnonymous: "the listener takes clients without credentials"
        case .accessUnrestricted: "the listener has no ACL file"
        case .accessRule: "a rule allows it"
        default: "subscriptions are allowed unless denied; each delivery is checked"
        }
    }

    private static func refusal(_ code: ReasonCode) -> (sentence: String, hint: String) {
        switch code {
        case .unknownUser:
            ("the user is not in the password file", "add the user with mosquitto_passwd")
        case .badPassword:
            ("the password is wrong", "set a new one with mosquitto_passwd")
        case .passwordMissing:
            ("a user name came without password", "give the client its password")
        case .noPasswords:
            (
                "the listener has no password file, so no user name can be checked",
                "set password-file, or connect with a certificate"
            )
        case .anonymousForbidden:
            (
                "the listener takes no clients without credentials",
                "give the client a user and a password, or set anonymous = true"
            )
        case .certificateNeeded:
            (
                "the listener knows users by their certificate, and none was sent",
                "give the client a certificate and its key"
            )
        case .certificateUntrusted:
            (
                "no trusted authority vouches for the certificate",
                "add the authority to trust-files, or name the fingerprint in the ACL file"
            )
        case .certificateWithoutName:
            (
                "the certificate lacks the field that names the user",
                "issue a certificate with that field, or change identity"
            )
        case .certificateNameUnusable:
            (
                "the name in the certificate holds characters a user name may not have",
                "issue a certificate with a printable name"
            )
        case .clientIDMismatch:
            (
                "the client id is not the user name",
                "set the client id to the user name, or change client-id-rule"
            )
        case .clientIDWithoutUser:
            (
                "the listener ties client ids to user names, and there is no user",
                "connect as a user, or change client-id-rule"
            )
        case .accessDenied: ("a rule denies it", "remove or narrow the rule")
        case .accessNoRule: ("no rule allows it", "add a topic or pattern line to the ACL file")
        case .accessUnsafeName:
            (
                "the user name or client id holds + # or / and may not be put into a pattern",
                "rename the user or the client, or give it topic lines of its own"
            )
        case .sysReadOnly:
            ("only the broker publishes below $SYS", "publish to another topic")
        case .sysForbidden:
            (
                "the listener does not let this client read $SYS",
                "see sys-topics and sys-users of the listener"
            )
        default: connection(code)
        }
    }

    /// Refusals of CONNECT that have nothing to do with who connects.
    private static func connection(_ code: ReasonCode) -> (sentence: String, hint: String) {
        switch code {
        case .serverShuttingDown: ("the server is shutting down", "connect again in a while")
        case .protocolVersion:
            (
                "the listener does not speak this version of the protocol",
                "use another version, or see protocol-versions of the listener"
            )
        case .authenticationMethod:
            (
                "the authentication method is not offered",
                "connect with a certificate, or with a user name and a password"
            )
        case .loginsWaiting:
            ("too many logins wait to be checked", "connect again in a while")
        case .willQoS:
            ("the will's QoS is above the listener's", "lower it, or raise max-qos")
        case .clientIDTooLong:
            ("the client id is too long", "shorten it, or raise client-id-bytes")
        case .sessionsStored:
            (
                "the broker stores as many sessions as it may",
                "connect with clean session or session expiry 0, or raise sessions in [limits]"
            )
        default:
            (
                "the tenant has as many connections as it may have",
                "end some, or raise connections-per-tenant"
            )
        }
    }

    /// The page of the documentation, in Markdown.
    public static func page() -> String {
        var text = """
            # Reasons

            Every decision about access has a reason with a stable code. The same code stands in
            the log and in explanations.

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
