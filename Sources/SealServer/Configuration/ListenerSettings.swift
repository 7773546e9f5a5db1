// SPDX-License-Identifier: Apache-2.0
// What one [[listener]] says, typed. The values written here are the defaults of the table in
// `ListenerSettings+table.swift`.

public import SealBroker

/// How a listener treats client certificates.
public enum ClientCertificates: String, SettingChoice {
    /// Clients are not asked for one.
    case off
    /// Any certificate is taken through the handshake and judged by the login.
    case ask
    /// None is needed; one that is sent must chain to the trusted authorities.
    case verify
    /// One that chains to the trusted authorities is needed.
    case require
}

extension CertificateIdentity: SettingChoice {}

extension ClientIDBinding: SettingChoice {}

extension ReasonStrings: SettingChoice {}

/// Who may read unencrypted traffic.
public enum PlaintextReach: String, SettingChoice {
    /// A listener without TLS binds to loopback addresses only.
    case loopbackOnly = "loopback-only"
    /// A listener without TLS may be reached from the network, where anybody on the way can read.
    case onTheNetwork = "on-the-network"
}

/// The lowest version of TLS a listener speaks.
public enum TLSMinimum: String, SettingChoice {
    case tls12 = "1.2"
    case tls13 = "1.3"
}

/// A version of MQTT a listener speaks.
public enum MQTTVersionName: String, SettingChoice {
    case v31 = "3.1"
    case v311 = "3.1.1"
    case v5 = "5"
}

/// What a listener serves.
public enum ListenerService: String, SettingChoice {
    /// Messages: MQTT.
    case mqtt
    /// The REST API over HTTP/1.1.
    case api
}

extension LoginSource: SettingChoice {}

extension CredentialPrecedence: SettingChoice {}

/// Who may read `$SYS/#`.
public enum SysTopics: String, SettingChoice {
    /// Nobody on this listener.
    case off
    /// Everybody on this listener whom the ACL lets read it.
    case on
    /// Only the users named in `sys-users`, as far as the ACL lets them.
    case users
}

/// A further certificate of a listener, chosen by the name a client asks for (SNI).
public struct ListenerIdentity: SettingsSection {
    /// The server names it answers to; empty: the names in the certificate.
    public var names: [String] = []
    /// The chain, leaf first.
    public var certificate: String?
    /// The private key.
    public var key: String?
    /// The file with the passphrase of the key.
    public var keyPassphraseFile: String?
    /// A keystore with both, instead of the two files.
    public var keystore: String?
    /// The entry of the keystore; nil: its only key.
    public var keystoreAlias: String?
    /// The file with the password of the keystore.
    public var keystorePasswordFile: String?

    /// All settings at their defaults.
    public init() {}
}

/// What one listener does.
public struct ListenerSettings: SettingsSection {
    /// The name in logs and metrics.
    public var name = ""
    /// The addresses as written.
    public var bind: [String] = ["*"]
    /// The port; 0 lets the kernel choose.
    public var port = 8883
    /// What is served.
    public var service = ListenerService.mqtt
    /// Encrypted.
    public var isTLS = true
    /// The second word needed for plain listeners on the network.
    public var plaintext = PlaintextReach.loopbackOnly
    /// The versions of MQTT spoken.
    public var protocols: [MQTTVersionName] = MQTTVersionName.allCases

    /// The chain, leaf first.
    public var certificate: String?
    /// The private key.
    public var key: String?
    /// The file with the passphrase of the key.
    public var keyPassphraseFile: String?
    /// A keystore with both, instead of the two files.
    public var keystore: String?
    /// The entry of the keystore; nil: its only key.
    public var keystoreAlias: String?
    /// The file with the password of the keystore.
    public var keystorePasswordFile: String?
    /// Further certificates for SNI.
    public var identities: [ListenerIdentity] = []
    /// The lowest version of TLS.
    public var tlsMinimum = TLSMinimum.tls12
    /// OpenSSL's list for TLS 1.2; empty: the house's.
    public var ciphers = ""
    /// OpenSSL's list for TLS 1.3; empty: the house's.
    public var ciphersuites = ""
    /// The protocols offered by ALPN; empty: none is negotiated.
    public var alpn: [String] = []

    /// How client certificates are treated.
    public var clientCertificates = ClientCertificates.off
    /// Files with the authorities of client certificates.
    public var trustFiles: [String] = []
    /// Folders with the authorities of client certificates.
    public var trustFolders: [String] = []
    /// A keystore with the authorities of client certificates.
    public var truststore: String?
    /// The file with its password.
    public var truststorePasswordFile: String?
    /// Revocation lists.
    public var crlFiles: [String] = []
    /// Refuse client certificates that are expired or not valid yet.
    public var checksClientDates = true

    /// Who knows the clients.
    public var login = LoginSource.files
    /// The tenant of all clients; empty: found by what they show.
    public var tenant = ""
    /// What counts when a client shows a certificate and a password.
    public var preferred = CredentialPrecedence.certificate
    /// The most certificates from a device's up to the trusted one.
    public var chainLengthMax = 2
    /// What of the certificate becomes the user name.
    public var identity = CertificateIdentity.none
    /// How the client id is tied to the user name.
    public var clientIDRule = ClientIDBinding.off
    /// Clients without any credential may connect.
    public var allowsAnonymous = false
    /// Users and their password hashes.
    public var passwordFile: String?
    /// Who may publish and read what.
    public var aclFile: String?

    /// Connections at a time; 0: only the limits of the daemon.
    public var connectionsMax = 0
    /// The highest QoS.
    public var qosMax = 2
    /// The topic aliases a client may use towards us.
    public var topicAliasMaximum = 10
    /// Which clients of MQTT 5 are sent sentences with refusals.
    public var reasonStrings = ReasonStrings.asked
    /// Put before every topic of the listener's clients.
    public var mountPoint = ""
    /// Who may read `$SYS/#`.
    public var sysTopics = SysTopics.on
    /// The users for `sys-topics = "users"`.
    public var sysUsers: [String] = []

    /// All settings at their defaults.
    public init() {}

    /// Whether anything is trusted to issue client certificates.
    public var hasTrust: Bool {
        !trustFiles.isEmpty || !trustFolders.isEmpty || truststore != nil
    }

    /// Whether its clients are looked up in the registry.
    public var usesRegistry: Bool { service == .api || login == .registry }

    /// The numeric addresses to bind; `::` comes after `0.0.0.0` and is for IPv6 only.
    public var addresses: [String] {
        var seen: Set<String> = []
        return bind.flatMap(NetworkAddress.expanded).filter { seen.insert($0).inserted }
    }
}
