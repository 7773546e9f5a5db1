// SPDX-License-Identifier: Apache-2.0
// Request in, response out. Everything that can be judged by the row of the table is judged here,
// in one order for all calls; what is left is the handler's.

internal import SealBroker
internal import SealBytes
public import SealHTTP

/// The administration.
///
/// Calls may wait for a disk: never on a shard.
public struct AdminAPI: Sendable {
    /// The world.
    public let context: AdminContext
    /// All calls.
    public let operations: [Operation]
    private let routes: Routes
    private let document: [UInt8]

    /// Makes the administration with every call there is.
    public init(_ context: AdminContext) {
        self.init(context, operations: OperationTable.all)
    }

    /// Makes an administration with these calls, and the document about them.
    init(_ context: AdminContext, operations: [Operation]) {
        self.context = context
        self.operations = operations
        routes = Routes(operations)
        document = OpenAPIDocument.make(operations, version: context.settings.version).bytes
    }

    /// Bodies of calls that take none, which clients send all the same, are read up to this.
    static let idleBodyBytesMax = 65_536

    /// The largest body that is taken before it is known who calls.
    public static let strangerBodyBytesMax = 32_768
    /// Bodies of this size come sooner than somebody could look at their heads.
    static let smallBodyBytesMax = 16_384

    /// What becomes of the body that follows a head; quick, and nobody is asked.
    public func bodyRule(_ exchange: HTTPExchange) -> BodyRule {
        let request = AdminRequest(exchange)
        let operation: Operation
        do throws(APIError) { operation = try route(request).0 } catch {
            return .refuse(handle(request))
        }
        let isOpen = operation.admission.proof == .none
        let bytesMax =
            isOpen
            ? Self.strangerBodyBytesMax : max(operation.bodyBytesMax, Self.idleBodyBytesMax)
        if case .length(let count) = exchange.head.body, count > bytesMax {
            return .refuse(
                refused(
                    APIError(.contentTooLarge, .apiBodyTooLarge, "at most \(bytesMax) bytes"),
                    operation.family,
                    request,
                    context.clock()
                )
            )
        }
        if isOpen { return .take(bytesMax: bytesMax) }
        if case .length(let count) = exchange.head.body, count <= Self.smallBodyBytesMax,
            !exchange.head.expectsContinue, !operation.isBulk
        {
            return .take(bytesMax: bytesMax)
        }
        return .judge
    }

    /// Judges a request by its head: who calls, whether he may, and for a file whether his tenant
    /// has none under way.
    public func judge(_ exchange: HTTPExchange, on lane: HTTPLane) -> HTTPRuling {
        var request = AdminRequest(exchange)
        request.lane = lane
        request.isHeadOnly = true
        let now = context.clock()
        var family = APIFamily(path: request.path)
        do throws(APIError) {
            let (operation, parameters) = try route(request)
            family = operation.family
            let caller = try Authentication(context: context).caller(of: operation, request, now)
            _ = try authorize(operation, caller, parameters, request, now)
            return .take(
                bytesMax: max(operation.bodyBytesMax, Self.idleBodyBytesMax),
                isBulk: operation.isBulk,
                permit: try permit(operation, caller, request)
            )
        } catch {
            if let move = error.move {
                return .move(move.lane, key: move.line, permit: move.permit)
            }
            return .refuse(refused(error, family, request, now))
        }
    }

    /// The place that a file needs; the one the request has, if it has one.
    private func permit(
        _ operation: Operation,
        _ caller: Caller?,
        _ request: AdminRequest
    ) throws(APIError) -> BulkPlaces.Permit? {
        guard operation.isBulk, let caller else { return nil }
        if let permit = request.permit as? BulkPlaces.Permit,
            permit.tenant == caller.tenant.number
        {
            return permit
        }
        guard !context.isEnding() else { throw APIError.ending }
        guard let permit = context.bulkPlaces.take(caller.tenant.number) else {
            throw APIError(
                .tooManyRequests,
                Reason(.apiBulkRunning),
                fields: ["Retry-After": String(Self.bulkRetrySeconds)]
            )
        }
        return permit
    }

    /// When a tenant whose file is under way may come again with the next.
    private static let bulkRetrySeconds = 10

    /// Does what a request asks for.
    public func handle(_ exchange: HTTPExchange) -> Response { handle(AdminRequest(exchange)) }

    /// Does what a request asks for, as far as it may be done on this lane.
    public func handle(_ exchange: HTTPExchange, on lane: HTTPLane) -> HTTPOutcome {
        var request = AdminRequest(exchange)
        request.lane = lane
        return outcome(request)
    }

    /// Does what a request asks for.
    public func handle(_ request: AdminRequest) -> Response {
        var request = request
        request.lane = nil
        switch outcome(request) {
        case .answer(let response): return response
        case .move: return Response(.internalServerError)
        }
    }

    private func outcome(_ request: AdminRequest) -> HTTPOutcome {
        let now = context.clock()
        var family = APIFamily(path: request.path)
        var pattern: String?
        do throws(APIError) {
            let (operation, parameters) = try route(request)
            family = operation.family
            pattern = operation.path
            var response = try perform(operation, parameters, request, now)
            response.route = pattern
            return .answer(response)
        } catch {
            if let move = error.move {
                return .move(move.lane, key: move.line, permit: move.permit)
            }
            var response = refused(error, family, request, now)
            response.route = pattern
            return .answer(response)
        }
    }

    private func refused(
        _ error: APIError,
        _ family: APIFamily,
        _ request: AdminRequest,
        _ now: Int64
    ) -> Response {
        var error = error
        if error.area == nil { error.area = Self.area(request.path) }
        let address = Self.address(request, context.settings)
        return family.problem(error, reasonsURL: address + "/api/v1/reasons/", now: now)
    }

    private func route(
        _ request: AdminRequest
    ) throws(APIError) -> (Operation, [Name: Name]) {
        guard let segments = PathText.segments(request.path) else {
            throw APIError(.notFound, .apiNoSuchCall)
        }
        switch routes.match(Self.method(request.method, request.fields), segments) {
        case .found(let operation, let parameters): return (operation, parameters)
        case .absent: throw APIError(.notFound, .apiNoSuchCall)
        case .otherMethods(let allowed):
            throw APIError(
                .methodNotAllowed,
                Reason(.apiMethod),
                fields: ["Allow": allowed.joined(separator: ", ")]
            )
        }
    }

    private func perform(
        _ operation: Operation,
        _ parameters: [Name: Name],
        _ request: AdminRequest,
        _ now: Int64
    ) throws(APIError) -> Response {
        let caller = try Authentication(context: context).caller(of: operation, request, now)
        let tenant = try authorize(operation, caller, parameters, request, now)
        let acceptance = Acceptance(request.fields)
        let type = try Self.accepted(operation, acceptance)
        let values = try ParameterReader(operation: operation).values(parameters, request)
        let permit = try permit(operation, caller, request)
        defer { withExtendedLifetime(permit) {} }
        // Once before the body is read, which takes time as well.
        try checkLane(operation.lane(.none, values), caller, request, permit)
        let payload = try PayloadReader(operation: operation).read(request)
        try checkLane(operation.lane(payload, values), caller, request, permit)
        let call = Call(
            context: context,
            operation: operation,
            request: request,
            address: Self.address(request, context.settings),
            now: now,
            values: values,
            payload: payload,
            document: document,
            acceptedType: type,
            knownCaller: caller,
            meantTenant: tenant
        )
        var response = try operation.handler(call)
        response.knowsCaller = caller != nil
        guard operation.mayHideBody, !acceptance.isSaid, (200..<300).contains(response.status.code)
        else { return response }
        return response.withoutBody()
    }

    private func checkLane(
        _ lane: HTTPLane,
        _ caller: Caller?,
        _ request: AdminRequest,
        _ permit: BulkPlaces.Permit?
    ) throws(APIError) {
        guard let present = request.lane, present.rawValue < lane.rawValue else { return }
        throw APIError.moving(to: lane, line: Self.line(caller, request), permit: permit)
    }

    private func authorize(
        _ operation: Operation,
        _ caller: Caller?,
        _ parameters: [Name: Name],
        _ request: AdminRequest,
        _ now: Int64
    ) throws(APIError) -> Tenant? {
        try Authorization(context: context).tenant(
            of: operation,
            caller,
            named: parameters["tenantId"],
            request,
            now
        )
    }

    /// Whose turn a call takes where it is slow: that of the caller's tenant, else of the source.
    private static func line(_ caller: Caller?, _ request: AdminRequest) -> [UInt8] {
        guard let caller else { return Array(request.peerAddress.utf8) }
        return Array("tenant \(caller.tenant.number)".utf8)
    }

    /// The type to answer with; nil when no answer has a body.
    private static func accepted(
        _ operation: Operation,
        _ acceptance: Acceptance
    ) throws(APIError) -> MediaType? {
        let offered = operation.answers.flatMap(\.types)
        guard !offered.isEmpty else { return nil }
        guard let type = acceptance.choose(offered) else {
            let names = Set(offered.map(\.name)).sorted().joined(separator: ", ")
            throw APIError(.notAcceptable, .apiNotAcceptable, names)
        }
        return type
    }

    /// A POST can stand for another method, for clients behind proxies that know no others.
    private static func method(_ sent: Method, _ fields: Fields) -> Method {
        guard sent == .post, let asked = fields[RequestHead.tunnelField],
            let meant = ["GET", "PUT", "DELETE", "POST"].first(where: asked.isSameASCII)
        else { return sent }
        return Method(meant)
    }

    /// The address in links.
    static func address(_ request: AdminRequest, _ settings: AdminSettings) -> String {
        if !settings.address.isEmpty { return settings.address }
        return "\(request.scheme)://\(request.host.isEmpty ? "localhost" : request.host)"
    }

    private static func area(_ path: String) -> String? {
        guard let segments = PathText.segments(path), let first = segments.first else { return nil }
        return ["tenant", "user", "inventory", "devicecontrol"].contains(first) ? first.text : nil
    }
}

extension Response {
    /// The same with neither body nor type.
    func withoutBody() -> Response {
        var kept: Fields = [:]
        for field in fields.all where field.name != "Content-Type" {
            kept.append(field.name, field.value)
        }
        return Response(status, fields: kept)
    }
}
