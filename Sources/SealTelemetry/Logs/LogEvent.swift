// SPDX-License-Identifier: Apache-2.0
// One thing that happened, as data. How it looks on a line is in LogFormat.swift, whether it is
// written at all in Logger.swift.

/// The stable dotted name of an event, such as `session.refused`.
///
/// It is made from program text only, so the number of names is bounded by the program.
public struct EventName: Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The name as written.
    public let text: StaticString

    /// Makes a name from a literal.
    public init(stringLiteral value: StaticString) { text = value }

    /// The name as a string.
    public var description: String { text.description }
}

/// One event: when, how loud, what, and the fields that explain it.
public struct LogEvent: Sendable {
    /// When it happened.
    public var time: Timestamp
    /// How loud it is.
    public var level: LogLevel
    /// What happened.
    public var name: EventName
    /// What explains it.
    public var fields: LogFields

    /// Makes an event.
    public init(time: Timestamp, level: LogLevel, name: EventName, fields: LogFields = [:]) {
        self.time = time
        self.level = level
        self.name = name
        self.fields = fields
    }
}
