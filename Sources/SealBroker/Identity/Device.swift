// SPDX-License-Identifier: Apache-2.0
// A device, what it shows at the login, and what is asked of it before, as plain values.

/// Something that connects.
public struct Device: Sendable, Equatable {
    /// How it came into the registry.
    public enum Origin: String, Sendable, CaseIterable {
        /// By its first contact, because the trust anchor allows it.
        case contact
        /// By a bulk file.
        case bulk
        /// By the API.
        case api
        /// By enrolment.
        case enrolment
    }

    /// Its number in the registry.
    public var number: Int64
    /// Its name in ThingsBoard's API, a lower-case UUID.
    public var uuid: String
    /// Its tenant.
    public var tenant: UInt32
    /// The device identifier, unique in the tenant: the common name of its certificate, and the
    /// client id.
    ///
    /// It holds no colon.
    public var identifier: String
    /// What people call it.
    public var name: String
    /// Its type.
    public var type: String
    /// A further label; may be empty.
    public var label: String
    /// A disabled device is refused.
    public var isEnabled: Bool
    /// It may log in with a certificate below a trust anchor.
    public var takesCertificates: Bool
    /// How it came here.
    public var origin: Origin
    /// Further properties, the text of a JSON object.
    public var properties: String
    /// When it was made, in milliseconds since 1970.
    public var createdAt: Int64
    /// When it was last changed, in milliseconds since 1970.
    public var changedAt: Int64
    /// Counts what ended its logins; tokens of another epoch are refused.
    public var epoch: Int64

    /// Makes an enabled device.
    public init(
        tenant: UInt32,
        identifier: String,
        name: String = "",
        type: String = "",
        origin: Origin,
        takesCertificates: Bool = false
    ) {
        number = 0
        uuid = ""
        self.tenant = tenant
        self.identifier = identifier
        self.name = name.isEmpty ? identifier : name
        self.type = type
        label = ""
        isEnabled = true
        self.takesCertificates = takesCertificates
        self.origin = origin
        properties = "{}"
        createdAt = 0
        changedAt = 0
        epoch = 1
    }

    /// The user name Cumulocity gives it.
    public var userName: String { "device_\(identifier)" }

    /// Why a text cannot be a device identifier, as a sentence without full stop; nil when it can.
    ///
    /// A colon would be read as the border of a part of the client id.
    public static func identifierFault(_ text: String) -> String? {
        if text.isEmpty { return "the device identifier is empty" }
        if text.utf8.count > identifierBytesMax {
            return "the device identifier is longer than \(identifierBytesMax) bytes"
        }
        if text.utf8.contains(UInt8(ascii: ":")) { return "the device identifier holds a colon" }
        return isUsable(identifier: text) ? nil : "the device identifier holds a control character"
    }
}

/// What a credential is.
public enum CredentialKind: String, Sendable, CaseIterable {
    /// A user name that is enough by itself; found by `lookup`, the keyed digest of the token.
    case accessToken = "ACCESS_TOKEN"
    /// One certificate, found by SHA3-256 of its base64 text.
    case certificate = "X509_CERTIFICATE"
    /// Client id, user name and password in any mix; found by ThingsBoard's rule.
    case basic = "MQTT_BASIC"
    /// The user `device_<identifier>` with a password; found by `<tenant number>/<user name>`.
    case password = "PASSWORD"
}

/// What a device shows at the login.
public struct Credential: Sendable, Equatable {
    /// Its number in the registry.
    public var number: Int64
    /// Its name in ThingsBoard's API, a lower-case UUID.
    public var uuid: String
    /// The tenant of the device.
    public var tenant: UInt32
    /// The device.
    public var device: Int64
    /// What it is.
    public var kind: CredentialKind
    /// What it is found by; unique among the credentials of its kind in its tenant.
    ///
    /// Other tenants may have the same: anybody can register a user name or a public certificate.
    public var lookup: String
    /// For a certificate its base64 text; for a token, and the parts of `MQTT_BASIC` that are
    /// shown again, bytes sealed by the `Vault`.
    public var value: [UInt8]
    /// What the password is compared with, where there is one.
    public var secret: StoredSecret?
    /// Counts its changes.
    public var version: Int64
    /// When it was made, in milliseconds since 1970.
    public var createdAt: Int64
    /// Since when it is found by this, in milliseconds since 1970: how old the registration is when
    /// another tenant has the same.
    public var registeredAt: Int64
    /// When it first let a client in that proved nothing by it, in milliseconds since 1970; 0 for
    /// never, and for those that are proved.
    public var firstUsedAt: Int64
    /// Whether the tenant proved that it holds the key of a certificate.
    public var proof: TrustAnchor.Proof

    /// Makes the value.
    public init(
        tenant: UInt32,
        device: Int64,
        kind: CredentialKind,
        lookup: String,
        value: [UInt8] = [],
        secret: StoredSecret? = nil
    ) {
        number = 0
        uuid = ""
        self.tenant = tenant
        self.device = device
        self.kind = kind
        self.lookup = lookup
        self.value = value
        self.secret = secret
        version = 1
        createdAt = 0
        registeredAt = 0
        firstUsedAt = 0
        proof = TrustAnchor.Proof()
    }
}

/// A device that somebody expects, before it has a password.
public struct RegistrationRequest: Sendable, Equatable {
    /// How far it got.
    public enum Status: String, Sendable, CaseIterable {
        case waitingForConnection = "WAITING_FOR_CONNECTION"
        case pendingAcceptance = "PENDING_ACCEPTANCE"
        case accepted = "ACCEPTED"
    }

    /// The tenant.
    public var tenant: UInt32
    /// The device identifier.
    public var identifier: String
    /// How far it got.
    public var status: Status
    /// The type the device will have; may be empty.
    public var type: String
    /// The group it will be in; may be empty.
    public var group: String
    /// Who asked for it.
    public var owner: String
    /// A digest of the security token that must be shown; empty when none was set.
    public var securityTokenHash: String
    /// When it was made, in milliseconds since 1970.
    public var createdAt: Int64

    /// Makes a request that waits for its device.
    public init(tenant: UInt32, identifier: String, owner: String) {
        self.tenant = tenant
        self.identifier = identifier
        status = .waitingForConnection
        type = ""
        group = ""
        self.owner = owner
        securityTokenHash = ""
        createdAt = 0
    }
}

/// A code that lets a device fetch its first certificate, once.
public struct EnrolmentCode: Sendable, Equatable {
    /// The tenant.
    public var tenant: UInt32
    /// The device identifier the certificate will name.
    public var identifier: String
    /// What the code is compared with.
    public var secret: StoredSecret
    /// Until when it counts, in milliseconds since 1970.
    public var expiresAt: Int64
    /// SHA-256 of the one public key that it gives certificates to from now on; empty until it was
    /// used.
    public var boundKey: [UInt8]

    /// Makes the value.
    public init(
        tenant: UInt32,
        identifier: String,
        secret: StoredSecret,
        expiresAt: Int64,
        boundKey: [UInt8] = []
    ) {
        self.tenant = tenant
        self.identifier = identifier
        self.secret = secret
        self.expiresAt = expiresAt
        self.boundKey = boundKey
    }
}
