// SPDX-License-Identifier: Apache-2.0
// One line of an authority's database as `openssl ca` writes it: six columns between tabs.

/// Why a certificate was revoked (RFC 5280 §5.3.1).
public enum RevocationReason: String, Sendable, CaseIterable {
    case unspecified
    case keyCompromise
    case caCompromise = "CACompromise"
    case affiliationChanged
    case superseded
    case cessationOfOperation
    case certificateHold
    case removeFromCRL

    /// The reason of a name, in any case of its letters.
    public init?(name: String) {
        let wanted = name.lowercased()
        guard let found = Self.allCases.first(where: { $0.rawValue.lowercased() == wanted })
        else { return nil }
        self = found
    }

    /// Its number in a revocation list; 7 is not used.
    public var code: Int32 {
        switch self {
        case .unspecified: 0
        case .keyCompromise: 1
        case .caCompromise: 2
        case .affiliationChanged: 3
        case .superseded: 4
        case .cessationOfOperation: 5
        case .certificateHold: 6
        case .removeFromCRL: 8
        }
    }
}

/// When and why a certificate was revoked.
public struct Revocation: Equatable, Sendable {
    /// When, in Unix seconds.
    public var when: Int64
    /// Why, if that was said.
    public var reason: RevocationReason?
    /// What to do while it is on hold: the name of an object.
    public var hold: String?
    /// Since when the key must be taken for known to others, in Unix seconds.
    public var invalidSince: Int64?

    /// Makes a revocation.
    public init(when: Int64, reason: RevocationReason? = nil, invalidSince: Int64? = nil) {
        self.when = when
        self.reason = reason
        self.invalidSince = invalidSince
    }

    /// Reads the third column.
    init(parsing text: String) throws(PKIError) {
        let parts = text.split(separator: ",", maxSplits: 2, omittingEmptySubsequences: false)
        guard let first = parts.first, let when = DatabaseTime.seconds(first.utf8) else {
            throw PKIError(.database, "\"\(text)\" is no time of a revocation")
        }
        self.init(when: when)
        guard parts.count > 1 else { return }
        let name = parts[1].lowercased()
        let more = parts.count > 2 ? String(parts[2]) : nil
        switch name {
        case "holdinstruction":
            reason = .certificateHold
            guard let more, !more.isEmpty else {
                throw PKIError(.database, "\"\(text)\" says no instruction")
            }
            hold = more
        case "keytime", "cakeytime":
            reason = name == "keytime" ? .keyCompromise : .caCompromise
            guard let more, more.utf8.count == 15, let since = DatabaseTime.seconds(more.utf8)
            else { throw PKIError(.database, "\"\(text)\" says no time of the compromise") }
            invalidSince = since
        default:
            guard let known = RevocationReason(name: name), more == nil else {
                throw PKIError(.database, "\"\(text)\" gives a reason that is not known")
            }
            reason = known
        }
    }

    /// The third column.
    var text: String {
        let time = DatabaseTime.text(when)
        if let hold { return "\(time),holdInstruction,\(hold)" }
        if let invalidSince {
            let word = reason == .caCompromise ? "CAkeyTime" : "keyTime"
            return "\(time),\(word),\(DatabaseTime.generalized(invalidSince))"
        }
        return reason.map { "\(time),\($0.rawValue)" } ?? time
    }
}

/// One certificate in the database.
public struct DatabaseRow: Equatable, Sendable {
    /// The first column.
    public enum State: UInt8, Sendable {
        /// Valid, as far as anybody said.
        case valid = 0x56
        /// Revoked.
        case revoked = 0x52
        /// Seen to be past its date.
        case expired = 0x45
    }

    /// What the database says about it.
    public var state: State
    /// The end of its validity in Unix seconds.
    public let notAfter: Int64
    /// When and why it was revoked.
    public var revocation: Revocation?
    /// Its serial number.
    public let serial: SerialNumber
    /// The fifth column, which is always `unknown`.
    public let file: String
    /// Its subject as `/C=PL/O=Test/CN=dev1`.
    public let subject: String

    /// A longer line is refused.
    public static let bytesMax = 65_536

    /// Makes the row of a new certificate.
    init(valid serial: SerialNumber, notAfter: Int64, subject: String) {
        state = .valid
        self.notAfter = notAfter
        self.serial = serial
        file = "unknown"
        self.subject = subject
    }

    /// Reads a line without its end.
    public init(parsing line: some Collection<UInt8>) throws(PKIError) {
        let columns = try Self.columns(line)
        guard columns[0].count == 1, let state = columns[0].first.flatMap(State.init) else {
            throw PKIError(.database, "its first column is not V, R or E")
        }
        guard let notAfter = DatabaseTime.seconds(columns[1]) else {
            throw PKIError(.database, "its second column is no time")
        }
        let digits = String(decoding: columns[3], as: UTF8.self)
        guard digits.utf8.count % 2 == 0, let serial = SerialNumber(hexadecimal: digits) else {
            throw PKIError(.database, "its serial number is not an even number of digits")
        }
        self.state = state
        self.notAfter = notAfter
        self.serial = serial
        file = String(decoding: columns[4], as: UTF8.self)
        subject = String(decoding: columns[5], as: UTF8.self)
        guard (state == .revoked) == !columns[2].isEmpty else {
            throw PKIError(.database, "a time of revocation stands with R, and only there")
        }
        if state == .revoked {
            revocation = try Revocation(parsing: String(decoding: columns[2], as: UTF8.self))
        }
    }

    /// The six columns of a line; a backslash keeps a tab from ending one.
    static func columns(_ line: some Collection<UInt8>) throws(PKIError) -> [[UInt8]] {
        guard line.count <= bytesMax else {
            throw PKIError(.database, "it is longer than \(bytesMax) bytes")
        }
        var columns: [[UInt8]] = [[]]
        var isEscaped = false
        for byte in line {
            guard byte != 0 else { throw PKIError(.database, "it holds a NUL byte") }
            if byte == 0x09, !isEscaped {
                columns.append([])
                continue
            }
            if byte == 0x09 { columns[columns.count - 1].removeLast() }
            isEscaped = byte == UInt8(ascii: "\\")
            columns[columns.count - 1].append(byte)
        }
        guard columns.count == 6 else {
            throw PKIError(.database, "it has \(columns.count) columns instead of 6")
        }
        return columns
    }

    /// The line with its end.
    public var line: [UInt8] {
        var out: [UInt8] = [state.rawValue, 0x09]
        let columns = [
            DatabaseTime.text(notAfter), revocation?.text ?? "", serial.hexadecimal, file, subject,
        ]
        for (index, column) in columns.enumerated() {
            if index > 0 { out.append(0x09) }
            for byte in column.utf8 {
                if byte == 0x09 { out.append(UInt8(ascii: "\\")) }
                out.append(byte)
            }
        }
        out.append(0x0A)
        return out
    }

    /// Whether it is valid and in date, revoked, or past its date.
    public func standing(at now: Int64) -> State {
        state == .valid && notAfter < now ? .expired : state
    }
}
