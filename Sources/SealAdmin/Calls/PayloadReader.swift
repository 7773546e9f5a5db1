// SPDX-License-Identifier: Apache-2.0
// The body of a call, read as its row says.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// Reads the body of a row.
struct PayloadReader {
    let operation: Operation

    func read(_ request: AdminRequest) throws(APIError) -> Call.Payload {
        guard !operation.bodies.isEmpty else { return .none }
        guard !request.body.isEmpty else {
            if operation.bodies.contains(where: { !$0.isNeeded }) { return .none }
            throw APIError(.badRequest, .apiBodyMalformed, "the body is missing")
        }
        let said = request.fields["Content-Type"] ?? ""
        let type = MediaType(said)
        guard let shape = operation.bodies.first(where: { $0.types.contains(type) }) else {
            let names = operation.bodies.flatMap(\.types).map(\.name).joined(separator: ", ")
            throw APIError(.unsupportedMediaType, .apiMediaType, "takes \(names)")
        }
        guard request.body.count <= shape.bytesMax else {
            throw APIError(.contentTooLarge, .apiBodyTooLarge, "at most \(shape.bytesMax) bytes")
        }
        switch shape.form {
        case .bytes: return .bytes(request.body, type)
        case .json(let schema): return .json(try json(request.body, schema, shape.bytesMax))
        case .form(let parts): return .form(try form(request.body, said, parts))
        }
    }

    private func json(
        _ bytes: [UInt8],
        _ schema: Schema,
        _ bytesMax: Int
    ) throws(APIError) -> JSONValue {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes, limits: JSONLimits(bytesMax: bytesMax))
        } catch {
            throw APIError(
                .badRequest,
                .apiBodyMalformed,
                "byte \(error.offset): \(error.reason)"
            )
        }
        if let fault = schema.fault(in: value) {
            throw APIError(operation.invalidBodyStatus, .apiBodyInvalid, fault)
        }
        return value
    }

    private func form(
        _ bytes: [UInt8],
        _ type: String,
        _ shape: [Schema.Property]
    ) throws(APIError) -> [FormPart] {
        let parts: [FormPart]
        do { parts = try MultipartForm(bytes, type: type).parts } catch {
            throw APIError(.badRequest, .apiBodyMalformed, error.reason)
        }
        for property in shape where property.isNeeded {
            guard parts.contains(where: { $0.name == property.name }) else {
                throw APIError(
                    .badRequest,
                    .apiBodyMalformed,
                    "the part \(property.name) is missing"
                )
            }
        }
        return parts
    }
}
