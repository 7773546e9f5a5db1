// SPDX-License-Identifier: Apache-2.0
// The rows of [[listener]] and [[listener.identity]]. Not here: rules between settings.

internal import SealNet

extension ListenerIdentity {
    /// The rows of [[listener.identity]].
    public static let settings: [Setting<ListenerIdentity>] = [
        .list(
            "names",
            \.names,
            .texts,
            .newConnections,
            "Server names this certificate answers to (SNI). "
                + "Empty: the DNS names in the certificate.",
            example: "[\"mqtt.example.org\"]"
        ),
        .optional(
            "certificate",
            \.certificate,
            .path,
            .newConnections,
            "Certificate chain in PEM, leaf first.",
            example: "/etc/sealwire/other.crt"
        ),
        .optional(
            "key",
            \.key,
            .path,
            .newConnections,
            "Private key in PEM.",
            example: "/etc/sealwire/other.key"
        ),
        .optional(
            "key-passphrase-file",
            \.keyPassphraseFile,
            .path,
            .newConnections,
            "File whose first line is the passphrase of the key.",
            example: "/etc/sealwire/other.pass"
        ),
        .optional(
            "keystore",
            \.keystore,
            .path,
            .newConnections,
            "JKS or PKCS #12 file with certificate chain and private key, instead of certificate "
                + "and key. key-passphrase-file is then the key's own password, if it has one.",
            example: "/etc/sealwire/other.p12"
        ),
        .optional(
            "keystore-alias",
            \.keystoreAlias,
            .text,
            .newConnections,
            "Entry of the keystore. Not needed when the keystore has one private key only.",
            example: "\"other\""
        ),
        .optional(
            "keystore-password-file",
            \.keystorePasswordFile,
            .path,
            .newConnections,
            "File whose first line is the password of the keystore.",
            example: "/etc/sealwire/other-store.pass"
        ),
    ]
}

extension ListenerSettings {
    /// The rows of [[listener]].
    public static let settings: [Setting<ListenerSettings>] =
        placeRows + tlsRows + certificateRows + registryRows + accessRows + limitRows

    private static let placeRows: [Setting<ListenerSettings>] = [
        .text("name", \.name, .restart, "Name in logs and metrics; each listener has its own."),
        .list(
            "bind",
            \.bind,
            .addresses,
            .restart,
            "Addresses to listen on: IPv4 or IPv6 in digits, \"localhost\", or \"*\" for all."
        ),
        .integer("port", \.port, 0...65535, .restart, "TCP port; 0 lets the system choose."),
        .choice(
            "service",
            \.service,
            .restart,
            "\"mqtt\": messages. \"api\": the REST API over HTTP, whose users are in the registry."
        ),
        .boolean(
            "tls",
            \.isTLS,
            .restart,
            "Encrypted. Without TLS a listener binds to loopback addresses only."
        ),
        .choice(
            "plaintext",
            \.plaintext,
            .restart,
            "The second word for a listener without TLS: \"on-the-network\" lets it bind to other "
                + "addresses than loopback, and lets everybody on the way read and change all."
        ),
        .choices(
            "protocols",
            \.protocols,
            .newConnections,
            "Versions of MQTT clients may speak."
        ),
    ]

    private static let tlsRows: [Setting<ListenerSettings>] = [
        .optional(
            "certificate",
            \.certificate,
            .path,
            .newConnections,
            "Certificate chain in PEM, leaf first.",
            example: "/etc/sealwire/server.crt"
        ),
        .optional(
            "key",
            \.key,
            .path,
            .newConnections,
            "Private key in PEM.",
            example: "/etc/sealwire/server.key"
        ),
        .optional(
            "key-passphrase-file",
            \.keyPassphraseFile,
            .path,
            .newConnections,
            "File whose first line is the passphrase of the key.",
            example: "/etc/sealwire/server.pass"
        ),
        .optional(
            "keystore",
            \.keystore,
            .path,
            .newConnections,
            "JKS or PKCS #12 file with certificate chain and private key, instead of certificate "
                + "and key. key-passphrase-file is then the key's own password, if it has one.",
            example: "/etc/sealwire/server.p12"
        ),
        .optional(
            "keystore-alias",
            \.keystoreAlias,
            .text,
            .newConnections,
            "Entry of the keystore. Not needed when the keystore has one private key only.",
            example: "\"server\""
        ),
        .optional(
            "keystore-password-file",
            \.keystorePasswordFile,
            .path,
            .newConnections,
            "File whose first line is the password of the keystore.",
            example: "/etc/sealwire/server-store.pass"
        ),
        .choice(
            "tls-minimum",
            \.tlsMinimum,
            .newConnections,
            "Lowest version of TLS accepted."
        ),
        .text(
            "ciphers",
            \.ciphers,
            .newConnections,
            "Cipher list for TLS 1.2 in OpenSSL's notation. Names that can never be chosen are "
                + "refused. Empty: \(TLSSuiteCheck.standardCiphers)."
        ),
        .text(
            "ciphersuites",
            \.ciphersuites,
            .newConnections,
            "Cipher suites for TLS 1.3 in OpenSSL's notation. Names that can never be chosen are "
                + "refused. Empty: \(TLSSuiteCheck.standardSuites)."
        ),
        .list(
            "alpn",
            \.alpn,
            .texts,
            .newConnections,
            "Protocol names offered by ALPN, preferred first. Empty: ALPN is not negotiated."
        ),
    ]

    private static let certificateRows: [Setting<ListenerSettings>] = [
        .choice(
            "client-certificates",
            \.clientCertificates,
            .newConnections,
            "\"off\": not asked for. \"ask\": any certificate passes the handshake and is judged "
                + "at the login. \"verify\": one that is sent must be good, whatever else a client "
                + "shows. \"require\": a good one is needed, whatever else a client shows. Good is "
                + "what chains to the trusted authorities, or with the registry to one that a "
                + "tenant trusts, and what a device has pinned there."
        ),
        .list(
            "trust-files",
            \.trustFiles,
            .paths,
            .newConnections,
            "PEM files with the authorities of client certificates.",
            example: "[\"/etc/sealwire/clients-ca.crt\"]"
        ),
        .list(
            "trust-folders",
            \.trustFolders,
            .paths,
            .newConnections,
            "Folders with such files (.pem, .crt).",
            example: "[\"/etc/sealwire/clients-ca.d\"]"
        ),
        .optional(
            "truststore",
            \.truststore,
            .path,
            .newConnections,
            "JKS or PKCS #12 file whose trusted certificates are authorities of client "
                + "certificates.",
            example: "/etc/sealwire/clients-ca.p12"
        ),
        .optional(
            "truststore-password-file",
            \.truststorePasswordFile,
            .path,
            .newConnections,
            "File whose first line is the password of the truststore.",
            example: "/etc/sealwire/clients-ca.pass"
        ),
        .list(
            "crl-files",
            \.crlFiles,
            .paths,
            .newConnections,
            "Revocation lists in PEM for client certificates. With any of them, each issuing "
                + "authority needs a list that is not expired.",
            example: "[\"/etc/sealwire/clients.crl\"]"
        ),
        .boolean(
            "check-client-dates",
            \.checksClientDates,
            .newConnections,
            "Refuse client certificates that are expired or not valid yet."
        ),
    ]

    private static let registryRows: [Setting<ListenerSettings>] = [
        .choice(
            "login",
            \.login,
            .restart,
            "Who knows the clients: \"files\" (identity, password-file and acl-file below) or "
                + "\"registry\" (tenants, trusted certificates, devices and accounts of "
                + "[registry])."
        ),
        .text(
            "tenant",
            \.tenant,
            .newConnections,
            "With the registry: the tenant of all clients. Empty: found by certificate, user "
                + "name or token."
        ),
        .choice(
            "preferred-credential",
            \.preferred,
            .newConnections,
            "With the registry: what counts when a client shows a certificate and a password."
        ),
        .integer(
            "chain-length-max",
            \.chainLengthMax,
            1...10,
            .newConnections,
            "With the registry: the most certificates from a device's own up to the trusted one, "
                + "both counted. 2 allows no intermediate authority."
        ),
    ]

    private static let accessRows: [Setting<ListenerSettings>] = [
        .choice(
            "identity",
            \.identity,
            .newConnections,
            "Part of the client certificate that becomes the user name. With another value than "
                + "\"none\" the certificate counts before any password."
        ),
        .choice(
            "client-id-rule",
            \.clientIDRule,
            .newConnections,
            "\"equals-identity\": the client id must be the user name. "
                + "\"from-identity\": the client id is replaced by the user name."
        ),
        .boolean(
            "anonymous",
            \.allowsAnonymous,
            .newConnections,
            "Clients without a user name, from certificate or password, may connect."
        ),
        .optional(
            "password-file",
            \.passwordFile,
            .path,
            .now,
            "Users and password hashes, in mosquitto's format.",
            example: "/etc/sealwire/passwords"
        ),
        .optional(
            "acl-file",
            \.aclFile,
            .path,
            .now,
            "Who may publish and read what, in mosquitto's format. "
                + "Without it everybody who may connect may do everything.",
            example: "/etc/sealwire/acl"
        ),
    ]

    private static let limitRows: [Setting<ListenerSettings>] = [
        .integer(
            "max-connections",
            \.connectionsMax,
            0...10_000_000,
            .newConnections,
            "Connections at a time on this listener; 0: only the limits of the daemon."
        ),
        .integer(
            "max-qos",
            \.qosMax,
            0...2,
            .newConnections,
            "Highest quality of service."
        ),
        .integer(
            "topic-alias-maximum",
            \.topicAliasMaximum,
            0...65535,
            .newConnections,
            "Topic aliases an MQTT 5 client may use when it publishes."
        ),
        .choice(
            "reason-strings",
            \.reasonStrings,
            .newConnections,
            "Who is told in a sentence why CONNECT is refused or a connection ended: MQTT 5 "
                + "clients that ask for problem information in CONNECT (\"asked\"), all of them "
                + "but those that decline it (\"always\"), or nobody (\"never\"). "
                + "The log has the sentence in any case."
        ),
        .text(
            "mount-point",
            \.mountPoint,
            .newConnections,
            "Prefix put before every topic of this listener's clients, invisible to them."
        ),
        .choice(
            "sys-topics",
            \.sysTopics,
            .newConnections,
            "Who may read $SYS/#: nobody (\"off\"), everybody the ACL lets (\"on\"), "
                + "or only sys-users (\"users\")."
        ),
        .list(
            "sys-users",
            \.sysUsers,
            .texts,
            .newConnections,
            "User names for sys-topics = \"users\".",
            example: "[\"monitor\"]"
        ),
    ]
}
