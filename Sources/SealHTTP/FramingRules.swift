// SPDX-License-Identifier: Apache-2.0
// What a complete head must satisfy before anything acts on it: Host, and one clear statement of
// where the body ends.

enum FramingRules {
    static func apply(to head: inout RequestHead, limits: HTTPLimits) throws(HTTPError) {
        try checkHost(head)
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
            throw HTTPError(
                .unsupportedTransferCoding,
                "Transfer codings are not taken; send Content-Length."
            )
        }
        if !lengths.isEmpty {
            head.body = try framing(lengths, limits: limits)
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

    /// RFC 9112 §6.3: several lengths are refused even when they agree.
    private static func framing(
        _ lengths: [String],
        limits: HTTPLimits
    ) throws(HTTPError) -> RequestHead.BodyFraming {
        guard lengths.count == 1, let text = lengths.first?.utf8, !text.isEmpty,
            text.allSatisfy(Grammar.isDigit)
        else {
            throw HTTPError(.conflictingLength, "Content-Length is not one whole number.")
        }
        guard let length = Int(String(text)), length <= limits.bodyBytesMax else {
            throw HTTPError(.bodyTooLarge, "The body exceeds \(limits.bodyBytesMax) bytes.")
        }
        return length == 0 ? .none : .length(length)
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
