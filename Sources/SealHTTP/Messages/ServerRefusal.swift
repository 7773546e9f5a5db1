// SPDX-License-Identifier: Apache-2.0
// Why a server did not answer a request that it could read: its own codes, beside those of requests
// that cannot be read (`HTTPError`).

/// The stable codes of a server's own refusals.
public enum ServerRefusal: String, Sendable, CaseIterable {
    /// As much waits, or is held in memory, as may; `Retry-After` says when to come back.
    case busy = "http.busy"
    /// The request took too long to arrive.
    case requestTimeout = "http.request-timeout"
    /// The path of the listener for metrics and health has no such method.
    case method = "http.method"
    /// The listener for metrics and health has no such path.
    case path = "http.path"
    /// The server ends.
    case ending = "http.ending"
}
