// SPDX-License-Identifier: Apache-2.0
// From method and path to whatever handles it. It calls nothing: the handler is a value.

internal import SealBytes

/// A table of routes.
///
/// A pattern such as `/health/live` or `/devices/{id}` matches segment by segment; a fixed
/// segment wins over a named one.
public struct Router<Handler: Sendable>: Sendable {
    /// What a request's method and path lead to.
    public enum Match: Sendable {
        /// A handler, and the values of the named segments.
        case found(Handler, parameters: [Name: Name])
        /// The path exists, but not for this method.
        case methodNotAllowed(allowed: [String])
        /// There is no such path.
        case notFound
    }

    private struct Route: Sendable {
        var method: Method
        var pattern: [Name]
        var handler: Handler

        var fixedCount: Int { pattern.count { !$0.starts(with: "{") } }

        func parameters(of segments: [Name]) -> [Name: Name]? {
            guard segments.count == pattern.count else { return nil }
            var parameters: [Name: Name] = [:]
            for (part, segment) in zip(pattern, segments) {
                if part.starts(with: "{"), !segment.isEmpty {
                    parameters[Name(decoding: part.utf8.dropFirst().dropLast())] = segment
                } else if part != segment {
                    return nil
                }
            }
            return parameters
        }
    }

    private var routes: [Route] = []

    /// Makes an empty table.
    public init() {}

    /// Adds a route.
    public mutating func add(_ method: Method, _ pattern: String, _ handler: Handler) {
        let parts = pattern.dropping(bytes: 1).split(atByte: "/").map { Name($0) }
        routes.append(Route(method: method, pattern: parts, handler: handler))
    }

    /// Finds the route of a request; HEAD goes where GET goes (RFC 9110 §9.3.2).
    public func match(_ head: RequestHead) -> Match {
        guard let segments = head.segments?.map({ Name($0) }) else { return .notFound }
        let method = head.method == .head ? .get : head.method
        var best: (route: Route, parameters: [Name: Name])?
        var allowed: Set<String> = []
        for route in routes {
            guard let parameters = route.parameters(of: segments) else { continue }
            allowed.insert(route.method.name)
            let isBetter = route.fixedCount > best?.route.fixedCount ?? -1
            if route.method == method, isBetter { best = (route, parameters) }
        }
        if let best { return .found(best.route.handler, parameters: best.parameters) }
        if allowed.contains("GET") { allowed.insert("HEAD") }
        return allowed.isEmpty ? .notFound : .methodNotAllowed(allowed: allowed.sorted())
    }
}
