// SPDX-License-Identifier: Apache-2.0
// The rows of [limits] that bound how much work one client causes.

extension Limits {
    static let workRows: [Setting<Limits>] = [
        .integer(
            "link-work",
            \.linkWork,
            1000...10_000_000,
            .now,
            "Work done for one connection before others have their turn, in units of about "
                + "100 ns: a delivery to one receiver, a place in the tree of topics, a rule. What "
                + "is left goes on in the next turn, in order."
        ),
        .integer(
            "tenant-work",
            \.tenantWork,
            1000...10_000_000,
            .now,
            "Work done for all connections of one tenant in one turn. Tenants that use it up share "
                + "it."
        ),
        .integer(
            "filters-per-packet",
            \.filtersPerPacket,
            1...1_000_000,
            .now,
            "Filters of one SUBSCRIBE or UNSUBSCRIBE; a client that sends more is disconnected."
        ),
        .integer(
            "wildcard-shapes",
            \.wildcardShapes,
            1...1_000_000,
            .now,
            "Different positions of + among the filters of one tenant, such as a/+/c and a/+/d, "
                + "which are one. They bound what the search for the receivers of a topic costs."
        ),
        .integer(
            "wildcard-shapes-per-session",
            \.wildcardShapesPerSession,
            1...1_000_000,
            .now,
            "The same among the filters of one session."
        ),
    ]
}
