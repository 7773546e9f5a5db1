// SPDX-License-Identifier: Apache-2.0
// The names of one certificate against the constraints of an authority above it. How single names
// are compared is NameMatching's.

struct NameConstraintCheck {
    private var comparisonsLeft: Int
    private(set) var isExhausted = false

    init(comparisonsMax: Int) { comparisonsLeft = comparisonsMax }

    /// What lies outside of the constraints, in words.
    mutating func faults(
        _ fields: CertificateFields,
        _ constraints: NameConstraints
    ) -> [String] {
        var faults: [String] = []
        for name in names(of: fields) {
            if let why = fault(name, constraints) { faults.append(why) }
            if isExhausted || faults.count >= 8 { break }
        }
        return faults
    }

    /// The subject counts as a directory name when it is not empty, and the mail addresses in it.
    private func names(of fields: CertificateFields) -> [GeneralName] {
        var names = fields.subjectNames
        if !fields.subject.isEmpty { names.append(.directory(fields.subject)) }
        return names + fields.subject.emailAddresses.map { .email($0) }
    }

    private mutating func fault(
        _ name: GeneralName,
        _ constraints: NameConstraints
    ) -> String? {
        for tree in constraints.excluded where NameMatching.isSameKind(name, tree) {
            guard spend() else { return nil }
            switch NameMatching.verdict(name, tree, isExclusion: true) {
            case .inside: return "\(name) is excluded (\(tree))"
            case .unknown(let why): return "\(name) cannot be compared: \(why)"
            case .outside: continue
            }
        }
        var isConstrained = false
        for tree in constraints.permitted where NameMatching.isSameKind(name, tree) {
            guard spend() else { return nil }
            isConstrained = true
            switch NameMatching.verdict(name, tree, isExclusion: false) {
            case .inside: return nil
            case .unknown(let why): return "\(name) cannot be compared: \(why)"
            case .outside: continue
            }
        }
        return isConstrained ? "\(name) is not among the permitted names" : nil
    }

    private mutating func spend() -> Bool {
        guard comparisonsLeft > 0 else {
            isExhausted = true
            return false
        }
        comparisonsLeft -= 1
        return true
    }
}
