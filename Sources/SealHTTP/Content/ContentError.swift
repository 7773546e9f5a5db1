// SPDX-License-Identifier: Apache-2.0
// Why a request that was read well cannot be understood: its query, its fields, its body. The
// connection stays, for framing was not lost.

/// Something in a request that is not what it says it is.
public struct ContentError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was wrong; stable, for answers and tests.
    public enum Code: String, Sendable, CaseIterable {
        case malformedField = "malformed_field"
        case malformedQuery = "malformed_query"
        case malformedForm = "malformed_form"
        case tooManyPairs = "too_many_pairs"
        case malformedMediaType = "malformed_media_type"
        case malformedAuthorization = "malformed_authorization"
        case malformedMultipart = "malformed_multipart"
        case tooManyParts = "too_many_parts"
        case partHeadTooLarge = "part_head_too_large"
        case unsupportedPartEncoding = "unsupported_part_encoding"
    }

    /// What was wrong.
    public let code: Code
    /// A sentence for whoever sent it.
    public let reason: String

    /// Makes the error.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// The status to answer with.
    public var status: Status {
        switch code {
        case .tooManyPairs, .tooManyParts, .partHeadTooLarge: .contentTooLarge
        case .malformedMediaType, .unsupportedPartEncoding: .unsupportedMediaType
        case .malformedField, .malformedQuery, .malformedForm, .malformedAuthorization,
            .malformedMultipart:
            .badRequest
        }
    }

    /// Code and reason on one line.
    public var description: String { "\(code.rawValue): \(reason)" }

    /// Two errors are the same when their codes are.
    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
