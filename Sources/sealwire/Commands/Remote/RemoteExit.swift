// SPDX-License-Identifier: Apache-2.0
// How commands that talk to a server end: one table of exit codes, and errors that carry theirs.

/// The exit codes of the commands that talk to a server.
enum RemoteExit {
    static let done: Int32 = 0
    static let no: Int32 = 1
    static let usage: Int32 = 64
    static let badContent: Int32 = 65
    static let noFile: Int32 = 66
    static let unknown: Int32 = 67
    static let unreachable: Int32 = 69
    static let serverFault: Int32 = 70
    static let tryAgain: Int32 = 75
    static let protocolFault: Int32 = 76
    static let notAllowed: Int32 = 77
    static let configuration: Int32 = 78

    /// Their rows in the help.
    static let rows: [(code: String, meaning: String)] = [
        ("0", "done"),
        ("1", "the answer is no: not allowed by the policy, or there already"),
        ("64", "a command line that cannot be obeyed"),
        ("65", "something given is not what it should be"),
        ("66", "a file cannot be read"),
        ("67", "there is no such tenant, device, certificate or session"),
        ("69", "the server cannot be reached"),
        ("70", "the server failed"),
        ("75", "no answer in time, or too much at once: try again"),
        ("76", "what answered does not speak this protocol"),
        ("77", "not logged in, or not allowed"),
        ("78", "no context, or one that cannot be used"),
    ]
}

/// A command that failed.
struct CommandFailure: Error, Sendable {
    /// What is wrong.
    var message: String
    /// What to do next.
    var hint: String?
    /// The stable code of the reason.
    var code: String?
    /// How the command ends.
    var exitCode: Int32

    init(_ exitCode: Int32, _ message: String, hint: String? = nil, code: String? = nil) {
        self.exitCode = exitCode
        self.message = message
        self.hint = hint
        self.code = code
    }
}
