// SPDX-License-Identifier: Apache-2.0
// Extensions in words for people: safe to print, whatever a certificate holds.

extension CertificateExtension {
    /// What the extension says, one entry a line.
    public var lines: [String] {
        switch content {
        case .basicConstraints(let isAuthority, let length):
            [(isAuthority ? "CA:TRUE" : "CA:FALSE") + (length.map { ", pathlen:\($0)" } ?? "")]
        case .keyUsage(let usage): [usage.names.joined(separator: ", ")]
        case .purposes(let all): [all.map(\.shown).joined(separator: ", ")]
        case .names(let names): names.map(\.description)
        case .authorityKey(let id, let issuer, let serial):
            [id.map { "keyid:" + CertificateText.colons($0) }].compactMap(\.self)
                + issuer.map(\.description)
                + [serial.map { "serial:" + CertificateText.colons($0) }].compactMap(\.self)
        case .subjectKey(let id): [CertificateText.colons(id)]
        case .distributionPoints(let points): points.flatMap(Self.lines)
        case .access(let all): all.map { "\($0.method.shown) - \($0.place)" }
        case .policies(let all): all.flatMap(Self.lines)
        case .policyMappings(let pairs):
            pairs.map { "\($0.issuer.shown) = \($0.subject.shown)" }
        case .policyConstraints(let explicit, let mapping):
            [
                explicit.map { "requireExplicitPolicy: \($0)" },
                mapping.map { "inhibitPolicyMapping: \($0)" },
            ].compactMap(\.self)
        case .inhibitAnyPolicy(let count): [String(count)]
        case .nameConstraints(let names):
            names.permitted.map { "permitted \($0)" } + names.excluded.map { "excluded \($0)" }
        case .netscapeType(let bits): [Self.netscapeWords(bits)]
        case .comment(let text): [CertificateText.printable(text)]
        case .tlsFeatures(let all):
            [all.map { $0 == 5 ? "status_request" : String($0) }.joined(separator: ", ")]
        case .number(let bytes): [DecimalDigits.unsigned(bytes) ?? CertificateText.hex(bytes)]
        case .scope(let scope): Self.lines(scope)
        case .reason(let code): [String(code)]
        case .moment(let seconds): [Moment.text(seconds)]
        case .nothing: []
        case .unknown: Self.digits(value)
        case .malformed(let why): ["not readable: \(why)"] + Self.digits(value)
        }
    }

    /// At most so many bytes of a value are shown.
    private static let digitBytesMax = 1024

    private static func digits(_ value: [UInt8]) -> [String] {
        var lines: [String] = []
        var rest = value.prefix(digitBytesMax)
        while !rest.isEmpty {
            lines.append(CertificateText.colons(Array(rest.prefix(24))))
            rest = rest.dropFirst(24)
        }
        if value.count > digitBytesMax { lines.append("... \(value.count) bytes in all") }
        return lines
    }

    private static func lines(_ point: DistributionPoint) -> [String] {
        var lines = point.names.map(\.description)
        if point.relative != nil { lines.append("a name below the issuer's") }
        if let reasons = point.reasons { lines.append("reasons: bits \(bits(reasons))") }
        return lines + point.listIssuer.map { "signed by \($0)" }
    }

    private static func lines(_ policy: CertificatePolicy) -> [String] {
        [policy.id.shown] + policy.qualifiers.map { "\($0.kind.shown): \($0.text)" }
    }

    private static func lines(_ scope: ListScope) -> [String] {
        var lines = scope.names.map(\.description)
        if scope.relative != nil { lines.append("a name below the issuer's") }
        if scope.isUsersOnly { lines.append("only certificates of no authorities") }
        if scope.isAuthoritiesOnly { lines.append("only certificates of authorities") }
        if scope.isAttributesOnly { lines.append("only attribute certificates") }
        if scope.isIndirect { lines.append("also of other issuers") }
        if let reasons = scope.reasons { lines.append("reasons: bits \(bits(reasons))") }
        return lines
    }

    private static func bits(_ mask: UInt16) -> String {
        (0..<16).filter { mask >> UInt16($0) & 1 == 1 }.map(String.init).joined(separator: ", ")
    }

    private static func netscapeWords(_ bits: UInt8) -> String {
        let words = [
            "SSL client", "SSL server", "S/MIME", "object signing", "reserved", "SSL CA",
            "S/MIME CA", "object signing CA",
        ]
        return words.enumerated().filter { bits >> UInt8(7 - $0.offset) & 1 == 1 }
            .map(\.element).joined(separator: ", ")
    }
}

extension CertificateText {
    /// Upper-case digits with a colon between bytes.
    static func colons(_ bytes: [UInt8]) -> String {
        bytes.map { hex([$0]) }.joined(separator: ":")
    }
}
