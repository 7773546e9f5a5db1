// SPDX-License-Identifier: Apache-2.0
// What tenant options may be, which of them are secret, and who may change them.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// Rules about options.
enum OptionRule {
    /// The longest value.
    static let valueCharactersMax = 65_536
    /// The shortest life of a device's token, in seconds.
    static let tokenSecondsMin: Int64 = 300
    /// The longest life of a device's token: ten years.
    static let tokenSecondsMax: Int64 = 315_360_000

    /// The category and key of the life of devices' tokens.
    static let tokenLife: (category: Name, key: Name) = (
        "oauth.internal", "device-token.lifespan.seconds"
    )

    /// The options whose values are looked at here and elsewhere in the house.
    static func check(_ option: TenantOption) throws(APIError) {
        switch (option.category, option.key) {
        case (tokenLife.category, tokenLife.key):
            let isNumber =
                option.value.utf8.count <= 12
                && option.value.utf8.allSatisfy { (0x30...0x39).contains($0) }
            guard isNumber, let seconds = Int64(option.value),
                (tokenSecondsMin...tokenSecondsMax).contains(seconds)
            else {
                throw refused("\(option.key) is \(tokenSecondsMin) to \(tokenSecondsMax) seconds")
            }
        case ("configuration", "crl.offline.check.enabled"):
            guard option.value == "true" else {
                throw refused("\(option.key) can only be true: revocations always count")
            }
        case ("configuration", "crl.online.check.enabled"):
            guard option.value == "false" else {
                throw refused(
                    "\(option.key) can only be false: lists are uploaded or read from files"
                )
            }
        default: break
        }
    }

    /// Whether its value is a secret.
    static func isSecret(_ option: TenantOption) -> Bool { option.key.starts(with: "credentials.") }

    /// The value as it is shown: secrets are not.
    static func shown(_ option: TenantOption) -> String {
        isSecret(option) ? "<<Encrypted>>" : option.value
    }

    /// The option as it is stored: secrets sealed.
    static func sealed(_ option: TenantOption, _ call: Call) throws(APIError) -> TenantOption {
        guard isSecret(option) else { return option }
        let vault = call.context.vault
        let bytes = Array(option.value.utf8)
        var option = option
        option.value = Base64.encode(
            try asking { () throws(RegistryError) in try vault.seal(bytes) }
        )
        return option
    }

    /// Whether the caller's tenant may change it.
    static func checkEditable(_ option: TenantOption, _ call: Call) throws(APIError) {
        guard try !call.caller().tenant.isManagement else { return }
        let registry = call.context.registry
        for tenant in [Tenant.managementNumber, try call.tenant().number] {
            let there = try asking { () throws(RegistryError) in
                try registry.optionRecord(
                    tenant: tenant,
                    category: option.category,
                    key: option.key
                )
            }
            if there?.isEditable == false {
                throw APIError(.forbidden, .apiOptionFixed, "\(option.category)/\(option.key)")
            }
        }
    }

    private static func refused(_ detail: String) -> APIError {
        APIError(.unprocessableContent, .apiOptionValue, detail)
    }
}
