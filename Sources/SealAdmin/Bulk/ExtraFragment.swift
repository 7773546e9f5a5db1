// SPDX-License-Identifier: Apache-2.0
// The names under which the properties of a device keep what has no field of its own.

/// Fragments of a device's properties that the server writes.
enum ExtraFragment {
    /// The groups the device is in, outermost first, with slashes between them.
    static let path = "sealwire_Path"
    /// Further names of the device: an array of objects with `type` and `externalId`.
    static let externalIDs = "sealwire_ExternalIds"
    /// Cumulocity's fragment of the mobile network; `iccid` is the SIM card's number.
    static let mobile = "c8y_Mobile"
    /// Cumulocity's list of what a device can be told to do.
    static let supportedOperations = "c8y_SupportedOperations"
    /// The operation that is a shell command.
    static let command = "c8y_Command"
    /// The type of the first external id when nothing else is said.
    static let serial = "c8y_Serial"
}
