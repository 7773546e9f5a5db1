// SPDX-License-Identifier: Apache-2.0
// `sealwire policy`: the rules of a tenant about topics.

import SealBytes
import SealClient
import SealPKI

enum PolicyNoun {
    static let command = Command.noun(
        "policy",
        "who may publish and subscribe what",
        [list, set, test]
    )

    private static let list = Verb<RemoteOptions>.remote(
        "policy list",
        "lists the rules in their order",
        usage: "[OPTIONS]",
        text: """
            Lists the rules of the tenant in their order; the first that applies decides. Where
            none does, everything in the tenant is allowed but reserved topics and those of other
            devices. The form is that of policy set.
            """,
        examples: ["sealwire policy list > rules.txt", "sealwire policy list --json"]
    ) { remote, _ in
        let policy = try remote.own("/api/v1/policy")
        if remote.options.isJSON {
            Output.answer(policy)
            return RemoteExit.done
        }
        let rules = policy["rules"]?.elements ?? []
        if rules.isEmpty {
            Terminal.note("there are no rules: all is allowed but what belongs to other devices")
        }
        for rule in rules {
            let words = ["effect", "act", "filter", "subject"].map { rule[$0]?.text ?? "*" }
            Terminal.write(TextTable.printable(words.joined(separator: " ")) + "\n")
        }
        return RemoteExit.done
    }.command

    private static let set = Verb<RemoteOptions>.remote(
        "policy set",
        "replaces all rules",
        usage: "[OPTIONS] FILE",
        text: """
            Replaces all rules of the tenant with those in FILE (- is standard input): a rule a line
            as EFFECT ACT FILTER [SUBJECT], with # before comments, or the JSON of policy list.
            EFFECT is allow or deny; ACT is publish, subscribe or both; FILTER is a topic filter in
            which %c, %u and %d stand for client id, user and device; SUBJECT says for whom it is
            (* is everybody). The rules count at once, also for those who are connected. The JSON
            carries the version that was read: rules that were changed since are not replaced.
            """,
        effect: .destroys,
        words: .one("FILE"),
        examples: ["sealwire policy set rules.txt", "sealwire policy set rules.txt --dry-run"]
    ) { remote, words in
        let policy = try read(words[0])
        let rules = policy["rules"]?.elements ?? []
        try remote.confirm("replaces all rules of tenant \(remote.tenant) by \(rules.count) new")
        let request = RESTRequest(
            .put,
            "/api/v1/policy",
            query: remote.tenantQuery,
            json: policy
        )
        guard let done = try remote.change(request) else { return RemoteExit.done }
        if remote.options.isJSON { Output.answer(done.json) }
        let inForce = rules.count == 1 ? "1 rule is" : "\(rules.count) rules are"
        Output.say("\(inForce) in force\(done.endedText)", remote.options)
        return RemoteExit.done
    }.command

    private static let test = Verb<RemoteOptions>.remote(
        "policy test",
        "says whether something is allowed, and by which rule",
        usage: "[OPTIONS] (--device DEVICE | --user USER) ACT TOPIC",
        text: """
            Asks whether a device or a user may publish to TOPIC, subscribe it, or be delivered a
            message of it (ACT is publish, subscribe or deliver), and which rule says so. With
            --rules it asks about the rules in a file before they are set. Exit code 1: no.
            """,
        flags: [
            .own("--device", is: "DEVICE", "who asks; the device need not be there yet"),
            .own("--user", is: "USER", "who asks"),
            .own("--client", is: "ID", "the client id (that of the device or user)"),
            .own("--rules", is: "FILE", "asks these rules, in the form of policy set"),
        ],
        words: WordRule(name: "ACT TOPIC", count: 2...2),
        examples: [
            "sealwire policy test --device sensor-1 publish plant/1/command",
            "sealwire policy test --user ada --rules rules.txt subscribe 'plant/#'",
        ]
    ) { remote, words in
        let options = remote.options
        var body: JSONObject = ["act": .string(words[0]), "topic": .string(words[1])]
        guard ["publish", "subscribe", "deliver"].contains(words[0]) else {
            throw UsageError(message: "'\(words[0])' is not publish, subscribe or deliver")
        }
        if options.values["--device"] != nil, options.values["--user"] != nil {
            throw UsageError(message: "--device and --user cannot be used together")
        }
        if let device = options.values["--device"] { body["device"] = .string(device) }
        if let user = options.values["--user"] { body["user"] = .string(user) }
        if let client = options.values["--client"] { body["clientId"] = .string(client) }
        if let file = options.values["--rules"] { body["rules"] = try read(file)["rules"] }
        let request = RESTRequest(
            .post,
            "/api/v1/policy/test",
            query: remote.tenantQuery,
            json: .object(body)
        )
        guard let answer = try remote.change(request) else { return RemoteExit.done }
        let isAllowed = answer.json["allowed"]?.flag == true
        if options.isJSON { Output.answer(answer.json) }
        Output.say(isAllowed ? "allowed" : "not allowed", options)
        for reason in answer.json["reasons"]?.elements ?? [] {
            Output.say("  " + Reasons.sentence(reason), options)
        }
        return isAllowed ? RemoteExit.done : RemoteExit.no
    }.command

    /// The most that a file of rules may have.
    private static let bytesMax = 4 << 20

    private static func read(_ path: String) throws -> JSONValue {
        let bytes: [UInt8]
        if path == "-" {
            var input = StandardInput()
            guard let all = input.rest(bytesMax: bytesMax) else {
                throw CommandFailure(RemoteExit.badContent, "more than \(bytesMax) bytes come in")
            }
            bytes = all
        } else {
            bytes = try Files.read(path, bytesMax: bytesMax)
        }
        let first = bytes.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
        if first == UInt8(ascii: "{") { return try rules(json: bytes, path) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure(RemoteExit.badContent, "\(path) is not UTF-8")
        }
        var rules: [JSONValue] = []
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        for (index, line) in lines.enumerated() {
            let words = line.split { $0 == " " || $0 == "\t" }
            if words.isEmpty || line.drop(while: { $0 == " " }).hasPrefix("#") { continue }
            guard (3...4).contains(words.count) else {
                throw CommandFailure(
                    RemoteExit.badContent,
                    "\(path):\(index + 1) is not EFFECT ACT FILTER [SUBJECT]",
                    hint: "names with blanks go into the JSON form: sealwire policy list --json"
                )
            }
            rules.append([
                "effect": .string(String(words[0])), "act": .string(String(words[1])),
                "filter": .string(String(words[2])),
                "subject": .string(words.count == 4 ? String(words[3]) : "*"),
            ])
        }
        return ["rules": .array(rules)]
    }

    private static func rules(json bytes: [UInt8], _ path: String) throws -> JSONValue {
        do throws(JSONError) {
            let value = try JSONValue(parsing: bytes, limits: JSONLimits(bytesMax: bytesMax))
            if let rules = value["rules"]?.elements {
                var policy: JSONObject = ["rules": .array(rules)]
                policy["version"] = value["version"]
                return .object(policy)
            }
        } catch {
            throw CommandFailure(RemoteExit.badContent, "\(path): \(error)")
        }
        throw CommandFailure(RemoteExit.badContent, "\(path) has no list of rules")
    }
}

/// Reasons as people read them.
enum Reasons {
    static func sentence(_ reason: JSONValue) -> String {
        let sentence = reason["sentence"]?.text ?? ""
        let hint = reason["hint"]?.text ?? ""
        let code = reason["reason"]?.text ?? ""
        return sentence + (hint.isEmpty ? "" : "; \(hint)") + " (\(code))"
    }
}
