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
        let types = request.fields.values(of: "Content-Type")
        let type = types.count == 1 ? types.first.flatMap { MediaType($0) } : nil
        let shape = operation.bodies.first { shape in
            type.map { type in shape.types.contains { $0.isSameKind(as: type) } } ?? false
        }
        guard let type, let shape else {
            let names = operation.bodies.flatMap(\.types).map(\.name).joined(separator: ", ")
            throw APIError(.unsupportedMediaType, .apiMediaType, "takes \(names)")
        }
        guard request.body.count <= shape.bytesMax else {
            throw APIError(.contentTooLarge, .apiBodyTooLarge, "at most \(shape.bytesMax) bytes")
        }
        switch shape.form {
        case .bytes: return .bytes(request.body, type.plain)
        case .json(let schema): return .json(try json(request.body, schema, shape.bytesMax))
        case .form(let parts): return .form(try form(request.body, type, parts))
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
        _ type: MediaType,
        _ shape: [Schema.Property]
    ) throws(APIError) -> [FormPart] {
        let form: MultipartForm
        do { form = try MultipartForm(bytes, type: type) } catch {
            let code =
                error.status == .unsupportedMediaType ? ReasonCode.apiMediaType : .apiBodyMalformed
            throw APIError(error.status, code, error.reason)
        }
        for property in shape where property.isNeeded {
            guard form[property.name] != nil else {
                throw APIError(
                    .badRequest,
                    .apiBodyMalformed,
                    "the part \(property.name) is missing"
                )
            }
        }
        return form.parts.map { part in
            FormPart(
                name: part.name,
                fileName: part.fileName ?? "",
                body: Array(bytes[part.range])
            )
        }
    }
}
