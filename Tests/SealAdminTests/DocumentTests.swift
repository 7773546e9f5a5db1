// SPDX-License-Identifier: Apache-2.0
// The OpenAPI document and the table it is made of; and whatever is asked, an answer is one of
// those that the document names.

import Foundation
import SealBroker
import SealBytes
import SealHTTP
import Testing

@testable import SealAdmin
@testable import Stage

@Suite struct DocumentTests {
    @Test("the document names every call once, and every reference leads somewhere")
    func document() throws {
        let desk = try Desk()
        let reply = desk.ask(.get, "/openapi.json", as: nil)
        #expect(reply.status == 200)
        let json = reply.json
        #expect(json["openapi"] == "3.1.0")
        let ids = OperationTable.all.map(\.id)
        #expect(Set(ids).count == ids.count)
        for operation in OperationTable.all {
            let item = json["paths"]?[operation.path]?[operation.method.name.lowercased()]
            #expect(item?["operationId"]?.text == operation.id)
        }
        var references: Set<String> = []
        Self.collect(json, &references)
        for reference in references {
            let name = String(reference.dropFirst("#/components/schemas/".count))
            #expect(json["components"]?["schemas"]?[name] != nil, "\(reference)")
        }
    }

    private static func collect(_ value: JSONValue, _ references: inout Set<String>) {
        for element in value.elements ?? [] { collect(element, &references) }
        for member in value.members?.all ?? [] {
            if member.name == "$ref", let text = member.value.text { references.insert(text) }
            collect(member.value, &references)
        }
    }

    @Test("the page of calls is the one in Documentation")
    func referencePage() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let page = root.appending(path: "Documentation/rest.md")
        if ProcessInfo.processInfo.environment["SEALWIRE_WRITE_DOCS"] == "1" {
            try Data(CallsPage.make().utf8).write(to: page)
        }
        let found = try String(contentsOf: page, encoding: .utf8)
        #expect(found == CallsPage.make(), "run make docs")
    }

    @Test("a named schema means one thing")
    func names() {
        var found: [String: JSONValue] = [:]
        func visit(_ schema: Schema) {
            if !schema.name.isEmpty {
                var plain = schema
                plain.name = ""
                var components = Components()
                let document = plain.document(&components)
                if let known = found[schema.name] { #expect(known == document, "\(schema.name)") }
                found[schema.name] = document
            }
            switch schema.form {
            case .array(let element, _): visit(element)
            case .object(let properties, _): for one in properties { visit(one.schema) }
            case .either(let all): for one in all { visit(one) }
            default: break
            }
        }
        for operation in OperationTable.all {
            for answer in operation.answers { if let schema = answer.schema { visit(schema) } }
            for body in operation.bodies { if case .json(let schema) = body.form { visit(schema) } }
        }
    }

    @Test("every name in braces of a path is a parameter, and the other way round")
    func pathParameters() {
        for operation in OperationTable.all {
            let braces = operation.path.split(separator: "/").filter { $0.hasPrefix("{") }
                .map { String($0.dropFirst().dropLast()) }
            let names = operation.parameters.filter { $0.place == .path }.map(\.name)
            #expect(Set(braces) == Set(names), "\(operation.id)")
        }
    }

    @Test("whatever is asked, the answer is one that the document names", arguments: 0..<8)
    func answers(_ seed: Int) throws {
        let desk = try Desk()
        var dice = Dice(UInt64(seed) &+ 1)
        for round in 0..<6 {
            for operation in OperationTable.all {
                let request = Self.request(operation, desk, &dice)
                let response = desk.api.handle(request)
                let known =
                    operation.answers.map(\.status.code) + operation.refusals.sorted()
                #expect(
                    known.contains(response.status.code),
                    "seed \(seed), \(round): \(operation.id): \(Reply(response).text.prefix(300))"
                )
                #expect(response.status.code != 500, "\(operation.id)")
                Self.checkBody(response, operation, request)
            }
        }
    }

    private static func checkBody(
        _ response: Response,
        _ operation: SealAdmin.Operation,
        _ request: AdminRequest
    ) {
        let type = MediaType(response.fields["Content-Type"] ?? "")
        guard type?.isJSON == true, let json = try? JSONValue(parsing: response.body) else {
            return
        }
        let answer = operation.answers.first { $0.status == response.status }
        if let schema = answer?.schema {
            let fault = schema.fault(in: json)
            #expect(fault == nil, "\(operation.id): \(fault ?? "") in \(json.line.prefix(300))")
        } else if response.status.code >= 400, let schema = operation.family.problemSchema {
            #expect(schema.fault(in: json) == nil, "\(operation.id): \(json.line.prefix(300))")
        }
    }

    private static func request(
        _ operation: SealAdmin.Operation,
        _ desk: Desk,
        _ dice: inout Dice
    ) -> AdminRequest {
        var path = operation.path
        var query: [String] = []
        var fields: Fields = ["Host": "iot.example.com", "Accept": "*/*"]
        for parameter in operation.parameters {
            let text = dice.text(parameter.schema, named: parameter.name)
            switch parameter.place {
            case .path:
                path = path.replacing("{\(parameter.name)}", with: Call.escaped(Name(text)))
            case .query where parameter.isNeeded || dice.one(in: 3):
                query.append("\(parameter.name)=\(Call.escaped(Name(text)))")
            case .header where dice.one(in: 3): fields.append(parameter.name, text)
            default: break
            }
        }
        let users = [
            "t12345/admin", "t12345/admin", "t12345/admin", "management/root", "t12345/boot",
        ]
        if !dice.one(in: 12) {
            let user = users[dice.below(users.count)]
            fields.append("Authorization", "Basic \(Base64.encode(Array("\(user):secret".utf8)))")
        }
        var body: [UInt8] = []
        if !operation.bodies.isEmpty, !dice.one(in: 10) {
            let shape = operation.bodies[dice.below(operation.bodies.count)]
            switch shape.form {
            case .json(let schema): body = dice.value(schema).bytes
            case .form(let parts):
                body = TestForm.body(parts.map { ($0.name, dice.text(.text(0...40), named: "")) })
            case .bytes: body = Array(dice.text(.text(0...40), named: "").utf8)
            }
            let type = shape.types.first == .multipartForm ? TestForm.type : shape.types[0].name
            fields.append("Content-Type", type)
        }
        return AdminRequest(
            operation.method,
            path,
            query: query.isEmpty ? nil : query.joined(separator: "&"),
            fields: fields,
            body: body,
            peerAddress: "192.0.2.7"
        )
    }
}

/// Seeded dice, and values that mostly obey a schema.
struct Dice {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(max(count, 1))) }
    mutating func one(in count: Int) -> Bool { below(count) == 0 }

    mutating func text(_ schema: Schema, named name: String) -> String {
        if name == "tenantId" { return ["t12345", "t12345", "management", "none"][below(4)] }
        if one(in: 15) { return ["", " ", "\u{1}", "a:b", "💥", "-1", "x/y"][below(7)] }
        switch value(schema) {
        case .string(let text): return text
        case .integer(let number): return String(number)
        case .bool(let flag): return String(flag)
        case .array(let all): return all.compactMap(\.text).joined(separator: ",")
        default: return "x"
        }
    }

    mutating func value(_ schema: Schema, depth: Int = 0) -> JSONValue {
        if one(in: 25) { return [JSONValue.null, 1, "x", [], [:], true, .real(1.5)][below(7)] }
        if let example = schema.example, one(in: 2) { return example }
        switch schema.form {
        case .any: return depth > 2 ? "leaf" : ["a": 1]
        case .boolean: return .bool(one(in: 2))
        case .number: return .real(1.5)
        case .integer(let range):
            let low = max(range.lowerBound, -5)
            return .integer(min(low + Int64(below(12)), range.upperBound))
        case .choice(let words): return .string(words[below(words.count)])
        case .string(let length, let rule, let format):
            return .string(string(length, rule, format))
        case .array(let element, let count):
            let size = min(count.upperBound, count.lowerBound + below(3))
            return .array((0..<size).map { _ in value(element, depth: depth + 1) })
        case .object(let properties, let others):
            var members = JSONObject()
            for one in properties where one.isNeeded || below(2) == 0 {
                members[one.name] = value(one.schema, depth: depth + 1)
            }
            if case .only(let schema) = others {
                for index in 0..<below(3) { members["k\(index)"] = value(schema, depth: depth + 1) }
            }
            return .object(members)
        case .either(let all): return value(all[below(all.count)], depth: depth + 1)
        }
    }

    private mutating func string(
        _ length: ClosedRange<Int>,
        _ rule: Schema.TextRule?,
        _ format: String?
    ) -> String {
        if format == "date-time" { return "2024-05-06T07:08:09.123Z" }
        if format == "uuid" { return "01234567-89ab-cdef-0123-456789abcdef" }
        let alphabet = ["abcdefghij", "0123456789", "ABCDEF0123456789"]
        for letters in alphabet.shuffled(using: &self) {
            let count = min(length.upperBound, max(length.lowerBound, below(20)))
            let text = String(
                (0..<count).map { _ in
                    letters[letters.index(letters.startIndex, offsetBy: below(letters.count))]
                }
            )
            if rule?.holds(text) ?? true { return text }
        }
        return String(repeating: "1", count: max(length.lowerBound, 1))
    }
}

extension Dice: RandomNumberGenerator {}
