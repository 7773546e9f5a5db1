// SPDX-License-Identifier: Apache-2.0
// A configuration text beside the one the daemon runs with. Not here: how they are compared.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// What a configuration would change.
public struct ConfigurationComparison: Sendable, Equatable {
    /// When a value counts.
    public enum Moment: String, Sendable, CaseIterable {
        /// With the next reload.
        case reload
        /// With the next reload, for those who connect then.
        case newConnections = "new-connections"
        /// After a restart.
        case restart
    }

    /// One setting that differs.
    public struct Change: Sendable, Equatable {
        /// Its name with the table it is in.
        public var setting: String
        /// Its value in the running daemon; never a secret.
        public var running: String
        /// Its value in the text.
        public var given: String
        /// When the given value would count.
        public var takesEffect: Moment

        /// Makes the value.
        public init(setting: String, running: String, given: String, takesEffect: Moment) {
            self.setting = setting
            self.running = running
            self.given = given
            self.takesEffect = takesEffect
        }
    }

    /// What differs.
    public var changes: [Change]
    /// Why the text cannot be a configuration; then there are no changes.
    public var faults: [String]

    /// Makes the value.
    public init(changes: [Change] = [], faults: [String] = []) {
        self.changes = changes
        self.faults = faults
    }
}

/// The call about the configuration.
enum ConfigurationCalls {
    static let operations: [Operation] = [difference]

    private static let shape = Schema.object(
        [
            .needed("valid", .boolean), .needed("same", .boolean),
            .needed(
                "changes",
                .array(
                    .object(
                        [
                            .needed("setting", .text), .needed("running", .text),
                            .needed("given", .text),
                            .needed(
                                "takesEffect",
                                .choice(ConfigurationComparison.Moment.allCases.map(\.rawValue))
                            ),
                        ],
                        others: .forbidden
                    ).named("ConfigurationChange")
                )
            ),
            .needed("faults", .array(.text)),
        ],
        others: .forbidden
    ).named("ConfigurationComparison")

    private static let difference = Operation(
        "compareConfiguration",
        .post,
        "/api/v1/config/diff",
        family: .sealwire,
        tag: "Configuration",
        "What a configuration would change in the running daemon.",
        .roles([.tenantManagementAdmin], reach: .management),
        answers: [.json("The differences.", shape)]
    ) { call throws(APIError) in
        let comparison = call.context.compareConfiguration(call.bytes)
        let changes: [JSONValue] = comparison.changes.map { change in
            [
                "setting": .string(change.setting), "running": .string(change.running),
                "given": .string(change.given),
                "takesEffect": .string(change.takesEffect.rawValue),
            ]
        }
        return call.answer([
            "valid": .bool(comparison.faults.isEmpty),
            "same": .bool(comparison.faults.isEmpty && changes.isEmpty),
            "changes": .array(changes),
            "faults": .array(comparison.faults.map { .string($0) }),
        ])
    }
    .taking(bodies: [BodyShape([.text, MediaType(known: "application/toml")], .bytes)])
}
