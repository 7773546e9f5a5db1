// SPDX-License-Identifier: Apache-2.0
// Why a call of a REST API has no answer.

internal import SealNet

/// A call without an answer.
///
/// An answer that says no is none of these: it is a `RESTResponse`.
public struct RESTError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong; stable.
    public enum Code: String, Sendable, CaseIterable {
        /// The URL is none.
        case url = "rest.url"
        /// Credentials would cross the network readable by everybody.
        case plainText = "rest.plain-text"
        /// What is needed for TLS cannot be read or used.
        case settings = "rest.settings"
        /// The server cannot be reached, or the connection broke.
        case connection = "rest.connection"
        /// The time limit passed.
        case timeout = "rest.timeout"
        /// What came back is no HTTP, or more than is taken.
        case answer = "rest.answer"
        /// What came back is not the JSON it should be.
        case content = "rest.content"
    }

    /// What went wrong.
    public let code: Code
    /// A sentence for the person who has to act.
    public let reason: String

    /// Makes an error.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    init(_ error: ChannelError) {
        self.init(error.code == .timeout ? .timeout : .connection, error.reason)
    }

    /// The sentence.
    public var description: String { reason }

    /// Two errors are the same when their codes are.
    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
