// SPDX-License-Identifier: Apache-2.0
// Reading the four extensions about policies (RFC 5280 §4.2.1.4, §4.2.1.5, §4.2.1.11 and
// §4.2.1.14). What they come to along a chain is PolicyState's.

extension ExtensionReader {
    @Sendable
    static func policies(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        var list = try reader.sequence(what)
        var all: [CertificatePolicy] = []
        var seen: Set<OID> = []
        repeat {
            var fields = try list.sequence(what)
            let id = try fields.oid(what)
            guard seen.insert(id).inserted else {
                throw DERReader.fault(what, "names the policy \(id) twice")
            }
            var qualifiers: [(kind: OID, text: String)] = []
            if !fields.isAtEnd {
                var inside = try fields.sequence(what)
                repeat {
                    var pair = try inside.sequence(what)
                    let kind = try pair.oid(what)
                    let value = try pair.next(what)
                    try pair.end(what)
                    let text = CertificateText.decoded(Array(value.contents), tag: value.tag)
                    let shown =
                        text.map(CertificateText.printable)
                        ?? CertificateText.hex(value.contents.prefix(256))
                    qualifiers.append((kind, shown))
                } while !inside.isAtEnd
            }
            try fields.end(what)
            all.append(CertificatePolicy(id: id, qualifiers: qualifiers))
        } while !list.isAtEnd
        return .policies(all)
    }

    @Sendable
    static func policyMappings(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        var list = try reader.sequence(what)
        var all: [(issuer: OID, subject: OID)] = []
        repeat {
            var pair = try list.sequence(what)
            all.append((try pair.oid(what), try pair.oid(what)))
            try pair.end(what)
        } while !list.isAtEnd
        return .policyMappings(all)
    }

    @Sendable
    static func policyConstraints(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        var fields = try reader.sequence(what)
        var explicit: Int?
        var mapping: Int?
        if let value = try fields.takeOptional(DERTag.context(0), what) {
            explicit = try DERReader.count(value, what)
        }
        if let value = try fields.takeOptional(DERTag.context(1), what) {
            mapping = try DERReader.count(value, what)
        }
        try fields.end(what)
        guard explicit != nil || mapping != nil else { throw DERReader.fault(what, "is empty") }
        return .policyConstraints(requireExplicit: explicit, inhibitMapping: mapping)
    }

    @Sendable
    static func inhibitAnyPolicy(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        .inhibitAnyPolicy(try reader.count(what))
    }
}
