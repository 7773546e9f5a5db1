// SPDX-License-Identifier: Apache-2.0
// One part of a form with files, as a handler gets it.

/// One part of a form.
public struct FormPart: Sendable, Equatable {
    /// The name of the field.
    public var name: String
    /// The name of the file, a label; empty when it is none.
    public var fileName: String
    /// The contents.
    public var body: [UInt8]
}
