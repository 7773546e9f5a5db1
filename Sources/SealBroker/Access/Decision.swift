// SPDX-License-Identifier: Apache-2.0
// What a question about access is answered with: yes or no, and always why. The same values go to
// the log, to the client as a reason string, and to whoever asks for an explanation.
// Not here: who asks, and the words of the codes (`ReasonCatalogue`).

/// One reason of a decision.
public struct Reason: Sendable {
    /// The stable code.
    public var code: ReasonCode
    /// The text of the rule, the name of the field, whatever the sentence is about; may be empty.
    public var detail: String
    /// The file of the rule; empty when there is none.
    public var file: String
    /// The line of the rule; 0 when there is none.
    public var line: Int
    /// The tenant whose identities were asked, also when nobody was let in; 0 when none was found.
    public var tenant: UInt32 = 0

    /// Gives a reason.
    public init(_ code: ReasonCode, detail: String = "", file: String = "", line: Int = 0) {
        self.code = code
        self.detail = detail
        self.file = file
        self.line = line
    }

    /// The sentence with what it is about and where the rule stands.
    public var text: String {
        var text = code.sentence
        if !detail.isEmpty { text += " (\(detail))" }
        if line > 0 { text += ", \(file):\(line)" }
        return text
    }
}

extension Reason: Equatable {
    /// Two reasons are equal when their codes are.
    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}

/// The answer to a question about access.
public enum Decision: Sendable, Equatable {
    case allowed([Reason])
    case refused([Reason])

    /// Yes.
    public var isAllowed: Bool {
        if case .allowed = self { true } else { false }
    }

    /// Why.
    public var reasons: [Reason] {
        switch self {
        case .allowed(let reasons), .refused(let reasons): reasons
        }
    }
}
