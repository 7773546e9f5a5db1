// SPDX-License-Identifier: Apache-2.0
// Every call there is, resource by resource.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// The table of calls.
enum OperationTable {
    /// All calls in the order of the document.
    static let all: [Operation] = DocumentCalls.operations
}
