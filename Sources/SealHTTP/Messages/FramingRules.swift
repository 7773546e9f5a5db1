// SPDX-License-Identifier: Apache-2.0
// What a complete head must satisfy before anything acts on it: Host, and one clear statement of
// where the body ends.

internal import SealBytes

enum FramingRules {
    /// `scheme` is the one of the connection; nil when any will do.
    static func apply(
        to head: inout RequestHead,
        limits: HTTPLimits,
        scheme: String?
    ) throws(HTTPError) {
        try checkHost(head)
        try checkTarget(head, scheme)
        let codings = head.fields.values(of: "Transfer-Encoding")
        let lengths = head.fields.values(of: "Content-Length")
        if !codings.isEmpty {
            // RFC 9112 §6.1, §6.3: both together, or a coding in HTTP/1.0, is how requests are
            // smuggled past another reader.
            guard lengths.isEmpty, head.minorVersion >= 1 else {
                throw HTTPError(
                    .conflictingLength,
                    "Transfer-Encoding contradicts the rest of the head."
                )
            }
            try checkCodings(codings)
            guard limits.bodyBytesMax > 0 else { throw bodyTooLarge(limits.bodyBytesMax) }
            head.body = .chunked
        } else if !lengths.isEmpty {
            let length = try length(lengths)
            guard length <= limits.bodyBytesMax else { throw bodyTooLarge(limits.bodyBytesMax) }
            head.body = length == 0 ? .none : .length(length)
        }
        try checkExpectation(&head)
    }

    /// RFC 9112 §3.2: exactly one Host in HTTP/1.1, never two.
    private static func checkHost(_ head: RequestHead) throws(HTTPError) {
        let hosts = head.fields.values(of: "Host")
        guard hosts.count <= 1, hosts.count == 1 || head.minorVersion == 0 else {
            throw HTTPError(
                .badHost,
                hosts.isEmpty ? "The Host field is missing." : "There are two Hosts."
            )
        }
        guard hosts.allSatisfy({ $0.utf8.allSatisfy(Grammar.isHost) }) else {
            throw HTTPError(.badHost, "The Host field is not a name or an address.")
        }
    }

    /// RFC 9112 §3.2.2, RFC 9110 §7.4: what the target names must be here, and the field Host says
    /// the same.
    private static func checkTarget(_ head: RequestHead, _ scheme: String?) throws(HTTPError) {
        guard let named = head.scheme, let authority = head.authority else { return }
        if let scheme, !Fields.isSame(named, scheme) {
            throw HTTPError(
                .wrongScheme,
                "The target names \(named), and this connection is \(scheme)."
            )
        }
        guard let host = head.fields["Host"] else { return }
        let port = Fields.isSame(named, "https") ? ":443" : ":80"
        guard Fields.isSame(bare(authority, port), bare(host, port)) else {
            throw HTTPError(.badHost, "The Host field is another than the target names.")
        }
    }

    /// The authority without the port that its scheme has anyway.
    private static func bare(_ authority: String, _ port: String) -> String {
        authority.ends(with: port) ? String(authority.dropLast(port.utf8.count)) : authority
    }

    /// RFC 9112 §6.1: `chunked` is the only coding taken, alone and once.
    static func checkCodings(_ codings: [String]) throws(HTTPError) {
        if codings.count == 1, let coding = codings.first, Fields.isSame(coding, "chunked") {
            return
        }
        let all = codings.flatMap { $0.split(atByte: ",") }
            .map { String(Grammar.trimmed($0.utf8)) ?? "" }
        let chunkedCount = all.count { Fields.isSame($0, "chunked") }
        guard chunkedCount == 1, let last = all.last, Fields.isSame(last, "chunked"),
            all.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(Grammar.isToken) })
        else {
            throw HTTPError(
                .malformedTransferCoding,
                "Transfer-Encoding does not end in chunked, or says it twice."
            )
        }
        throw HTTPError(
            .unsupportedTransferCoding,
            "No transfer coding but chunked is taken."
        )
    }

    /// RFC 9112 §6.3: several lengths are refused even when they agree.
    static func length(_ lengths: [String]) throws(HTTPError) -> Int {
        guard lengths.count == 1, let text = lengths.first?.utf8, !text.isEmpty,
            text.allSatisfy(Grammar.isDigit)
        else {
            throw HTTPError(.conflictingLength, "Content-Length is not one whole number.")
        }
        // What does not fit is larger than any limit.
        return Int(String(text)) ?? .max
    }

    static func bodyTooLarge(_ bytesMax: Int) -> HTTPError {
        HTTPError(.bodyTooLarge, "The body exceeds \(bytesMax) bytes.")
    }

    private static func checkExpectation(_ head: inout RequestHead) throws(HTTPError) {
        for value in head.fields.values(of: "Expect") {
            guard Fields.isSame(value, "100-continue") else {
                throw HTTPError(.unmetExpectation, "Only the expectation 100-continue is known.")
            }
            // RFC 9110 §10.1.1: ignored in HTTP/1.0 and without a body.
            head.expectsContinue = head.minorVersion >= 1 && head.body != .none
        }
    }
}
