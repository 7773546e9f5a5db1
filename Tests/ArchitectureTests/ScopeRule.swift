// SPDX-License-Identifier: Apache-2.0
// Look-ups over all tenants: few places may make them, and those decide which tenant is meant.

enum ScopeRule {
    /// Where one look-up may find what belongs to several tenants, and why.
    static let places: [String: String] = [
        "Sources/SealBroker/Identity/Registry.swift": "the look-ups themselves",
        "Sources/SealBroker/Identity/RegistryLogin+scope.swift": "a login without a known tenant",
        "Sources/SealAdmin/Cumulocity/TrustStanding.swift": "whether an upload is pending",
        "Sources/SealAdmin/Enrolment/EnrolmentLogin.swift": "a chain that names its authority",
        "Sources/SealAdmin/Enrolment/EnrolmentCalls.swift": "an authority that names its tenant",
    ]

    static func check(_ file: SourceFile) -> [Finding] {
        guard file.room != nil, file.room != "SealStore", places[file.path] == nil else {
            return []
        }
        return file.code.enumerated().compactMap { index, line in
            guard line.contains("credentials(kind:") || line.contains("tenant: nil") else {
                return nil
            }
            return Finding(
                path: file.path,
                line: index + 1,
                advice: "a look-up over all tenants; name the tenant, or let a login decide it"
            )
        }
    }
}
