// SPDX-License-Identifier: Apache-2.0
// What a handler gets: who calls, what is asked for, already checked against the row of the table;
// and short ways to answer.

public import SealBroker
public import SealBytes
public import SealHTTP

/// A call that passed every check of its row.
public struct Call: Sendable {
    /// A body as its row wants it read.
    public enum Payload: Sendable {
        /// There is none.
        case none
        /// JSON that obeys its schema.
        case json(JSONValue)
        /// A form.
        case form([FormPart])
        /// Bytes of this type.
        case bytes([UInt8], MediaType)
    }

    /// The world.
    public let context: AdminContext
    /// The row.
    public let operation: Operation
    /// The request.
    public let request: AdminRequest
    /// The host as the client sees this server, such as `https://iot.example.com`.
    public let address: String
    /// When it came, in seconds since 1970.
    public let now: Int64
    /// The values of path, query and fields that were given or have a fallback.
    let values: [String: JSONValue]
    /// The body.
    public let payload: Payload
    /// The document about all calls.
    let document: [UInt8]
    /// The type the client takes.
    let acceptedType: MediaType?
    /// Who calls; nil for calls that ask for no credentials.
    let knownCaller: Caller?
    /// The tenant that is meant.
    let meantTenant: Tenant?

    /// The field that says how many connections were ended.
    public static let endedField = "X-Sealwire-Ended-Connections"

    /// Who calls.
    ///
    /// It is thrown on when a row lets everybody in and its handler asks all the same.
    public func caller() throws(APIError) -> Caller {
        guard let knownCaller else {
            throw APIError(.unauthorized, .apiCredentialsMissing)
        }
        return knownCaller
    }

    /// The tenant that is meant: the one the path names, else the caller's.
    public func tenant() throws(APIError) -> Tenant {
        guard let meantTenant else { throw APIError(.unauthorized, .apiCredentialsMissing) }
        return meantTenant
    }

    /// Who is written down for a change.
    public func author() throws(APIError) -> Author {
        let caller = try caller()
        return Author(
            name: "\(caller.tenant.id)/\(caller.user)",
            tenant: try tenant().number,
            source: request.peerAddress
        )
    }

    /// A text of path, query or fields; empty when it was not given.
    public func name(_ name: String) -> Name { Name(text(name)) }

    /// A parameter that is a name, if it was given.
    public func givenName(_ name: String) -> Name? { given(name).map { Name($0) } }

    /// A parameter.
    public func text(_ name: String) -> String { values[name]?.text ?? "" }

    /// A text of query or fields, if it was given.
    public func given(_ name: String) -> String? { values[name]?.text }

    /// A whole number of path, query or fields.
    public func integer(_ name: String) -> Int64? { values[name]?.int64 }

    /// Whether true was given.
    public func flag(_ name: String) -> Bool { values[name]?.flag ?? false }

    /// The texts of a list.
    public func list(_ name: String) -> [String] {
        values[name]?.elements?.compactMap(\.text) ?? []
    }

    /// The body, when it is JSON.
    public var json: JSONValue {
        if case .json(let value) = payload { value } else { .null }
    }

    /// The body, when it is bytes of another type.
    public var bytes: [UInt8] {
        if case .bytes(let bytes, _) = payload { bytes } else { [] }
    }

    /// The part of the form with this name.
    public func part(_ name: String) -> FormPart? {
        if case .form(let parts) = payload { parts.first { $0.name == name } } else { nil }
    }

    /// Makes changes in the name of the caller.
    public func changing<Value: Sendable>(
        _ body: (any RegistryWriter) throws(RegistryError) -> Value
    ) throws(APIError) -> (result: Value, effect: ChangeEffect) {
        let author = try author()
        do { return try context.registry.change(by: author, body) } catch { throw APIError(error) }
    }

    /// Makes changes of which only the effect counts.
    public func change(
        _ body: (any RegistryWriter) throws(RegistryError) -> Void
    ) throws(APIError) -> ChangeEffect {
        try changing(body).effect
    }

    // MARK: Answers

    /// Whether the client wants this type rather than the others.
    func takes(_ type: MediaType) -> Bool { acceptedType == type }

    /// An answer with JSON, in the type the client takes.
    public func answer(_ value: JSONValue, _ status: Status = .ok) -> Response {
        let shape = operation.answers.first { $0.status == status }
        let first = shape?.types.first ?? .json
        let type = acceptedType.flatMap { shape?.types.contains($0) == true ? $0 : nil } ?? first
        return Response(status, type: fullType(type), body: value.bytes)
    }

    /// The answer to what was made.
    public func created(_ value: JSONValue, at path: String) -> Response {
        answer(value, .created).adding(["Location": link(path)])
    }

    /// The answer without body.
    public func done() -> Response { Response(.noContent) }

    /// A path as a whole address.
    public func link(_ path: String) -> String { address + path }

    /// A segment of a path, escaped.
    public static func escaped(_ segment: Name) -> String { PercentCoding.encoded(segment.text) }

    /// Cumulocity's types carry a version.
    private func fullType(_ type: MediaType) -> String {
        type.name.utf8.starts(with: "application/vnd.com.nsn.cumulocity.".utf8)
            ? "\(type.name);charset=UTF-8;ver=0.9" : type.name
    }
}

extension Response {
    /// The same with the number of ended connections.
    func ending(_ effect: ChangeEffect) -> Response {
        adding([Call.endedField: String(effect.endedConnections)])
    }
}
