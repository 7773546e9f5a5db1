// SPDX-License-Identifier: Apache-2.0
// The OpenAPI 3.1 document, made of the same rows that requests are judged by.

internal import SealBytes
internal import SealHTTP

/// Makes the document.
enum OpenAPIDocument {
    static func make(_ operations: [Operation], version: String) -> JSONValue {
        var components = Components()
        var paths = JSONObject()
        for operation in operations {
            var item = paths[operation.path]?.members ?? JSONObject()
            item[operation.method.name.lowercased()] = describe(operation, &components)
            paths[operation.path] = .object(item)
        }
        var tags: [String] = []
        for operation in operations where !tags.contains(operation.tag) {
            tags.append(operation.tag)
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Sealwire",
                "version": .string(version),
                "summary": "Tenants, trusted certificates, devices, credentials and sessions.",
                "license": ["name": "Apache 2.0", "identifier": "Apache-2.0"],
            ],
            "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
            "servers": [["url": "/"]],
            "tags": .array(tags.map { ["name": .string($0)] }),
            "paths": .object(paths),
            "components": [
                "schemas": .object(components.schemas),
                "securitySchemes": security,
            ],
        ]
    }

    private static let security: JSONValue = [
        "basic": [
            "type": "http", "scheme": "basic",
            "description":
                "The user name is <tenant>/<user>, or <user> where the host names the tenant.",
        ],
        "bearer": ["type": "http", "scheme": "bearer", "bearerFormat": "JWT"],
        "thingsBoard": ["type": "apiKey", "in": "header", "name": "X-Authorization"],
        "certificate": ["type": "mutualTLS"],
    ]

    private static func describe(
        _ operation: Operation,
        _ components: inout Components
    ) -> JSONValue {
        var item: JSONObject = [
            "operationId": .string(operation.id),
            "tags": [.string(operation.tag)],
            "summary": .string(operation.summary),
        ]
        var note = operation.note
        let roles = operation.admission.roles.map(\.rawValue).sorted()
        if !roles.isEmpty {
            note += note.isEmpty ? "" : "\n\n"
            note += "Role: " + roles.joined(separator: " or ") + "."
        }
        if !note.isEmpty { item["description"] = .string(note) }
        item["security"] = requirements(operation)
        if !operation.parameters.isEmpty {
            item["parameters"] = .array(operation.parameters.map { parameter($0, &components) })
        }
        if !operation.bodies.isEmpty { item["requestBody"] = body(operation, &components) }
        item["responses"] = responses(operation, &components)
        return .object(item)
    }

    private static func requirements(_ operation: Operation) -> JSONValue {
        switch operation.admission.proof {
        case .none: []
        case .certificate: [["certificate": []]]
        case .credentials:
            operation.family == .thingsBoard
                ? [["thingsBoard": []], ["bearer": []], ["basic": []]]
                : [["basic": []], ["bearer": []], ["certificate": []]]
        }
    }

    private static func parameter(
        _ parameter: Parameter,
        _ components: inout Components
    ) -> JSONValue {
        var item: JSONObject = [
            "name": .string(parameter.name),
            "in": .string(parameter.place.rawValue),
            "required": .bool(parameter.isNeeded),
            "description": .string(parameter.note),
            "schema": parameter.schema.document(&components),
        ]
        if case .array = parameter.schema.form {
            // One value with commas, not one for each element.
            item["style"] = parameter.place == .query ? "form" : "simple"
            item["explode"] = false
        }
        return .object(item)
    }

    private static func body(
        _ operation: Operation,
        _ components: inout Components
    ) -> JSONValue {
        var content = JSONObject()
        for shape in operation.bodies {
            let schema: JSONValue
            switch shape.form {
            case .json(let one): schema = one.document(&components)
            case .form(let parts):
                schema = Schema.object(parts, others: .allowed).document(&components)
            case .bytes: schema = [:]
            }
            for type in shape.types where content[type.name] == nil {
                content[type.name] = ["schema": schema]
            }
        }
        return [
            "required": .bool(operation.bodies.allSatisfy(\.isNeeded)),
            "content": .object(content),
        ]
    }

    private static func responses(
        _ operation: Operation,
        _ components: inout Components
    ) -> JSONValue {
        var all: [Int: JSONValue] = [:]
        for answer in operation.answers { all[answer.status.code] = describe(answer, &components) }
        for code in operation.refusals where all[code] == nil {
            all[code] = refusal(code, operation.family, &components)
        }
        return .pairs(all.sorted { $0.key < $1.key }.map { (String($0.key), $0.value) })
    }

    private static func describe(_ answer: Answer, _ components: inout Components) -> JSONValue {
        var item: JSONObject = ["description": .string(answer.note)]
        var headers = JSONObject()
        for field in answer.fields {
            headers[field.name] = [
                "description": .string(field.note), "schema": field.schema.document(&components),
            ]
        }
        if !headers.isEmpty { item["headers"] = .object(headers) }
        var content = JSONObject()
        for type in answer.types {
            content[type.name] = answer.schema.map { ["schema": $0.document(&components)] } ?? [:]
        }
        if !content.isEmpty { item["content"] = .object(content) }
        return .object(item)
    }

    private static func refusal(
        _ code: Int,
        _ family: APIFamily,
        _ components: inout Components
    ) -> JSONValue {
        // These two are found before it is known what is called.
        let isHead = code == 414 || code == 431
        let type = isHead ? "application/problem+json" : family.problemType
        let schema = isHead ? Self.headProblem : family.problemSchema
        var item: JSONObject = [
            "description": .string(phrases[code] ?? "Refused."),
            "content": .pairs([
                (type, schema.map { ["schema": $0.document(&components)] } ?? [:])
            ]),
        ]
        if code == 401 {
            item["headers"] = [
                "WWW-Authenticate": [
                    "description": "What can be shown instead.", "schema": ["type": "string"],
                ]
            ]
        }
        return .object(item)
    }

    private static let headProblem = Schema.object([
        .needed("title", .text), .needed("status", .integer(400...599)), .needed("reason", .text),
        .needed("code", .text), .needed("detail", .text),
    ]).named("HeadProblem")

    private static let phrases = [
        400: "A parameter or the body is malformed.",
        401: "No credentials, or they are not taken.",
        403: "The caller may not do this.",
        404: "There is no such thing.",
        406: "The client takes none of the media types.",
        409: "It is there already, or was changed meanwhile.",
        413: "The body is too large.",
        414: "The address is too long.",
        415: "The body's media type is not taken.",
        422: "The body is well-formed, and its contents are not valid.",
        429: "Too many wrong guesses, or a file of the tenant is under way.",
        431: "The head is too large.",
        500: "Something unexpected went wrong.",
        503: "The registry cannot answer now, too much is under way, or the server ends.",
    ]
}
