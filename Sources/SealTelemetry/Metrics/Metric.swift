// SPDX-License-Identifier: Apache-2.0
// What a metric is. Which ones exist is in MetricCatalogue.swift.

/// One metric as the catalogue describes it.
public struct Metric: Sendable {
    /// How its values behave.
    public enum Kind: String, Sendable {
        /// Only grows while the process lives.
        case counter
        /// Goes up and down.
        case gauge
        /// Counts observations in buckets.
        case histogram
    }

    /// A label and the values it may take.
    public struct Label: Sendable {
        /// The label's name.
        public var name: String
        /// Every value it can have, or empty when `bound` says what bounds them.
        public var values: [String]
        /// What bounds the values when they are not known in code, such as the listeners of the
        /// configuration; empty otherwise.
        public var bound: String

        /// Makes a label with a closed list of values.
        public init(_ name: String, _ values: [String]) {
            self.name = name
            self.values = values
            bound = ""
        }

        /// Makes a label whose values something else bounds.
        public init(_ name: String, boundBy bound: String) {
            self.name = name
            values = []
            self.bound = bound
        }
    }

    /// The full name with unit and `_total`.
    public var name: String
    /// How its values behave.
    public var kind: Kind
    /// One sentence for the operator.
    public var help: String
    /// The labels in the order they are written.
    public var labels: [Label]

    /// Makes a metric.
    public init(_ name: String, _ kind: Kind, _ help: String, labels: [Label] = []) {
        self.name = name
        self.kind = kind
        self.help = help
        self.labels = labels
    }
}
