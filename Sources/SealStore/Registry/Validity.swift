// SPDX-License-Identifier: Apache-2.0
// Which values the registry takes. Whoever shows more than a sentence about it checks before.

internal import SealBroker
internal import SealBytes

enum Validity {
    static let identifierBytesMax = 1_024
    static let accountNameBytesMax = 256
    static let textBytesMax = 1_024
    static let propertiesBytesMax = 65_536
    static let optionValueBytesMax = 65_536
    static let certificateBytesMax = 65_536
    static let sealedBytesMax = 65_536
    static let secretBytesMax = 4_096
    static let lookupBytesMax = 2_048
    static let filterBytesMax = 65_535
    static let auditBytesMax = 4_096

    static func check(_ tenant: Tenant) throws(RegistryError) {
        let id = tenant.id.utf8
        let isGood = id.enumerated().allSatisfy { index, byte in
            isLowerAlphanumeric(byte)
                || (index > 0 && (byte == 0x2D || byte == 0x2E || byte == 0x5F))
        }
        guard (1...64).contains(id.count), isGood else {
            throw invalid(
                "a tenant id has 1 to 64 characters of a-z, 0-9, '.', '_' and '-', and begins "
                    + "with a letter or a digit"
            )
        }
        try text(tenant.label, "the label of a tenant")
        let domain = tenant.domain.utf8
        let isHost = domain.allSatisfy { isLowerAlphanumeric($0) || $0 == 0x2D || $0 == 0x2E }
        guard domain.count <= 253, isHost else {
            throw invalid("the domain of a tenant is a host name in lower case")
        }
    }

    static func check(_ account: Account) throws(RegistryError) {
        try text(account.name, "a user name", max: accountNameBytesMax, min: 1)
        // `tenant/user` and `vhost:user` are how users name their tenant.
        guard !account.name.utf8.contains(where: { $0 == 0x2F || $0 == 0x3A || $0 == 0x20 }) else {
            throw invalid("a user name holds no '/', no ':' and no space")
        }
        guard !account.name.starts(with: "device_") else {
            throw invalid("a user name does not begin with device_, which is how devices are named")
        }
        try text(account.email, "a mail address")
        try text(account.firstName, "a first name")
        try text(account.lastName, "a last name")
        try check(account.secret)
    }

    static func check(_ anchor: TrustAnchor) throws(RegistryError) {
        let isDigits = anchor.fingerprint.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
        }
        guard anchor.fingerprint.utf8.count == 40, isDigits else {
            throw invalid("the fingerprint of a trusted certificate has 40 lower-case digits")
        }
        guard anchor.sha256.count == 32, anchor.subjectKey.count == 32 else {
            throw invalid("the digests of a trusted certificate have 32 bytes")
        }
        guard (1...certificateBytesMax).contains(anchor.der.count) else {
            throw invalid("a trusted certificate has 1 to \(certificateBytesMax) bytes")
        }
        try text(anchor.name, "the name of a trusted certificate")
        try text(anchor.proof.code, "the code of a proof of possession")
    }

    static func check(_ device: Device) throws(RegistryError) {
        try identifier(device.identifier)
        try text(device.name, "the name of a device")
        try text(device.type, "the type of a device")
        try text(device.label, "the label of a device")
        guard device.properties.utf8.count <= propertiesBytesMax else {
            throw invalid("the properties of a device have at most \(propertiesBytesMax) bytes")
        }
    }

    static func identifier(_ identifier: Name) throws(RegistryError) {
        try text(identifier, "a device identifier", max: identifierBytesMax, min: 1)
        guard !identifier.utf8.contains(0x3A) else {
            throw invalid("a device identifier holds no ':'")
        }
    }

    static func check(_ credential: Credential) throws(RegistryError) {
        try text(credential.lookup, "what a credential is found by", max: lookupBytesMax, min: 1)
        guard credential.value.count <= sealedBytesMax else {
            throw invalid("the value of a credential has at most \(sealedBytesMax) bytes")
        }
        try check(credential.secret)
    }

    static func check(_ secret: StoredSecret?) throws(RegistryError) {
        guard let secret else { return }
        try text(secret.hash, "the hash of a secret", max: secretBytesMax, min: 1)
        try text(secret.scram ?? "", "the keys of SCRAM", max: secretBytesMax)
    }

    static func check(_ revocation: Revocation) throws(RegistryError) {
        guard Revocation.plainSerial(revocation.serial.text) == revocation.serial else {
            throw invalid(
                "a serial number has up to 64 upper-case hexadecimal digits without leading zeros"
            )
        }
        guard revocation.issuerKey.isEmpty || revocation.issuerKey.count == 32 else {
            throw invalid("the digest of an issuer has 32 bytes")
        }
        try text(revocation.reason, "the reason of a revocation", max: 64)
    }

    static func check(_ option: TenantOption) throws(RegistryError) {
        try optionName(option.category, option.key)
        guard option.value.utf8.count <= optionValueBytesMax else {
            throw invalid("the value of an option has at most \(optionValueBytesMax) bytes")
        }
    }

    static func optionName(_ category: Name, _ key: Name) throws(RegistryError) {
        try text(category, "the category of an option", max: 256, min: 1)
        try text(key, "the key of an option", max: 256, min: 1)
    }

    static func check(_ rule: PolicyRule) throws(RegistryError) {
        try text(rule.filter, "the filter of a rule", max: filterBytesMax, min: 1)
        try text(rule.subject, "the subject of a rule", max: lookupBytesMax, min: 1)
    }

    static func check(_ request: RegistrationRequest) throws(RegistryError) {
        try identifier(request.identifier)
        try text(request.type, "the type of a device")
        try text(request.group, "the group of a device")
        try text(request.owner, "the owner of a request")
        try text(request.securityTokenHash, "the digest of a security token", max: secretBytesMax)
    }

    static func check(_ key: SigningKey) throws(RegistryError) {
        try text(key.id, "the name of a signing key", max: 256, min: 1)
        try sealed(key.sealed)
    }

    static func sealed(_ bytes: [UInt8]) throws(RegistryError) {
        guard (1...sealedBytesMax).contains(bytes.count) else {
            throw invalid("a sealed key has 1 to \(sealedBytesMax) bytes")
        }
    }

    /// No control characters and no more bytes than that.
    static func text(
        _ name: Name,
        _ what: String,
        max: Int = textBytesMax,
        min: Int = 0
    ) throws(RegistryError) { try text(name.text, what, max: max, min: min) }

    static func text(
        _ text: String,
        _ what: String,
        max: Int = textBytesMax,
        min: Int = 0
    ) throws(RegistryError) {
        guard text.utf8.count >= min else { throw invalid("\(what) is not empty") }
        guard text.utf8.count <= max else { throw invalid("\(what) has at most \(max) bytes") }
        guard !hasControlCharacters(text) else {
            throw invalid("\(what) holds no control characters")
        }
    }

    private static func hasControlCharacters(_ text: String) -> Bool {
        // U+0080 to U+009F are 0xC2 0x80 to 0xC2 0x9F.
        var isAfterC2 = false
        for byte in text.utf8 {
            if byte < 0x20 || byte == 0x7F || (isAfterC2 && byte < 0xA0) { return true }
            isAfterC2 = byte == 0xC2
        }
        return false
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
    }

    static func invalid(_ reason: String) -> RegistryError { RegistryError(.invalid, reason) }
}
