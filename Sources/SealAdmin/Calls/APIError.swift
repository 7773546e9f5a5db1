// SPDX-License-Identifier: Apache-2.0
// Why a call was not done: a status and a reason of the catalogue. Each family of the API writes
// it in its own way (`APIFamily`).

public import SealBroker
public import SealHTTP

/// A call that was not done.
public struct APIError: Error, Sendable {
    /// The status.
    public var status: Status
    /// Why.
    public var reason: Reason
    /// Further fields of the answer, such as `WWW-Authenticate`.
    public var fields: Fields
    /// The part of Cumulocity's API it came from, such as `inventory`; nil until it is known.
    var area: String?
    /// Where the call is to be done instead, and whose turn it takes there; then it is no refusal.
    var move: (lane: HTTPLane, line: [UInt8], permit: BulkPlaces.Permit?)?

    /// Makes the error.
    public init(_ status: Status, _ reason: Reason, fields: Fields = [:]) {
        self.status = status
        self.reason = reason
        self.fields = fields
    }

    /// Makes the error from a code and what it is about.
    public init(_ status: Status, _ code: ReasonCode, _ detail: String = "") {
        self.init(status, Reason(code, detail: detail))
    }

    /// There is no such thing.
    public static func absent(_ what: String) -> APIError {
        APIError(.notFound, .apiUnknownObject, what)
    }

    /// The server ends, and long work is broken off.
    static var ending: APIError {
        APIError(.serviceUnavailable, Reason(.apiEnding), fields: ["Retry-After": "5"])
    }

    /// The call needs another lane.
    static func moving(
        to lane: HTTPLane,
        line: [UInt8],
        permit: BulkPlaces.Permit? = nil
    ) -> APIError {
        var error = APIError(.internalServerError, .apiUnexpected)
        error.move = (lane, line, permit)
        return error
    }

    /// What the registry did not do, as an answer.
    public init(_ error: RegistryError) {
        switch error.code {
        case .notFound: self.init(.notFound, .apiUnknownObject, error.reason)
        case .duplicate: self.init(.conflict, .apiDuplicate, error.reason)
        case .conflict: self.init(.conflict, .apiConflict, error.reason)
        case .invalid: self.init(.unprocessableContent, .apiBodyInvalid, error.reason)
        case .full: self.init(.unprocessableContent, .apiLimit, error.reason)
        // What the disk said is for the log.
        case .storage: self.init(.serviceUnavailable, .apiStorage)
        }
    }

    /// The sentence with what to do about it.
    var sentence: String {
        let hint = reason.code.hint
        return hint.isEmpty ? reason.text : "\(reason.text); \(hint)"
    }
}

/// Runs something that asks the registry, and turns its refusal into an answer.
public func asking<Value>(
    _ body: () throws(RegistryError) -> Value
) throws(APIError) -> Value {
    do { return try body() } catch { throw APIError(error) }
}
