// SPDX-License-Identifier: Apache-2.0
// How a test names the normative statements it shows. Documentation/conformance.md is made from
// these names, read from the source.

import Testing

@testable import Stage

/// Normative statements of one standard.
struct Statements: TestTrait, SuiteTrait {
    let standard: String
    let identifiers: [String]
}

extension Trait where Self == Statements {
    /// Statements of MQTT 5.0: "3.1.0-2" is [MQTT-3.1.0-2].
    static func v5(_ identifiers: String...) -> Statements {
        Statements(standard: "MQTT 5.0", identifiers: identifiers)
    }

    /// Statements of MQTT 3.1.1.
    static func v311(_ identifiers: String...) -> Statements {
        Statements(standard: "MQTT 3.1.1", identifiers: identifiers)
    }
}
