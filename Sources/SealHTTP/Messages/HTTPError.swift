// SPDX-License-Identifier: Apache-2.0
// Why a request's bytes were refused, and the status that says so.

/// A message that cannot be understood as it was sent; the connection closes after the answer.
public struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was wrong; stable, for logs, metrics and tests.
    public enum Code: String, Sendable, CaseIterable {
        case malformedRequestLine = "malformed_request_line"
        case malformedTarget = "malformed_target"
        case targetTooLong = "target_too_long"
        case unsupportedVersion = "unsupported_version"
        case malformedField = "malformed_field"
        case foldedField = "folded_field"
        case headTooLarge = "head_too_large"
        case tooManyFields = "too_many_fields"
        case badHost = "bad_host"
        case conflictingLength = "conflicting_length"
        case bodyTooLarge = "body_too_large"
        case unsupportedTransferCoding = "unsupported_transfer_coding"
        case malformedTransferCoding = "malformed_transfer_coding"
        case malformedChunk = "malformed_chunk"
        case trailersTooLarge = "trailers_too_large"
        case malformedStatusLine = "malformed_status_line"
        case unmetExpectation = "unmet_expectation"
    }

    /// What was wrong.
    public let code: Code
    /// A sentence for whoever sent it.
    public let reason: String

    init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// The status to answer with.
    public var status: Status {
        switch code {
        case .targetTooLong: .uriTooLong
        case .unsupportedVersion: .versionNotSupported
        case .headTooLarge, .tooManyFields, .trailersTooLarge: .fieldsTooLarge
        case .bodyTooLarge: .contentTooLarge
        case .unsupportedTransferCoding: .notImplemented
        case .unmetExpectation: .expectationFailed
        case .malformedRequestLine, .malformedTarget, .malformedField, .foldedField, .badHost,
            .conflictingLength, .malformedTransferCoding, .malformedChunk, .malformedStatusLine:
            .badRequest
        }
    }

    /// Code and reason on one line.
    public var description: String { "\(code.rawValue): \(reason)" }

    /// Two errors are the same when their codes are.
    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
