// SPDX-License-Identifier: Apache-2.0
// The values that come with a call beside its body: taken apart, counted and checked.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// Reads the parameters of a row.
struct ParameterReader {
    let operation: Operation

    func values(
        _ segments: [Name: Name],
        _ request: AdminRequest
    ) throws(APIError) -> [String: JSONValue] {
        let query = try query(request)
        var values: [String: JSONValue] = [:]
        for parameter in operation.parameters {
            let texts: [String]
            switch parameter.place {
            case .path: texts = segments[Name(parameter.name)].map { [$0.text] } ?? []
            case .query: texts = query.values(of: parameter.name)
            case .header: texts = request.fields.values(of: parameter.name)
            }
            guard texts.count <= 1 else { throw Self.fault(parameter, "is given twice") }
            guard let text = texts.first else {
                if parameter.isNeeded { throw Self.fault(parameter, "is missing") }
                values[parameter.name] = parameter.schema.fallback
                continue
            }
            switch parameter.schema.reading(text) {
            case .success(let value): values[parameter.name] = value
            case .failure(let fault): throw Self.fault(parameter, fault.sentence)
            }
        }
        return values
    }

    /// The query; calls without such parameters do not look at it.
    private func query(_ request: AdminRequest) throws(APIError) -> FormFields {
        guard let text = request.query, operation.parameters.contains(where: { $0.place == .query })
        else { return FormFields() }
        do { return try FormFields(query: text) } catch {
            throw APIError(.badRequest, .apiParameterInvalid, error.reason)
        }
    }

    private static func fault(_ parameter: Parameter, _ sentence: String) -> APIError {
        APIError(.badRequest, .apiParameterInvalid, "\(parameter.name): \(sentence)")
    }
}
