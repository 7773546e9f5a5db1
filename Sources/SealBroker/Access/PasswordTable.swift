// SPDX-License-Identifier: Apache-2.0
// A password file in mosquitto's format as a table. Not here: comparing passwords.

public import SealBytes

/// The users of a password file.
public struct PasswordTable: Sendable {
    /// The file it was read from.
    public let file: String
    /// Lines that cannot be used; their users cannot log in.
    public private(set) var faults: [AccessFileFault] = []
    /// The number of users.
    public var count: Int { hashes.count }

    /// By bytes: a String would take names for equal that differ in their bytes. MQTT 5.0 §1.5.4
    private var hashes: [Name: PasswordHash] = [:]
    /// Compared with the password of an unknown user, so that the time of the answer does not
    /// tell which names exist.
    private(set) var decoy: PasswordHash?

    /// Reads a password file: lines `user:hash`, `#` comments, empty lines.
    public init(parsing bytes: [UInt8], file: String) {
        self.file = file
        do throws(AccessFileFault) {
            for (number, line) in try AccessFileLines.split(bytes, file: file) {
                take(line, number)
            }
        } catch { faults.append(error) }
    }

    private mutating func take(_ line: Substring, _ number: Int) {
        guard let first = line.utf8.first, first != UInt8(ascii: "#") else { return }
        func fail(_ message: String) {
            faults.append(AccessFileFault(file: file, line: number, message: message))
        }
        let halves = line.split(atByte: ":", maxSplits: 1)
        guard halves.count == 2 else {
            return fail("a line is user:hash; the colon is missing")
        }
        let user = Name(AccessFileLines.trimmed(halves[0][...]))
        guard !user.isEmpty else { return fail("the user name is empty") }
        guard hashes[user] == nil else {
            return fail("the user \(Self.bounded(user)) is there twice; the first line counts")
        }
        // The text behind the colon may be a password in clear: it is never repeated.
        guard let hash = PasswordHash(String(AccessFileLines.trimmed(halves[1][...]))) else {
            return fail(
                "the hash of \(Self.bounded(user)) cannot be read; "
                    + "it must begin with $7$, $6$ or $argon2id$"
            )
        }
        hashes[user] = hash
        if decoy == nil { decoy = hash }
    }

    private static func bounded(_ name: Name) -> String { name.text.cut(toBytes: 64) }

    /// The hash of a user; nil when there is no such user.
    public func hash(of user: Name) -> PasswordHash? { hashes[user] }
}
