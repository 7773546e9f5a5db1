// SPDX-License-Identifier: Apache-2.0
// What a policy makes of the subject that was asked for: its fields, their order, and the names of
// those that are left out.

internal import COpenSSL
internal import CSys
internal import Glibc

/// Owns OpenSSL's form of a name.
final class NameOwner {
    let pointer: OpaquePointer

    init(_ attributes: [NameAttribute] = []) throws(PKIError) {
        guard let made = X509_NAME_new() else {
            throw PKIError(.cryptography, "there is no memory for a name")
        }
        pointer = made
        try DistinguishedName.fill(made, attributes)
    }

    deinit { X509_NAME_free(pointer) }

    /// The name as the database writes it: `/C=PL/O=Test/CN=dev1`.
    var line: String { NameOwner.line(pointer) }

    static func line(_ name: OpaquePointer?) -> String {
        // SAFETY: OpenSSL allocates the text, which is copied and freed here.
        guard let text = unsafe X509_NAME_oneline(name, nil, 0) else { return "" }
        defer { unsafe seal_free(text) }
        return unsafe String(cString: text)
    }
}

/// A subject after the policy.
struct GrantedSubject {
    let name: NameOwner
    /// The fields that were left out, as `organizationalUnitName=Lab`.
    let dropped: [String]
    /// As the database writes it.
    let line: String
}

/// The policy of an authority with the authority's own subject.
struct SubjectPolicy {
    private let rows: [(field: String, number: Int32, rule: PolicyRule)]
    private let issuerSubject: DistinguishedName
    private let isPreserved: Bool
    private let isEmailKept: Bool
    private let file: String

    /// A common name has at most so many characters (RFC 5280, ub-common-name).
    static let commonNameMax = 64

    init(_ settings: AuthoritySettings, issuer: Certificate) throws(PKIError) {
        var rows: [(field: String, number: Int32, rule: PolicyRule)] = []
        for (field, rule) in settings.policy {
            let number = OBJ_txt2nid(field)
            guard number != NID_undef else {
                throw PKIError(
                    .configuration,
                    "the policy in \(settings.file) names the field \(field), which is unknown"
                )
            }
            rows.append((field, number, rule))
        }
        self.rows = rows
        issuerSubject = try issuer.subject()
        isPreserved = settings.isSubjectPreserved
        isEmailKept = settings.isEmailInSubject
        file = settings.file
    }

    /// The subject for a device or server that is only known by its name: what has to match comes
    /// from the authority.
    func subject(commonName: String, more: [NameAttribute]) -> [NameAttribute] {
        var all: [NameAttribute] = []
        for row in rows where row.rule == .match {
            let type = short(row.number)
            if !more.contains(where: { short($0.type) == type }) {
                all += issuerSubject.attributes.filter { $0.type == type }
            }
        }
        return all + more + [NameAttribute("CN", commonName)]
    }

    private func short(_ number: Int32) -> String {
        // SAFETY: the short name is a constant of the library.
        unsafe OBJ_nid2sn(number).map { unsafe String(cString: $0) } ?? ""
    }

    private func short(_ type: String) -> String {
        let number = OBJ_txt2nid(type)
        return number == NID_undef ? type : short(number)
    }

    private func long(_ type: String) -> String {
        let number = OBJ_txt2nid(type)
        guard number != NID_undef, let name = unsafe OBJ_nid2ln(number) else { return type }
        // SAFETY: the long name is a constant of the library.
        return unsafe String(cString: name)
    }

    /// Applies the policy, and the rules for common names.
    func grant(_ wanted: [NameAttribute]) throws(PKIError) -> GrantedSubject {
        var left = wanted
        var dropped: [String] = []
        if !isEmailKept {
            dropped = left.filter { $0.type == "emailAddress" }.map(shown)
            left.removeAll { $0.type == "emailAddress" }
        }
        var granted: [NameAttribute] = []
        for row in rows {
            let type = short(row.number)
            let own = left.filter { $0.type == type }
            if own.isEmpty, row.rule != .optional {
                if type == "CN" { throw Self.noCommonName }
                throw PKIError(
                    .policyMissing,
                    "the subject has no \(row.field), which the policy in \(file) asks for"
                )
            }
            if row.rule == .match { try match(own, row.field, type) }
            granted += own
        }
        if isPreserved {
            granted = left
        } else {
            dropped += left.filter { one in !granted.contains { $0.type == one.type } }.map(shown)
        }
        try Self.check(granted)
        let name = try NameOwner(granted)
        return GrantedSubject(name: name, dropped: dropped, line: name.line)
    }

    private func shown(_ attribute: NameAttribute) -> String {
        "\(long(attribute.type))=\(attribute.value)"
    }

    private func match(
        _ own: [NameAttribute],
        _ field: String,
        _ type: String
    ) throws(PKIError) {
        let theirs = issuerSubject.values(type)
        guard let first = theirs.first else {
            throw PKIError(
                .policyMismatch,
                "the policy in \(file) wants \(field) to match, and the authority has none"
            )
        }
        for one in own where !theirs.contains(one.value) {
            throw PKIError(
                .policyMismatch,
                "\(field) is \"\(one.value)\", and the policy in \(file) wants it to be the "
                    + "authority's \"\(first)\""
            )
        }
    }

    private static let noCommonName = PKIError(
        .commonNameMissing,
        "the subject has no commonName",
        hint: "a device is known by it; put CN= into the subject"
    )

    /// The rules for common names: devices are known by them.
    static func check(_ attributes: [NameAttribute]) throws(PKIError) {
        let names = attributes.filter { $0.type == "CN" }.map(\.value)
        guard let name = names.first, !name.isEmpty else { throw noCommonName }
        for name in names {
            guard !name.contains(":") else {
                throw PKIError(
                    .commonNameRefused,
                    "the commonName \"\(name)\" holds a colon, which platforms refuse in the "
                        + "names of devices"
                )
            }
            guard name.unicodeScalars.count <= commonNameMax else {
                throw PKIError(
                    .commonNameRefused,
                    "the commonName \"\(name)\" is longer than \(commonNameMax) characters"
                )
            }
            guard name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
                throw PKIError(.commonNameRefused, "the commonName holds a control character")
            }
        }
    }
}
