// SPDX-License-Identifier: Apache-2.0
// The values that come with a call beside its body: taken apart, counted and checked.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// Reads the parameters of a row.
struct ParameterReader {
    let operation: Operation

    func values(
        _ segments: [String: String],
        _ request: AdminRequest
    ) throws(APIError) -> [String: JSONValue] {
        guard let query = PathText.query(request.query) else {
            throw APIError(.badRequest, .apiParameterInvalid, "query: is not UTF-8 or too long")
        }
        var values: [String: JSONValue] = [:]
        for parameter in operation.parameters {
            let texts: [String]
            switch parameter.place {
            case .path: texts = segments[parameter.name].map { [$0] } ?? []
            case .query: texts = query.filter { $0.name == parameter.name }.map(\.value)
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

    private static func fault(_ parameter: Parameter, _ sentence: String) -> APIError {
        APIError(.badRequest, .apiParameterInvalid, "\(parameter.name): \(sentence)")
    }
}
