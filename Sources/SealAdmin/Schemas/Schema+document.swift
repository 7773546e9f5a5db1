// SPDX-License-Identifier: Apache-2.0
// Schemas as they stand in the OpenAPI document.

internal import SealBytes

/// The schemas that have a name in the document.
struct Components {
    var schemas = JSONObject()
}

extension Schema {
    /// The schema, or a reference to it when it has a name.
    func document(_ components: inout Components) -> JSONValue {
        guard !name.isEmpty else { return written(&components) }
        if components.schemas[name] == nil {
            // The place is taken first, for the order of the document.
            components.schemas[name] = [:]
            components.schemas[name] = written(&components)
        }
        return ["$ref": "#/components/schemas/\(name)"]
    }

    private func written(_ components: inout Components) -> JSONValue {
        var item = JSONObject()
        switch form {
        case .any: break
        case .string(let length, let rule, let format):
            type("string", &item)
            if length.lowerBound > 0 { item["minLength"] = .integer(Int64(length.lowerBound)) }
            item["maxLength"] = .integer(Int64(length.upperBound))
            if let rule { item["pattern"] = .string(rule.pattern) }
            if let format { item["format"] = .string(format) }
        case .choice(let words):
            type("string", &item)
            item["enum"] = .array(words.map { .string($0) } + (isNullable ? [.null] : []))
        case .integer(let range):
            type("integer", &item)
            if range.lowerBound > .min { item["minimum"] = .integer(range.lowerBound) }
            if range.upperBound < .max { item["maximum"] = .integer(range.upperBound) }
            item["format"] = "int64"
        case .number: type("number", &item)
        case .boolean: type("boolean", &item)
        case .array(let element, let count):
            type("array", &item)
            item["items"] = element.document(&components)
            if count.lowerBound > 0 { item["minItems"] = .integer(Int64(count.lowerBound)) }
            item["maxItems"] = .integer(Int64(count.upperBound))
        case .object(let properties, let others):
            type("object", &item)
            describe(properties, others, &item, &components)
        case .either(let schemas):
            item["anyOf"] = .array(
                schemas.map { $0.document(&components) } + (isNullable ? [["type": "null"]] : [])
            )
        }
        if !note.isEmpty { item["description"] = .string(note) }
        if let example { item["examples"] = [example] }
        if let fallback { item["default"] = fallback }
        return .object(item)
    }

    private func type(_ name: String, _ item: inout JSONObject) {
        item["type"] = isNullable ? [.string(name), "null"] : .string(name)
    }

    private func describe(
        _ properties: [Property],
        _ others: Others,
        _ item: inout JSONObject,
        _ components: inout Components
    ) {
        if !properties.isEmpty {
            item["properties"] = .pairs(
                properties.map { ($0.name, $0.schema.document(&components)) }
            )
        }
        let needed = properties.filter(\.isNeeded).map { JSONValue.string($0.name) }
        if !needed.isEmpty { item["required"] = .array(needed) }
        switch others {
        case .forbidden: item["additionalProperties"] = false
        case .allowed: break
        case .only(let schema): item["additionalProperties"] = schema.document(&components)
        }
    }
}
