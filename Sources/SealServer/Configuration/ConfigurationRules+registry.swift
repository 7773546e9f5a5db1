// SPDX-License-Identifier: Apache-2.0
// What listeners that ask the registry, and those of the API, may not say.

extension ConfigurationRules {
    /// Settings of listeners that judge by files.
    private static let fileKeys = [
        "password-file", "acl-file", "identity", "client-id-rule", "trust-files", "trust-folders",
        "truststore", "truststore-password-file", "check-client-dates", "mount-point",
        "sys-topics", "sys-users",
    ]

    /// Settings of listeners that ask the registry.
    private static let registryKeys = ["tenant", "preferred-credential", "chain-length-max"]

    /// Settings of listeners that carry messages.
    private static let messageKeys = [
        "protocols", "max-qos", "topic-alias-maximum", "reason-strings", "anonymous", "alpn",
        "preferred-credential",
    ]

    mutating func judgeRegistry(_ listener: ListenerSettings, _ index: Int) {
        guard listener.usesRegistry else {
            for key in Self.registryKeys where isSet(key, index) {
                faults.append(
                    fault(
                        .settingWithoutUse,
                        index,
                        key,
                        "judges by files, so \(key) has no use",
                        hint: "set login = \"registry\", or remove the line"
                    )
                )
            }
            return
        }
        if configuration.registry.folder == nil {
            faults.append(
                fault(
                    .registryMissing,
                    index,
                    listener.service == .api ? "service" : "login",
                    "asks the registry, but there is none"
                )
            )
        }
        var useless = Self.fileKeys
        if listener.service == .api { useless += Self.messageKeys }
        for key in useless where isSet(key, index) {
            faults.append(
                fault(
                    .settingWithoutUse,
                    index,
                    key,
                    "asks the registry, so \(key) has no use",
                    hint: "trusted certificates, accounts and rules are in the registry"
                )
            )
        }
        if listener.service == .api, listener.login == .files, isSet("login", index) {
            faults.append(
                fault(.settingWithoutUse, index, "login", "serves the API, which has no files")
            )
        }
        if listener.service == .api, !listener.isTLS,
            !listener.addresses.allSatisfy(NetworkAddress.isLoopback)
        {
            faults.append(
                fault(
                    .plaintextOnNetwork,
                    index,
                    "tls",
                    "serves the API without TLS beyond loopback",
                    hint: "use TLS, or bind to localhost"
                )
            )
        }
    }
}
