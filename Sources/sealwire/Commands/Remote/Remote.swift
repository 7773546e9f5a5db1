// SPDX-License-Identifier: Apache-2.0
// Calls to the server of a context, and what their refusals mean for the command.

import SealBytes
import SealClient
import SealHTTP
import SealPKI

/// The server that a command talks to.
final class Remote {
    let options: RemoteOptions
    let context: SavedContext
    private let client: RESTClient

    /// What a change came to.
    struct Outcome {
        /// The body of the answer.
        var json: JSONValue
        /// Connections that ended because they relied on what was changed; nil when nothing is
        /// said about it.
        var ended: Int?

        /// A few words about those connections.
        var endedText: String {
            guard let ended, ended > 0 else { return "" }
            return ended == 1 ? "; 1 connection was ended" : "; \(ended) connections were ended"
        }
    }

    init(_ options: RemoteOptions) throws(CommandFailure) {
        self.options = options
        context = try ContextStore().wanted(options.context)
        client = try Self.client(
            context,
            .bearer(context.token),
            timeLimitSeconds: options.timeLimitSeconds
        )
    }

    /// A client for a server, with credentials or without.
    static func client(
        _ context: SavedContext,
        _ authorization: HTTPAuthorization?,
        timeLimitSeconds: Int
    ) throws(CommandFailure) -> RESTClient {
        var settings = TLSClientSettings()
        if let file = context.authorityFile { settings.trustFiles = [file] }
        settings.usesSystemRoots = context.authorityFile == nil
        if let certificate = context.certificateFile, let key = context.keyFile {
            settings.identity = .files(IdentityFiles(chainFile: certificate, keyFile: key))
        }
        do throws(RESTError) {
            return try RESTClient(
                try RESTTarget(context.url),
                tls: settings,
                authorization: authorization,
                timeLimitSeconds: timeLimitSeconds
            )
        } catch {
            throw failure(error)
        }
    }

    /// Runs a command, and turns errors of files and keys into failures.
    static func mapping(_ body: () throws -> Int32) throws -> Int32 {
        do {
            return try body()
        } catch let error as PKIError {
            throw CommandFailure(
                error.code == .file ? RemoteExit.noFile : RemoteExit.badContent,
                error.reason,
                hint: error.hint,
                code: error.code.rawValue
            )
        }
    }

    // MARK: Calls

    /// Asks for something.
    func get(
        _ path: String,
        query: [(name: String, value: String)] = []
    ) throws(CommandFailure) -> JSONValue {
        try Self.content(try Self.call(client, RESTRequest(.get, path, query: query)))
    }

    /// Asks one of our own calls, for the tenant that is meant.
    func own(
        _ path: String,
        query: [(name: String, value: String)] = []
    ) throws(CommandFailure) -> JSONValue {
        try get(path, query: query + tenantQuery)
    }

    /// The tenant that is meant, for our own calls.
    var tenantQuery: [(name: String, value: String)] {
        options.tenant.map { [(name: "tenant", value: $0)] } ?? []
    }

    /// The tenant that is meant, for paths.
    var tenant: String { options.tenant ?? context.tenant }

    /// All elements of a list of our own, page by page.
    func all(
        _ path: String,
        _ key: String,
        query: [(name: String, value: String)] = [],
        most: Int = .max,
        _ each: (JSONValue) -> Void
    ) throws(CommandFailure) {
        var count = 0
        while count < most {
            let limit = min(1000, most - count)
            let page = try own(
                path,
                query: query + [
                    (name: "offset", value: String(count)), (name: "limit", value: String(limit)),
                ]
            )
            let elements = page[key]?.elements ?? []
            for element in elements.prefix(limit) { each(element) }
            count += elements.count
            guard page["hasMore"]?.flag == true, !elements.isEmpty else { return }
        }
    }

    /// Changes something; nil when nothing is to be sent.
    func change(_ request: RESTRequest) throws(CommandFailure) -> Outcome? {
        guard !options.isRehearsal else {
            rehearse(request)
            return nil
        }
        let response = try Self.call(client, request)
        let ended = response.fields["X-Sealwire-Ended-Connections"].flatMap { Int($0) }
        return Outcome(
            json: response.body.isEmpty ? .null : try Self.content(response),
            ended: ended
        )
    }

    private func rehearse(_ request: RESTRequest) {
        let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        let path = query.isEmpty ? request.path : "\(request.path)?\(query)"
        if options.isJSON {
            Output.object(["wouldSend": .string(request.method.name), "path": .string(path)])
        } else {
            Terminal.write("would send \(request.method.name) \(path) to \(context.url)\n")
        }
    }

    /// Asks before something is taken away.
    func confirm(_ what: String) throws {
        guard !options.isConfirmed, !options.isRehearsal else { return }
        guard try Confirmation.ask("This \(what). Type yes to go on: ") else {
            throw CommandFailure(RemoteExit.no, "nothing was done")
        }
    }

    /// Makes a call and takes nothing but success for an answer.
    static func call(
        _ client: RESTClient,
        _ request: RESTRequest
    ) throws(CommandFailure) -> RESTResponse {
        let response: RESTResponse
        do {
            response = try client.call(request)
        } catch {
            throw failure(error)
        }
        guard response.status.isSuccess else { throw refusal(response, client.target) }
        return response
    }

    static func content(_ response: RESTResponse) throws(CommandFailure) -> JSONValue {
        do { return try response.json() } catch { throw failure(error) }
    }

    // MARK: Refusals

    static func failure(_ error: RESTError) -> CommandFailure {
        switch error.code {
        case .url: CommandFailure(RemoteExit.usage, error.reason)
        case .plainText:
            CommandFailure(RemoteExit.notAllowed, error.reason, hint: "use an https:// URL")
        case .settings: CommandFailure(RemoteExit.configuration, error.reason)
        case .connection:
            CommandFailure(
                RemoteExit.unreachable,
                error.reason,
                hint: "check the URL, and --cafile when the server's authority is your own",
                code: error.code.rawValue
            )
        case .timeout:
            CommandFailure(RemoteExit.tryAgain, error.reason, code: error.code.rawValue)
        case .answer, .content:
            CommandFailure(
                RemoteExit.protocolFault,
                error.reason,
                hint: "check that the URL is that of the REST API",
                code: error.code.rawValue
            )
        }
    }

    /// What the server said, in the words of whichever API it was.
    private static func refusal(_ response: RESTResponse, _ target: RESTTarget) -> CommandFailure {
        let json = try? response.json()
        let said =
            json?["detail"]?.text ?? json?["message"]?.text ?? json?["title"]?.text
            ?? "\(target) answered \(response.status.code) \(response.status.phrase)"
        let code = json?["reason"]?.text ?? json?["code"]?.text
        var failure = CommandFailure(exitCode(response.status.code), said, code: code)
        switch response.status.code {
        case 401: failure.hint = "sealwire login \(target) logs in again"
        case 429, 503:
            failure.hint = "try again in \(response.fields["Retry-After"] ?? "60") seconds"
        case 300...399: failure.hint = "redirects are not followed; use the URL of the API itself"
        default: break
        }
        return failure
    }

    private static func exitCode(_ status: Int) -> Int32 {
        switch status {
        case 300...399, 405, 406, 501, 505: RemoteExit.protocolFault
        case 401, 403: RemoteExit.notAllowed
        case 404: RemoteExit.unknown
        case 409: RemoteExit.no
        case 408, 429, 503: RemoteExit.tryAgain
        case 400...499: RemoteExit.badContent
        default: RemoteExit.serverFault
        }
    }
}
