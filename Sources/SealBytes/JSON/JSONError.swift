// SPDX-License-Identifier: Apache-2.0
// Why bytes are not the JSON that is taken, where, and the most that is taken.

/// Bytes that are not JSON, or more of it than is taken.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was wrong; stable, for answers and tests.
    public enum Code: String, Sendable, CaseIterable {
        case malformed = "json_malformed"
        case ended = "json_ended"
        case trailing = "json_trailing"
        case duplicateName = "json_duplicate_name"
        case notUTF8 = "json_not_utf8"
        case numberOutOfRange = "json_number_out_of_range"
        case tooLarge = "json_too_large"
        case tooDeep = "json_too_deep"
        case tooManyValues = "json_too_many_values"
    }

    /// What was wrong.
    public let code: Code
    /// How many bytes stand before the place.
    public let offset: Int
    /// A sentence for whoever sent it.
    public let reason: String

    init(_ code: Code, at offset: Int, _ reason: String) {
        self.code = code
        self.offset = offset
        self.reason = reason
    }

    /// Code, place and reason on one line.
    public var description: String { "\(code.rawValue) at byte \(offset): \(reason)" }

    /// Two errors are the same when code and place are.
    public static func == (left: Self, right: Self) -> Bool {
        left.code == right.code && left.offset == right.offset
    }
}

/// The most of JSON that is read.
public struct JSONLimits: Sendable {
    /// Bytes in all.
    public var bytesMax: Int
    /// Arrays and objects in each other.
    public var depthMax: Int
    /// Values in all, those in arrays and objects counted.
    public var valuesMax: Int

    /// Makes limits.
    public init(bytesMax: Int = 1 << 20, depthMax: Int = 64, valuesMax: Int = 100_000) {
        self.bytesMax = bytesMax
        self.depthMax = depthMax
        self.valuesMax = valuesMax
    }
}
