// SPDX-License-Identifier: Apache-2.0
// Credentials by ThingsBoard's rules: what each kind is found by, what is kept of it, and how it is
// shown again.

internal import SealBroker
internal import SealBytes
internal import SealHTTP
internal import SealPKI

/// What a client sent as the credentials of a device, in the form that is kept.
struct CredentialForm: Sendable {
    /// The kinds that ThingsBoard's clients know.
    static let kinds: [CredentialKind] = [.accessToken, .certificate, .basic]

    /// What stands for a password that is not shown again; sent back, it changes nothing.
    static let hiddenPassword = "********"

    /// The longest password, user name, client id or token.
    static let textBytesMax = 1024

    /// A text with more certificates is not looked at.
    static let certificatesMax = 10

    /// What it is.
    var kind: CredentialKind
    /// What it is found by.
    var lookup: Name
    /// What is kept for showing it again.
    var value: [UInt8]
    /// What the password is compared with.
    var secret: StoredSecret?

    /// A credential of a device in this form.
    func credential(of device: Device) -> Credential {
        Credential(
            tenant: device.tenant,
            device: device.number,
            kind: kind,
            lookup: lookup,
            value: value,
            secret: secret
        )
    }

    // MARK: Making

    /// Makes the form of what was sent; `old` is what it replaces.
    init(
        _ sent: JSONValue,
        replacing old: Credential?,
        _ context: AdminContext
    ) throws(APIError) {
        guard let name = sent["credentialsType"]?.name, let kind = CredentialKind(word: name),
            Self.kinds.contains(kind)
        else { throw Self.refused("Device credentials type should be specified!") }
        let id = sent["credentialsId"]?.text ?? ""
        let value = sent["credentialsValue"]?.text ?? ""
        switch kind {
        case .accessToken: try self.init(token: id, context)
        case .certificate: try self.init(certificate: value.isEmpty ? id : value, context)
        default: try self.init(basic: value, replacing: old, context)
        }
    }

    /// An access token.
    init(token: String, _ context: AdminContext) throws(APIError) {
        guard !token.isEmpty else {
            throw Self.refused("Device credentials id should be specified!")
        }
        try Self.check(token, "The access token")
        kind = .accessToken
        lookup = context.chains.tokenLookup(Name(token))
        value = try asking { () throws(RegistryError) in
            try context.vault.seal(Array(token.utf8))
        }
        secret = nil
    }

    /// A new token of 20 letters and digits, which are 119 bits.
    static func newToken(_ context: AdminContext) throws(APIError) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        let secret = try asking { () throws(RegistryError) in try context.forge.generate() }
        let dice = Hex.decode(context.chains.sha3(Name(secret)).text) ?? Array(secret.utf8)
        let token = dice.prefix(20).map { letters[Int($0) % letters.count] }
        return String(decoding: token, as: UTF8.self)
    }

    /// One certificate in PEM, with or without text before it, or its bare base64.
    ///
    /// Of several the first counts: it is the device's own.
    init(certificate text: String, _ context: AdminContext) throws(APIError) {
        guard !text.isEmpty else {
            throw Self.refused("The certificate is missing: credentialsValue must be its PEM text")
        }
        let der: [UInt8]
        do throws(CertificateText.Fault) {
            let all = try CertificateText.presented(text.utf8, countMax: Self.certificatesMax)
            der = all.first?.der ?? []
        } catch {
            throw Self.refused("credentialsValue is not a certificate: \(error.sentence)")
        }
        kind = .certificate
        lookup = context.chains.pinnedID(der: der)
        value = Array(Base64.encode(der).utf8)
        secret = nil
    }

    /// Client id, user name and password.
    init(
        basic text: String,
        replacing old: Credential?,
        _ context: AdminContext
    ) throws(APIError) {
        guard let sent = (try? JSONValue(parsing: Array(text.utf8)))?.members else {
            throw Self.refused(
                "credentialsValue must be JSON with clientId, userName and password"
            )
        }
        let part = BasicParts(
            clientID: sent["clientId"]?.name ?? .empty,
            userName: sent["userName"]?.name ?? .empty,
            hasPassword: false
        )
        try self.init(
            basic: part,
            password: sent["password"]?.text ?? "",
            replacing: old,
            context
        )
    }

    /// Client id, user name and password, taken apart already.
    init(
        basic parts: BasicParts,
        password: String,
        replacing old: Credential?,
        _ context: AdminContext
    ) throws(APIError) {
        guard !parts.clientID.isEmpty || !parts.userName.isEmpty else {
            throw Self.refused("Both mqtt client id and user name are empty!")
        }
        guard password.isEmpty || !parts.userName.isEmpty else {
            throw Self.refused("Password cannot be specified along with client id")
        }
        try Self.check(parts.clientID.text, "The client id")
        try Self.check(parts.userName.text, "The user name")
        try Self.check(password, "The password")
        let lookup = parts.lookup(context)
        if password.isSame(as: Self.hiddenPassword), let old, old.kind == .basic {
            // What is kept of a password belongs to its names: see `hash(chosen:sharing:)`.
            guard old.secret == nil || old.lookup == lookup else {
                throw Self.refused(
                    "With another client id or user name the password must be sent again"
                )
            }
            secret = old.secret
        } else if password.isEmpty {
            secret = nil
        } else {
            secret = try asking { () throws(RegistryError) in
                try context.forge.hash(chosen: Array(password.utf8), sharing: lookup)
            }
        }
        kind = .basic
        self.lookup = lookup
        var kept = parts
        kept.hasPassword = secret != nil
        let bytes = kept.json(password: nil).bytes
        value = try asking { () throws(RegistryError) in try context.vault.seal(bytes) }
    }

    private static func check(_ text: String, _ what: String) throws(APIError) {
        guard text.utf8.count <= textBytesMax else {
            throw refused("\(what) is longer than \(textBytesMax) bytes")
        }
        guard text.unicodeScalars.allSatisfy(TextRules.isPrintable) else {
            throw refused("\(what) holds a control character")
        }
    }

    static func refused(_ sentence: String) -> APIError {
        APIError(.badRequest, .apiCredentialsRefused, sentence)
    }
}

/// The parts of `MQTT_BASIC` that are shown again.
struct BasicParts: Sendable, Equatable {
    var clientID: Name
    var userName: Name
    var hasPassword: Bool

    /// ThingsBoard's rule: the user name alone as it is, everything else by SHA3-256.
    func lookup(_ context: AdminContext) -> Name {
        if clientID.isEmpty { return userName }
        return context.chains.sha3(userName.isEmpty ? clientID : "\(clientID)|\(userName)")
    }

    /// As JSON; a password that is there is shown as this.
    func json(password shown: String?) -> JSONValue {
        [
            "clientId": clientID.isEmpty ? .null : .string(clientID),
            "userName": userName.isEmpty ? .null : .string(userName),
            "password": hasPassword
                ? .string(shown ?? CredentialForm.hiddenPassword) : .null,
        ]
    }

    /// Reads what `json` wrote.
    init?(_ bytes: [UInt8]) {
        guard let object = (try? JSONValue(parsing: bytes))?.members else { return nil }
        clientID = object["clientId"]?.name ?? .empty
        userName = object["userName"]?.name ?? .empty
        hasPassword = object["password"]?.text != nil
    }

    init(clientID: Name, userName: Name, hasPassword: Bool) {
        self.clientID = clientID
        self.userName = userName
        self.hasPassword = hasPassword
    }
}

extension CredentialForm {
    /// The document of a credential.
    ///
    /// A secret that another vault key sealed is shown as empty: it cannot be read any more.
    static func document(
        _ credential: Credential,
        of device: Device,
        _ context: AdminContext
    ) -> JSONValue {
        var id = credential.lookup.text
        var value: JSONValue = .null
        switch credential.kind {
        case .accessToken:
            let token = context.vault.open(credential.value) ?? []
            id = String(decoding: token, as: UTF8.self)
        case .certificate: value = .string(String(decoding: credential.value, as: UTF8.self))
        default:
            let parts = context.vault.open(credential.value).flatMap { BasicParts($0) }
            value = .string(parts?.json(password: nil).line ?? "{}")
        }
        return [
            "id": ["id": .string(credential.uuid)],
            "createdTime": .integer(credential.createdAt),
            "deviceId": ["entityType": "DEVICE", "id": .string(device.uuid)],
            "credentialsType": .string(credential.kind.rawValue),
            "credentialsId": .string(id),
            "credentialsValue": value,
            "version": .integer(credential.version),
        ]
    }
}
