// SPDX-License-Identifier: Apache-2.0
// Which calls take long, and so keep out of the way of those that do not: a call that takes a right
// away never waits behind a password that is hashed.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

extension Operation {
    /// What makes a call slow.
    private enum Weight {
        /// It always is.
        case always(HTTPLane)
        /// It is when the body or the query has one of these.
        case with([String])
    }

    private static let weights: [String: Weight] = [
        "postBulkNewDeviceRequests": .always(.bulk),
        "importDevices": .always(.bulk),
        "addTrustedCertificates": .always(.slow),
        "changeCurrentUserPassword": .always(.slow),
        "useLoginLink": .always(.slow),
        "createCertificateAuthority": .always(.slow),
        "addAccount": .with(["password"]),
        "updateAccount": .with(["password"]),
        "addDevice": .with(["password"]),
        "updateDevice": .with(["password"]),
        "saveDeviceWithCredentials": .always(.slow),
        "saveDeviceCredentials": .always(.slow),
        "listDevices": .with(["text"]),
        "getTenantDevices": .with(["textSearch"]),
        "listManagedObjects": .with(["query", "text"]),
    ]

    /// The names of the calls that can be slow, for the test that each is one.
    static var weighedNames: [String] { weights.keys.sorted() }

    /// A call that takes a file, of which a tenant has one under way.
    var isBulk: Bool {
        if case .always(.bulk)? = Self.weights[id] { true } else { false }
    }

    /// Where a call with this body and these values is done.
    func lane(_ payload: Call.Payload, _ values: [String: JSONValue]) -> HTTPLane {
        switch Self.weights[id] {
        case nil: return .quick
        case .always(let lane)?: return lane
        case .with(let names)?:
            let body: JSONValue = if case .json(let value) = payload { value } else { .null }
            let isSlow = names.contains { body[$0] != nil || values[$0] != nil }
            return isSlow ? .slow : .quick
        }
    }
}
