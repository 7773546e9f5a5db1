// SPDX-License-Identifier: Apache-2.0
// Names and values as forms and queries carry them (application/x-www-form-urlencoded).

/// The names and values of a query or of a plain form, in order.
public struct FormFields: Sendable, Equatable {
    /// One name with its value; a name without `=` has an empty one.
    public struct Pair: Sendable, Equatable {
        /// The name, decoded.
        public var name: String
        /// The value, decoded.
        public var value: String
    }

    /// All pairs in order.
    public private(set) var all: [Pair] = []

    /// More pairs than this are refused.
    public static let pairsMax = 200

    /// Makes an empty list.
    public init() {}

    /// Reads a query.
    public init(query: String) throws(ContentError) {
        try self.init(query.utf8, malformed: .malformedQuery)
    }

    /// Reads the body of a plain form.
    public init(body: [UInt8]) throws(ContentError) {
        try self.init(body, malformed: .malformedForm)
    }

    private init(
        _ bytes: some Collection<UInt8>,
        malformed code: ContentError.Code
    ) throws(ContentError) {
        for part in bytes.split(separator: UInt8(ascii: "&")) {
            guard all.count < Self.pairsMax else {
                throw ContentError(
                    .tooManyPairs,
                    "More than \(Self.pairsMax) names with values are not taken."
                )
            }
            let sides = part.split(
                separator: UInt8(ascii: "="),
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            guard let left = sides.first, !left.isEmpty,
                let name = PercentCoding.decoded(left, plusIsSpace: true),
                let value = sides.count == 1
                    ? "" : PercentCoding.decoded(sides[1], plusIsSpace: true)
            else {
                throw ContentError(
                    code,
                    "A name or value is empty, not UTF-8 or has a broken escape."
                )
            }
            all.append(Pair(name: name, value: value))
        }
    }

    /// The first value of this name.
    public subscript(name: String) -> String? { all.first { $0.name == name }?.value }

    /// All values of this name.
    public func values(of name: String) -> [String] {
        all.filter { $0.name == name }.map(\.value)
    }
}

extension RequestHead {
    /// The names and values of the query; none without a query.
    public func queryFields() throws(ContentError) -> FormFields {
        try query.map { (query) throws(ContentError) in try FormFields(query: query) }
            ?? FormFields()
    }
}
