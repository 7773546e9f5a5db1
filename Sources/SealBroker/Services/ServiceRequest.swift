// SPDX-License-Identifier: Apache-2.0
// What a device asks of the broker itself by a message, and what it is told. Not here: who does it.

public import SealBytes

/// What a device asks for.
public enum ServiceRequest: Sendable, Equatable {
    /// A token of its own (`s/uat`).
    case token
    /// To be known by a name and type (`s/us`, template 100); empty where it gave none.
    case createDevice(name: Name, type: String)
    /// The credentials of the device that the client id names (`s/ucr`).
    case credentials
}

/// What came of it.
public enum ServiceAnswer: Sendable, Equatable {
    /// Nothing is said.
    case silence
    /// `71,<token>` on `s/dat`.
    case token(String)
    /// `41,100,Device already existing` on `s/e`.
    case deviceExists
    /// `70,<tenant>,<user>,<password>` on `s/dcr`.
    case credentials(tenant: Name, user: Name, password: String)
    /// It was refused, or failed: a line on `s/e`.
    case failed(ServiceFault)
}

/// A line on `s/e`: code, template, and a sentence.
public struct ServiceFault: Error, Sendable, Equatable {
    /// The codes of SmartREST.
    public enum Code: Int, Sendable, CaseIterable {
        /// It cannot be made, or is there.
        case creation = 41
        /// The line cannot be read.
        case malformed = 42
        /// The first field is not the number of a template.
        case messageID = 43
        /// The fields, or the payload, are not what the template takes.
        case arguments = 45
        /// The broker failed.
        case server = 50
    }

    /// The code.
    public var code: Code
    /// The number of the template, as it came.
    public var template: String
    /// What happened.
    public var text: String

    /// Makes the value.
    public init(_ code: Code, _ template: String, _ text: String) {
        self.code = code
        self.template = template
        self.text = text
    }
}
