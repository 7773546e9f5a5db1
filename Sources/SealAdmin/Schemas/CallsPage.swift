// SPDX-License-Identifier: Apache-2.0
// The page Documentation/rest.md, made of the table of calls.

internal import SealHTTP

/// Makes the page about all calls.
public enum CallsPage {
    /// The page in Markdown.
    public static func make(_ operations: [Operation] = OperationTable.all) -> String {
        var page = opening
        var tags: [String] = []
        for operation in operations where !tags.contains(operation.tag) {
            tags.append(operation.tag)
        }
        for tag in tags {
            page += "\n### \(tag)\n\n"
            page += "| call | does | who may | answers | refusals |\n|---|---|---|---|---|\n"
            for operation in operations where operation.tag == tag { page += row(operation) }
            for operation in operations where operation.tag == tag && !operation.note.isEmpty {
                page += "\n`\(operation.method) \(operation.path)`: \(operation.note)\n"
            }
        }
        return page
    }

    private static func row(_ operation: Operation) -> String {
        // These can come with every call.
        let everywhere: Set<Int> = [414, 431, 500, 503]
        let answers = operation.answers.map(\.status.code).sorted()
        let refusals = operation.refusals.subtracting(everywhere).subtracting(answers).sorted()
        return "| `\(operation.method) \(operation.path)` | \(operation.summary) | "
            + "\(admission(operation.admission)) | "
            + "\(answers.map(String.init).joined(separator: ", ")) | "
            + "\(refusals.map(String.init).joined(separator: ", ")) |\n"
    }

    private static func admission(_ admission: Admission) -> String {
        switch admission.proof {
        case .none: return "everybody"
        case .certificate: return "a device with its certificate"
        case .credentials: break
        }
        let roles = admission.roles.map { "`\($0.rawValue)`" }.sorted().joined(separator: ", ")
        let who = roles.isEmpty ? "any credentials" : roles
        switch admission.reach {
        case .own: return who
        case .ownOrManagement: return who + "; also of the management tenant"
        case .management: return who + " of the management tenant"
        }
    }

    private static let opening = """
        <!-- generated: make docs, from Sources/SealAdmin/Schemas/CallsPage.swift -->
        # REST

        The daemon answers these calls over HTTPS. `/openapi.json` says the same for programs, in
        OpenAPI 3.1, with every parameter, body, status and schema. Calls of Cumulocity and of
        ThingsBoard keep their own paths, media types, codes and error bodies; everything else is
        below `/api/v1`.

        ## Who calls

        | credentials | how |
        |---|---|
        | user and password | `Authorization: Basic` with `<tenant>/<user>:<password>` in \
        base64 (RFC 7617). The tenant may be left out when the host of the request is a \
        tenant's domain |
        | token | `Authorization: Bearer <token>`; ThingsBoard's calls also take \
        `X-Authorization: Bearer <token>` |
        | certificate | the client's certificate of the TLS connection, when there is no field \
        `Authorization` |

        The login is the one of every other protocol: the same checks, reasons and limit on \
        guesses.
        Wrong user, wrong password and unknown tenant get one answer, `api.credentials-wrong`; the
        true reason stands in the log and in `sealwire explain`. Every login, and every call that
        was refused for its caller, is noted there.

        A call happens in the tenant that its path names, else in the caller's. Users of other
        tenants get 403 whether the tenant exists or not; users of the management tenant may do \
        what
        the table says. `ROLE_TENANT_ADMIN` counts as every role in its own tenant. Devices have
        `ROLE_DEVICE` and see themselves only. A user whose password must be changed can do \
        nothing
        but that: `PUT /user/currentUser/password`.

        ## Refusals

        Every refusal has a reason with a stable code, the same as in logs, metrics and answers of
        other protocols. [Reasons](reasons.md) lists all, and `GET /api/v1/reasons/{code}` \
        explains
        one. The code is the member `reason` of every error body:

        | calls | media type | members beside `reason` |
        |---|---|---|
        | Cumulocity's | `application/vnd.com.nsn.cumulocity.error+json` | `error` \
        (`<area>/<name>`, such as `security/Unauthorized`), `message`, `info` (a link to the \
        reason) |
        | ThingsBoard's | `application/json` | `status`, `message`, `errorCode`, `timestamp` |
        | ours | `application/problem+json` (RFC 9457) | `type` (a link to the reason), \
        `title`, `status`, `detail` |
        | enrolment's (RFC 7030) | `text/plain` | a line that ends with the code in brackets |

        | status | when |
        |---|---|
        | 400 | a parameter or the body cannot be read; ThingsBoard's calls: the body's \
        contents are not valid |
        | 401 | no credentials, or they are not taken; `WWW-Authenticate` says which could be |
        | 403 | the caller may not do it |
        | 404 | there is no such thing, or no such call |
        | 405 | the path has other methods, which are in `Allow` |
        | 406, 415 | a media type that the call does not give, or does not take |
        | 409 | it is there already, or was changed meanwhile |
        | 413, 414, 431 | body, address or head are too large |
        | 422 | the body can be read, and its contents are not valid |
        | 429 | too many wrong guesses, or a file of the tenant is under way; `Retry-After` says \
        when to come back |
        | 421 | the target of the request names another scheme than the connection's |
        | 500, 503 | something went wrong here; the registry cannot answer now, as much is under \
        way as may be, or the server ends. Every call can have these |

        What cannot be read as HTTP, takes too long, or finds no room is answered by the HTTP \
        layer,
        with a problem document and one of the [codes of HTTP](codes.md#http) as `reason`. Every
        answer has a `Date`, and over TLS `Strict-Transport-Security` (`hsts-max-age` in `[api]`).

        ## What a client may hold

        Before a body comes its head is judged: whoever has no good credentials may send 32 KiB, \
        and
        only to the calls that are for everybody. `Expect: 100-continue` is answered with 401, 403,
        413 or 429 before anything is sent. What arrived is counted for the address it comes from,
        and for all (`body-bytes-per-source`, `body-bytes-total`); files have a purse of their own
        (`bulk-bytes-total`), and of each tenant one is worked on at a time. Calls that compare or
        hash a password or look through all devices have threads of their own, on which tenants \
        and
        addresses take turns. When all connections are taken, idle ones make room for newcomers.

        The `error` texts of Cumulocity's calls about trusted certificates are our choice, as its
        makers publish none.

        ## Habits of Cumulocity's calls

        - A POST or PUT without `Accept` is answered with its status and an empty body, unless the
          answer is what it is for (tokens, credentials, codes, chains).
        - 201 has a `Location`. `null` removes a fragment. What a client sends back of what it \
        read
          and cannot change is passed over.
        - A POST with `X-HTTP-METHOD: PUT` (or GET, DELETE) is that method.
        - Media types are compared without case and parameters, and `application/json` is always
          taken in place of a type of Cumulocity's.
        - `X-Cumulocity-Processing-Mode` may be there; a change always counts before it is \
        answered.
        - Collections have pages: `pageSize` (5, at most 2000), `currentPage` (from 1),
          `withTotalPages`, `withTotalElements`. The answer holds `self`, `next` and `prev` where
          there are such pages, `statistics`, and the items.
        - Moments are written with milliseconds in UTC, and read with any zone.

        ## What a change ends

        Disabling or deleting a trusted certificate, revoking a serial number, deleting a \
        device and
        withdrawing a token end the connections that rely on them before the answer comes. The
        field `X-Sealwire-Ended-Connections` says how many; our own calls say it in the body, too.

        ## Every call

        The column *refusals* leaves out 414, 431, 500 and 503, which every call can have.

        """
}
