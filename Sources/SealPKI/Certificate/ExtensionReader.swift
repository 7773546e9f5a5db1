// SPDX-License-Identifier: Apache-2.0
// Reading the values of extensions (RFC 5280 §4.2 and §5.2). Whether they may stand where they
// stand is decided by CertificateDefects and by the verification.

enum ExtensionReader {
    /// A certificate with more extensions is not read.
    static let countMax = 1000

    /// Reads a list of extensions; a value that cannot be read becomes `malformed`.
    static func list(
        _ reader: DERReader,
        _ what: String
    ) throws(PKIError)
        -> [CertificateExtension]
    {
        var reader = reader
        var all: [CertificateExtension] = []
        while !reader.isAtEnd {
            guard all.count < countMax else {
                throw DERReader.fault(what, "are more than \(countMax)")
            }
            var fields = try reader.sequence(what)
            let id = try fields.oid(what)
            let flag = try fields.takeOptional(DERTag.boolean, what)
            var isCritical = false
            if let flag { isCritical = try DERReader.boolean(flag, what) }
            let value = Array(try fields.take(DERTag.octetString, what).contents)
            try fields.end(what)
            // The first field of basicConstraints has a default as well.
            let beginsWithFalse = value.dropFirst(2).starts(with: [DERTag.boolean, 1, 0])
            all.append(
                CertificateExtension(
                    id: id,
                    isCritical: isCritical,
                    value: value,
                    content: content(id, value),
                    writesDefault: flag != nil && !isCritical
                        || id == .basicConstraints && beginsWithFalse
                )
            )
        }
        return all
    }

    private static func content(_ id: OID, _ value: [UInt8]) -> ExtensionContent {
        guard let read = readers[id] else { return .unknown }
        var reader = DERReader(value)
        let what = id.shown
        do throws(PKIError) {
            let content = try read(&reader, what)
            try reader.end(what)
            return content
        } catch {
            return .malformed(error.reason)
        }
    }

    private typealias Read =
        @Sendable (inout DERReader, String) throws(PKIError) -> ExtensionContent

    private static let readers: [OID: Read] = [
        .basicConstraints: basicConstraints, .keyUsage: keyUsage, .extendedKeyUsage: purposes,
        .subjectAlternativeName: names, .issuerAlternativeName: names, .entryIssuer: names,
        .authorityKeyIdentifier: authorityKey, .subjectKeyIdentifier: subjectKey,
        .distributionPoints: distributionPoints, .freshestList: distributionPoints,
        .authorityInformation: access, .subjectInformation: access,
        .certificatePolicies: policies, .policyMappings: policyMappings,
        .policyConstraints: policyConstraints, .inhibitAnyPolicy: inhibitAnyPolicy,
        .nameConstraints: nameConstraints, .netscapeType: netscapeType,
        .netscapeComment: comment, .tlsFeature: tlsFeatures, .listNumber: number,
        .deltaIndicator: number, .issuingDistributionPoint: scope, .reasonCode: reason,
        .invalidityDate: moment, .ocspNoCheck: nothing,
    ]

    @Sendable
    private static func basicConstraints(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        var fields = try reader.sequence(what)
        var isAuthority = false
        if fields.tag == DERTag.boolean { isAuthority = try fields.boolean(what) }
        var pathLength: Int?
        if fields.tag == DERTag.integer { pathLength = try fields.count(what) }
        try fields.end(what)
        return .basicConstraints(isAuthority: isAuthority, pathLength: pathLength)
    }

    @Sendable
    private static func keyUsage(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        let (bytes, _) = try reader.bits(what)
        guard bytes.count <= 2 else { throw DERReader.fault(what, "has too many bits") }
        return .keyUsage(KeyUsage(rawValue: mask(bytes)))
    }

    /// Named bits as a mask in which bit 0 of the standard is the lowest.
    private static func mask(_ bytes: [UInt8]) -> UInt16 {
        var mask: UInt16 = 0
        for (place, byte) in bytes.prefix(2).enumerated() {
            for bit in 0..<8 where byte >> UInt8(7 - bit) & 1 == 1 {
                mask |= 1 << UInt16(place * 8 + bit)
            }
        }
        return mask
    }

    @Sendable
    private static func purposes(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        var fields = try reader.sequence(what)
        var all: [OID] = []
        repeat { all.append(try fields.oid(what)) } while !fields.isAtEnd
        return .purposes(all)
    }

    @Sendable
    private static func names(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        .names(try GeneralName.list(try reader.take(DERTag.sequence, what), what))
    }

    @Sendable
    private static func authorityKey(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        var fields = try reader.sequence(what)
        let id = try fields.takeOptional(DERTag.context(0), what)?.contents
        var issuer: [GeneralName] = []
        if let value = try fields.takeOptional(DERTag.constructed(1), what) {
            issuer = try GeneralName.list(value, what)
        }
        var serial: [UInt8]?
        if let value = try fields.takeOptional(DERTag.context(2), what) {
            serial = try DERReader.integer(value, what)
        }
        try fields.end(what)
        return .authorityKey(id: id.map(Array.init), issuer: issuer, serial: serial)
    }

    @Sendable
    private static func subjectKey(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        .subjectKey(Array(try reader.take(DERTag.octetString, what).contents))
    }

    @Sendable
    private static func distributionPoints(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        var list = try reader.sequence(what)
        var all: [DistributionPoint] = []
        repeat {
            var fields = try list.sequence(what)
            var point = DistributionPoint()
            if let place = try fields.takeOptional(DERTag.constructed(0), what) {
                (point.names, point.relative) = try pointName(place, what)
            }
            if let value = try fields.takeOptional(DERTag.context(1), what) {
                point.reasons = mask(try DERReader.bits(value, what).bytes)
            }
            if let value = try fields.takeOptional(DERTag.constructed(2), what) {
                point.listIssuer = try GeneralName.list(value, what)
            }
            try fields.end(what)
            all.append(point)
        } while !list.isAtEnd
        return .distributionPoints(all)
    }

    /// A full name or a name below the issuer's.
    private static func pointName(
        _ value: DERValue,
        _ what: String
    ) throws(PKIError) -> ([GeneralName], DERValue?) {
        var inside = value.inside
        let choice = try inside.next(what)
        try inside.end(what)
        switch choice.tag {
        case DERTag.constructed(0): return (try GeneralName.list(choice, what), nil)
        case DERTag.constructed(1):
            _ = try CertificateName.part(choice, what)
            return ([], choice)
        default: throw DERReader.fault(what, "names a place of an unknown kind")
        }
    }

    @Sendable
    private static func access(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        var list = try reader.sequence(what)
        var all: [(method: OID, place: GeneralName)] = []
        repeat {
            var fields = try list.sequence(what)
            let method = try fields.oid(what)
            all.append((method, try GeneralName(reading: try fields.next(what), what)))
            try fields.end(what)
        } while !list.isAtEnd
        return .access(all)
    }

    @Sendable
    private static func nameConstraints(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        var fields = try reader.sequence(what)
        var constraints = NameConstraints()
        if let value = try fields.takeOptional(DERTag.constructed(0), what) {
            constraints.permitted = try subtrees(value, what)
        }
        if let value = try fields.takeOptional(DERTag.constructed(1), what) {
            constraints.excluded = try subtrees(value, what)
        }
        try fields.end(what)
        guard !constraints.permitted.isEmpty || !constraints.excluded.isEmpty else {
            throw DERReader.fault(what, "is empty")
        }
        return .nameConstraints(constraints)
    }

    private static func subtrees(
        _ value: DERValue,
        _ what: String
    ) throws(PKIError) -> [GeneralName] {
        var list = value.inside
        var all: [GeneralName] = []
        repeat {
            var fields = try list.sequence(what)
            let name = try GeneralName(reading: try fields.next(what), what)
            // RFC 5280 §4.2.1.10: minimum is 0 and not written, maximum is absent.
            guard fields.isAtEnd else {
                throw DERReader.fault(what, "limits distances, which RFC 5280 does not allow")
            }
            if let fault = NameMatching.constraintFault(name) {
                throw DERReader.fault(what, fault)
            }
            all.append(name)
            guard all.count <= GeneralName.countMax else {
                throw DERReader.fault(what, "holds more than \(GeneralName.countMax) names")
            }
        } while !list.isAtEnd
        return all
    }

    @Sendable
    private static func netscapeType(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        .netscapeType(try reader.bits(what).bytes.first ?? 0)
    }

    @Sendable
    private static func comment(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        let value = try reader.next(what)
        guard let text = CertificateText.decoded(Array(value.contents), tag: value.tag) else {
            throw DERReader.fault(what, "is not text")
        }
        return .comment(text)
    }

    @Sendable
    private static func tlsFeatures(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        var list = try reader.sequence(what)
        var all: [Int] = []
        while !list.isAtEnd { all.append(try list.count(what)) }
        return .tlsFeatures(all)
    }

    @Sendable
    private static func number(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        let bytes = try reader.integer(what)
        guard bytes[0] & 0x80 == 0 else { throw DERReader.fault(what, "is negative") }
        return .number(bytes)
    }

    @Sendable
    private static func scope(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        var fields = try reader.sequence(what)
        var scope = ListScope()
        if let place = try fields.takeOptional(DERTag.constructed(0), what) {
            (scope.names, scope.relative) = try pointName(place, what)
        }
        func flag(_ number: UInt8) throws(PKIError) -> Bool {
            guard let value = try fields.takeOptional(DERTag.context(number), what) else {
                return false
            }
            return try DERReader.boolean(value, what)
        }
        scope.isUsersOnly = try flag(1)
        scope.isAuthoritiesOnly = try flag(2)
        if let value = try fields.takeOptional(DERTag.context(3), what) {
            scope.reasons = mask(try DERReader.bits(value, what).bytes)
        }
        scope.isIndirect = try flag(4)
        scope.isAttributesOnly = try flag(5)
        try fields.end(what)
        return .scope(scope)
    }

    @Sendable
    private static func reason(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        let value = try reader.take(DERTag.enumerated, what)
        guard value.contents.count == 1, let code = value.contents.first, code <= 10, code != 7
        else { throw DERReader.fault(what, "is not a known reason") }
        return .reason(code)
    }

    @Sendable
    private static func moment(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        .moment(try DERTime.read(try reader.take(DERTag.generalizedTime, what), what).seconds)
    }

    @Sendable
    private static func nothing(
        _ reader: inout DERReader,
        _ what: String
    ) throws(PKIError) -> ExtensionContent {
        _ = try reader.take(DERTag.null, what)
        return .nothing
    }
}
