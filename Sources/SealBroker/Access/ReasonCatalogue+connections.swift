// SPDX-License-Identifier: Apache-2.0
// The words of refusals about topics, and of refusals that have nothing to do with who connects.

extension ReasonCatalogue {
    /// Publishing, subscribing and reading.
    static func topic(_ code: ReasonCode) -> Words? {
        switch code {
        case .accessDenied: ("a rule denies it", "remove or narrow the rule")
        case .accessNoRule: ("no rule allows it", "add a topic or pattern line to the ACL file")
        case .accessUnsafeName:
            (
                "the user name or client id holds + # or / and may not be put into a pattern",
                "rename the user or the client, or give it topic lines of its own"
            )
        case .accessRuleDenies: ("a rule of the tenant denies it", "change the tenant's rules")
        case .accessOtherDevice:
            (
                "the topic belongs to another device",
                "use v1/devices/me/…, or add a rule that names the space of devices"
            )
        case .accessReserved:
            ("topics that begin with $ are the broker's", "use another topic, or add a rule for it")
        case .sysReadOnly:
            ("only the broker publishes below $SYS", "publish to another topic")
        case .sysForbidden:
            (
                "the listener does not let this client read $SYS",
                "see sys-topics and sys-users of the listener"
            )
        default: nil
        }
    }

    /// What ends a connection that was let in.
    static func withdrawal(_ code: ReasonCode) -> Words? {
        switch code {
        case .withdrawnTenant:
            ("the tenant was disabled or removed", "enable it, or connect to another")
        case .withdrawnAccount:
            ("the account was changed, disabled or removed", "log in with what holds now")
        case .withdrawnDevice:
            ("the device was disabled or removed", "enable it, or register it again")
        case .withdrawnCredential:
            ("the credentials were changed or removed", "connect with the new ones")
        case .withdrawnAnchor:
            (
                "the trusted certificate was disabled or removed",
                "enable it, or get a certificate of another authority"
            )
        case .withdrawnCertificate:
            ("a certificate of the client was revoked", "issue a new one for a new key")
        case .withdrawnToken: ("the client's token was withdrawn", "log in again")
        case .withdrawnByTime:
            ("the certificate or token of the login has expired", "connect with a new one")
        case .kicked:
            ("an administrator ended the connection", "ask who administers the tenant")
        case .registryChanged:
            ("too much changed while the login was decided", "connect again")
        default: nil
        }
    }

    /// Refusals of CONNECT that have nothing to do with who connects.
    static func connection(_ code: ReasonCode) -> Words {
        switch code {
        case .serverShuttingDown: ("the server is shutting down", "connect again in a while")
        case .protocolVersion:
            (
                "the listener does not speak this version of the protocol",
                "use another version, or see protocols of the listener"
            )
        case .authenticationMethod:
            (
                "the authentication method is not offered",
                "connect with a certificate, or with a user name and a password"
            )
        case .loginsWaiting:
            ("too many logins wait to be checked", "connect again in a while")
        case .registryFailed:
            ("the registry of identities did not answer", "connect again; see the log and health")
        case .loginSourceChanged:
            ("the listener judges by other rules now", "connect again")
        case .willQoS:
            ("the will's QoS is above the listener's", "lower it, or raise max-qos")
        case .willRetain:
            (
                "the will is to be retained, and this broker retains nothing",
                "leave the flag out, or raise retained-messages in [limits]"
            )
        case .clientIDTooLong:
            ("the client id is too long", "shorten it, or raise client-id-bytes")
        case .memoryClient:
            (
                "the client's sessions take as much memory as they may",
                "end some or let their messages be fetched, or raise client-bytes in [limits]"
            )
        case .memoryTenant:
            (
                "the tenant takes as much memory as it may",
                "remove sessions or retained messages, or raise tenant-bytes in [limits]"
            )
        case .memoryDaemon:
            (
                "the broker takes as much memory as it may, and the tenant its share of it",
                "remove sessions or retained messages, or raise memory-bytes in [limits]"
            )
        case .willTopicTooLong:
            (
                "the will's topic has more bytes or levels than one may have",
                "shorten it, or raise topic-bytes or topic-levels in [limits]"
            )
        case .userNameTooLong:
            ("the user name is too long", "shorten it, or raise user-name-bytes in [limits]")
        case .anotherIdentity:
            (
                "the client proved to be somebody else than it was at CONNECT",
                "connect anew for another identity"
            )
        case .tenantsMax:
            ("as many tenants are here as there may be", "raise tenants in [limits]")
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
}
