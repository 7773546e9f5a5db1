// SPDX-License-Identifier: Apache-2.0
// Why a request's bytes were refused, and the status that says so.

/// A message that cannot be understood as it was sent; the connection closes after the answer.
public struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was wrong; stable, for logs, metrics and tests.
    public enum Code: String, Sendable, CaseIterable {
        /// The first line is not method, target and version.
        case malformedRequestLine = "http.malformed-request-line"
        /// The request target is not one that a server takes.
        case malformedTarget = "http.malformed-target"
        /// The request target is longer than is read.
        case targetTooLong = "http.target-too-long"
        /// The target names http where TLS is spoken, or https where it is not.
        case wrongScheme = "http.wrong-scheme"
        /// Only HTTP/1.0 and HTTP/1.1 are spoken.
        case unsupportedVersion = "http.unsupported-version"
        /// A header field cannot be read.
        case malformedField = "http.malformed-field"
        /// A header field is continued on a second line.
        case foldedField = "http.folded-field"
        /// The head, or a field of it, is longer than is read.
        case headTooLarge = "http.head-too-large"
        /// The head has more fields than are read.
        case tooManyFields = "http.too-many-fields"
        /// Host is missing, there twice, no host, or another than the target names.
        case badHost = "http.bad-host"
        /// The end of the body is said in more than one way, or not as a number.
        case conflictingLength = "http.conflicting-length"
        /// The body is larger than is taken.
        case bodyTooLarge = "http.body-too-large"
        /// A transfer coding other than chunked.
        case unsupportedTransferCoding = "http.unsupported-transfer-coding"
        /// Transfer-Encoding does not end in chunked, or says it twice.
        case malformedTransferCoding = "http.malformed-transfer-coding"
        /// A chunk of the body cannot be read.
        case malformedChunk = "http.malformed-chunk"
        /// The fields behind the body are more than are read.
        case trailersTooLarge = "http.trailers-too-large"
        /// An answer does not begin with HTTP/1 and a status.
        case malformedStatusLine = "http.malformed-status-line"
        /// An expectation other than 100-continue.
        case unmetExpectation = "http.unmet-expectation"
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
        // RFC 9110 §7.4.
        case .wrongScheme: .misdirectedRequest
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
