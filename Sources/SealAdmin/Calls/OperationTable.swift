// SPDX-License-Identifier: Apache-2.0
// Every call there is, resource by resource.

/// The table of calls.
public enum OperationTable {
    /// All calls in the order of the document.
    public static let all: [Operation] =
        TrustedCertificateCalls.operations + ProofCalls.operations + AuthorityCalls.operations
        + ChainCheckCalls.operations + RevocationCalls.operations
        + RegistrationCalls.operations + DeviceCredentialCalls.operations
        + OptionCalls.operations + TokenCalls.operations + CallerCalls.operations
        + ManagedObjectCalls.operations + DocumentCalls.operations
}
