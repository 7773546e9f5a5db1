// SPDX-License-Identifier: Apache-2.0
// The three calls of EST (RFC 7030) as a device makes them, and what it checks of their answers.

import SealBytes
import SealClient
import SealHTTP
import SealPKI

/// A server that issues certificates.
struct EnrolmentServer {
    private let target: RESTTarget
    private let settings: TLSClientSettings
    private let seconds: Int
    private let root: String

    init(_ options: EnrollOptions) throws {
        target = try options.target()
        guard target.isEncrypted else {
            throw UsageError(message: "certificates are fetched over https:// only")
        }
        var settings = TLSClientSettings()
        if let file = options.authorityFile { settings.trustFiles = [file] }
        settings.usesSystemRoots = options.authorityFile == nil
        self.settings = settings
        seconds = options.timeLimitSeconds
        let label = options.tenant.map { RESTRequest.path($0) } ?? ""
        root = "/.well-known/est\(label)"
    }

    private func call(
        _ request: RESTRequest,
        _ authorization: HTTPAuthorization?,
        _ identity: IdentitySource?
    ) throws(CommandFailure) -> RESTResponse {
        var settings = settings
        settings.identity = identity
        let response: RESTResponse
        do throws(RESTError) {
            let client = try RESTClient(
                target,
                tls: settings,
                authorization: authorization,
                timeLimitSeconds: seconds
            )
            response = try client.call(request)
        } catch {
            throw Remote.failure(error)
        }
        guard response.status.isSuccess else { throw Self.refusal(response) }
        return response
    }

    /// Refusals of EST are a line of text with the reason's code in brackets.
    private static func refusal(_ response: RESTResponse) -> CommandFailure {
        let text = String(decoding: response.body.prefix(4096), as: UTF8.self)
        var said = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        var code: String?
        if said.hasSuffix("]"), let open = said.lastIndex(of: "[") {
            code = String(said[said.index(after: open)...].dropLast())
            said = String(said[..<open].drop { $0 == " " })
            while said.hasSuffix(" ") { said.removeLast() }
        }
        let status = response.status
        let isText = response.fields["Content-Type"]?.hasPrefix("text/plain") == true
        let sentence =
            isText && !said.isEmpty ? said : "the server answered \(status.code) \(status.phrase)"
        let exit =
            switch status.code {
            case 401, 403: RemoteExit.notAllowed
            case 404: RemoteExit.unknown
            case 429, 503: RemoteExit.tryAgain
            case 500...: RemoteExit.serverFault
            default: RemoteExit.badContent
            }
        return CommandFailure(exit, TextTable.printable(sentence), code: code)
    }

    /// The authority's certificate.
    func authority() throws -> Certificate {
        let request = RESTRequest(.get, "\(root)/cacerts", fields: ["Accept": "*/*"])
        let message = try CertificatesOnly(base64: try call(request, nil, nil).body)
        guard let first = message.certificates.first else {
            throw CommandFailure(RemoteExit.protocolFault, "the server named no authority")
        }
        return first
    }

    /// A certificate for a key; the first for a code, later ones by the identity that is there.
    func certificate(
        _ device: String,
        _ key: PrivateKey,
        code: String?,
        identity: IdentitySource?
    ) throws -> (certificate: Certificate, authority: Certificate) {
        let wanted = try CertificateRequest.make(
            key: key,
            subject: try DistinguishedName(commonName: device)
        )
        let verb = code == nil ? "simplereenroll" : "simpleenroll"
        var request = RESTRequest(
            .post,
            "\(root)/\(verb)",
            fields: [
                "Accept": "*/*", "Content-Type": "application/pkcs10",
                "Content-Transfer-Encoding": "base64",
            ]
        )
        request.body = Array(Base64.encode(wanted.der).utf8)
        let authority = try authority()
        let response = try call(
            request,
            code.map { .basic(user: device, password: $0) },
            identity
        )
        let found = try CertificatesOnly(base64: response.body).certificates
        guard let own = found.first(where: { key.matches($0) }) else {
            throw CommandFailure(
                RemoteExit.protocolFault,
                "the server sent no certificate for the key it was asked for"
            )
        }
        guard try own.commonNames() == [device], own.isIssued(by: authority) else {
            throw CommandFailure(
                RemoteExit.protocolFault,
                "the certificate does not name \(device), or is not the authority's"
            )
        }
        return (own, authority)
    }

    /// Whether the server takes the identity: it gives a token to whom it knows.
    func accepts(_ identity: IdentitySource) throws(CommandFailure) {
        _ = try call(
            RESTRequest(.post, "/devicecontrol/deviceAccessToken", fields: ["Accept": "*/*"]),
            nil,
            identity
        )
    }
}
