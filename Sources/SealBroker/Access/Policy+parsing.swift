// SPDX-License-Identifier: Apache-2.0
// An ACL file in mosquitto's format: topic, user and pattern lines. A file with a fault is not
// taken at all: half of the rules could allow what the other half denies.

internal import SealBytes

extension Policy {
    /// Reads an ACL file; every faulty line is in the list, and then there is no policy.
    public static func parse(
        _ bytes: [UInt8],
        file: String
    ) -> (policy: Policy?, faults: [AccessFileFault]) {
        var reader = PolicyReader(file: file)
        do throws(AccessFileFault) {
            for (number, line) in try AccessFileLines.split(bytes, file: file) {
                do throws(AccessFileFault) { try reader.take(line, number) } catch {
                    reader.faults.append(error)
                }
            }
        } catch { reader.faults.append(error) }
        return (reader.faults.isEmpty ? reader.policy : nil, reader.faults)
    }
}

private struct PolicyReader {
    var policy: Policy
    var faults: [AccessFileFault] = []
    private var user: Name?

    init(file: String) { policy = Policy(file: file, allowsEverything: false) }

    mutating func take(_ line: Substring, _ number: Int) throws(AccessFileFault) {
        guard let first = line.utf8.first, first != UInt8(ascii: "#") else { return }
        let (word, rest) = Self.cut(line)
        func fault(_ message: String) -> AccessFileFault {
            AccessFileFault(file: policy.file, line: number, message: message)
        }
        switch word {
        case "user":
            guard !rest.isEmpty else { throw fault("a user line needs a name") }
            let name = Name(rest)
            user = name
            // Known even without rules of its own.
            policy.userRules[name, default: []] += []
        case "topic":
            let rule = try rule(line, rest, number, isPattern: false)
            if let user {
                policy.userRules[user, default: []].append(rule)
            } else {
                policy.anonymousRules.append(rule)
            }
        case "pattern":
            policy.patterns.append(try rule(line, rest, number, isPattern: true))
        default:
            throw fault("a line begins with topic, user or pattern, not \(word.cut(toBytes: 40))")
        }
    }

    private func rule(
        _ line: Substring,
        _ rest: Substring,
        _ number: Int,
        isPattern: Bool
    ) throws(AccessFileFault) -> TopicRule {
        func fault(_ message: String) -> AccessFileFault {
            AccessFileFault(file: policy.file, line: number, message: message)
        }
        let (word, behind) = Self.cut(rest)
        let verb: AccessVerb
        let filter: Substring
        if behind.isEmpty {
            verb = .readwrite
            filter = word
        } else if let known = AccessVerb(rawValue: String(word)) {
            verb = known
            filter = behind
        } else {
            throw fault("\(word.cut(toBytes: 40)) is none of read, write, readwrite, deny")
        }
        guard !filter.isEmpty else { throw fault("a filter is missing") }
        let levels = TopicRule.levels(Array(filter.utf8))
        for (index, level) in levels.enumerated() {
            let isWild = level.contains(UInt8(ascii: "+")) || level.contains(UInt8(ascii: "#"))
            let isAlone =
                level == TopicRule.plus
                || (level == TopicRule.hash && index == levels.count - 1)
            if isWild, !isAlone {
                throw fault("+ stands for a whole level and # for the rest of the filter")
            }
        }
        if isPattern {
            for level in levels where level != TopicRule.user && level != TopicRule.client {
                let text = String(decoding: level, as: UTF8.self)
                guard !Self.holdsMark(text) else {
                    throw fault("%c and %u stand for a whole level")
                }
            }
        }
        guard filter.utf8.count <= 65_535, !filter.utf8.contains(0) else {
            throw fault("this is not a filter")
        }
        return TopicRule(
            verb: verb,
            filter: String(filter),
            text: line.cut(toBytes: 200),
            line: number
        )
    }

    private static func holdsMark(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return zip(bytes, bytes.dropFirst()).contains { first, second in
            first == UInt8(ascii: "%")
                && (second == UInt8(ascii: "c") || second == UInt8(ascii: "u"))
        }
    }

    /// The first word, and what follows the blanks behind it.
    private static func cut(_ text: Substring) -> (Substring, Substring) {
        guard let blank = text.unicodeScalars.firstIndex(where: { $0 == " " || $0 == "\t" }) else {
            return (text, "")
        }
        return (text[..<blank], AccessFileLines.trimmed(text[blank...]))
    }
}
