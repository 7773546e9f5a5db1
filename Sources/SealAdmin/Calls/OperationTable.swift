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
        + ManagedObjectCalls.operations + BulkRegistrationCalls.operations
        + thingsBoard + own + EnrolmentCalls.operations + DocumentCalls.operations

    private static let thingsBoard: [Operation] =
        ThingsBoardSessionCalls.operations + ThingsBoardDeviceCalls.operations
        + ThingsBoardCredentialCalls.operations + ThingsBoardImportCall.operations

    private static let own: [Operation] =
        TenantCalls.operations + AccountCalls.operations + FirstLoginCalls.operations
        + FirstLoginPage.operations + DeviceCalls.operations + CredentialProofCalls.operations
        + EnrolmentCodeCalls.operations
        + PolicyCalls.operations + SessionCalls.operations + KeyCalls.operations
        + ConfigurationCalls.operations + TrustTestCalls.operations
}
