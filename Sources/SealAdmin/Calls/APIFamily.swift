// SPDX-License-Identifier: Apache-2.0
// The kinds of API served side by side, and how each writes a refusal. The reason is always the
// same; only its clothes differ.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// Whose habits a call follows.
public enum APIFamily: String, Sendable, CaseIterable {
    /// Cumulocity's.
    case cumulocity
    /// ThingsBoard's.
    case thingsBoard
    /// Our own, with problem documents (RFC 9457).
    case sealwire
    /// Enrolment over Secure Transport (RFC 7030), whose refusals are plain text.
    case enrolment

    /// The family of a path nobody serves.
    init(path: String) {
        if path.begins(with: "/api/v1/") {
            self = .sealwire
        } else if path.begins(with: "/api/") {
            self = .thingsBoard
        } else if path.begins(with: "/.well-known/est/") {
            self = .enrolment
        } else if Self.cumulocityRoots.contains(where: { path.begins(with: $0) }) {
            self = .cumulocity
        } else {
            self = .sealwire
        }
    }

    private static let cumulocityRoots = [
        "/tenant/", "/user/", "/devicecontrol/", "/inventory/",
    ]

    /// What a well-formed body with wrong contents is answered with.
    var invalidBodyStatus: Status { self == .thingsBoard ? .badRequest : .unprocessableContent }

    /// The media type of refusals.
    var problemType: String {
        switch self {
        case .cumulocity: "application/vnd.com.nsn.cumulocity.error+json"
        case .thingsBoard: "application/json"
        case .sealwire: "application/problem+json"
        case .enrolment: "text/plain"
        }
    }

    /// A refusal as this family writes it.
    func problem(_ error: APIError, reasonsURL: String, now: Int64) -> Response {
        let code = error.reason.code.rawValue
        var members: JSONObject
        switch self {
        case .cumulocity:
            members = [
                "error": .string(Self.cumulocityName(error)),
                "message": .string(error.sentence),
                "info": .string(reasonsURL + code),
            ]
        case .thingsBoard:
            members = [
                "status": .integer(Int64(error.status.code)),
                "message": .string(error.sentence),
                "errorCode": .integer(Self.thingsBoardCode(error)),
                "timestamp": .integer(now &* 1000),
            ]
        case .sealwire:
            members = [
                "type": .string(reasonsURL + code),
                "title": .string(error.reason.code.sentence),
                "status": .integer(Int64(error.status.code)),
                "detail": .string(error.sentence),
            ]
        case .enrolment:
            let text = Array("\(error.sentence) [\(code)]\n".utf8)
            return Response(error.status, type: problemType, body: text).adding(error.fields)
        }
        members["reason"] = .string(code)
        return Response(error.status, type: problemType, body: JSONValue.object(members).bytes)
            .adding(error.fields)
    }

    /// Cumulocity's `<area>/<name>`.
    ///
    /// The names of the statuses that its clients look at are its own; the rest follows them.
    private static func cumulocityName(_ error: APIError) -> String {
        let area = error.area ?? "general"
        switch error.status.code {
        case 401: return "security/Unauthorized"
        case 403: return "security/Forbidden"
        case 404: return area == "devicecontrol" ? "devicecontrol/Not Found" : "\(area)/notFound"
        case 405: return "general/methodNotAllowed"
        case 406: return "general/notAcceptable"
        case 409: return "\(area)/duplicate"
        case 413: return "general/contentTooLarge"
        case 415: return "general/unsupportedMediaType"
        case 422: return "\(area)/unprocessableEntity"
        case 429: return "security/tooManyRequests"
        case 400: return "\(area)/badRequest"
        case 503: return "general/serviceUnavailable"
        default: return "general/internalError"
        }
    }

    /// ThingsBoard's numbers.
    private static func thingsBoardCode(_ error: APIError) -> Int64 {
        switch error.status.code {
        case 401:
            switch error.reason.code {
            case .tokenExpired: 11
            case .apiPasswordChangeDue: 15
            default: 10
            }
        case 403: error.reason.code == .apiLimit ? 41 : 20
        case 404: 32
        case 429: 33
        case 409: 35
        case 400: error.reason.code == .apiParameterInvalid ? 31 : 30
        case 405, 406, 413, 415, 422: 31
        default: 2
        }
    }

    /// The shape of refusals, for the document; nil when they are no JSON.
    var problemSchema: Schema? {
        switch self {
        case .cumulocity:
            .object(
                [
                    .needed("error", .text(1...256)), .needed("message", .text(0...4096)),
                    .needed("info", .uri), .needed("reason", .text(1...128)),
                ],
                others: .forbidden
            ).named("CumulocityError")
        case .thingsBoard:
            .object(
                [
                    .needed("status", .integer(100...599)), .needed("message", .text(0...4096)),
                    .needed("errorCode", .integer(0...100)), .needed("timestamp", .integer),
                    .needed("reason", .text(1...128)),
                ],
                others: .forbidden
            ).named("ThingsBoardError")
        case .sealwire:
            .object(
                [
                    .needed("type", .uri), .needed("title", .text(1...1024)),
                    .needed("status", .integer(100...599)), .needed("detail", .text(0...4096)),
                    .needed("reason", .text(1...128)),
                ],
                others: .forbidden
            ).named("Problem")
        case .enrolment: nil
        }
    }
}

extension Response {
    /// The same with further fields.
    func adding(_ more: Fields) -> Response {
        var response = self
        for field in more.all { response.fields.append(field.name, field.value) }
        return response
    }
}
