// SPDX-License-Identifier: Apache-2.0
// Which certificate belongs to which key in a PKCS #12 file, and which chain follows from it. The
// file itself only links a key to its own certificate.

internal import COpenSSL
internal import SealBytes

/// The entries that the bags of a file come to.
struct PKCS12Assembly {
    private let bags: PKCS12Bags
    private let password: KeystorePassword?
    private let limits: KeystoreLimits
    private var bySubject: [UInt: [Int]] = [:]
    private var byLink: [[UInt8]: [Int]] = [:]

    /// So many certificates of one name are tried as the issuer of another.
    private static let sameNameMax = 16
    /// Among so many keys those without a link are opened to find their certificates.
    private static let unlinkedMax = 64

    init(_ bags: PKCS12Bags, _ password: KeystorePassword?, _ limits: KeystoreLimits) {
        self.bags = bags
        self.password = password
        self.limits = limits
        for (index, bag) in bags.certificates.enumerated() {
            bySubject[X509_subject_name_hash(bag.certificate.pointer), default: []].append(index)
            if let link = bag.attributes.link { byLink[link, default: []].append(index) }
        }
    }

    /// The entries, and the certificates that belong to none.
    func entries(
        _ budget: inout IterationBudget
    ) throws(PKIError) -> ([KeystoreEntry], [Certificate]) {
        var names = AliasTaker()
        var entries: [KeystoreEntry] = []
        var isUsed = [Bool](repeating: false, count: bags.certificates.count)
        var issuers: [Int: Int?] = [:]
        for (key, attributes) in bags.keys {
            let leaf = leaf(of: key, attributes, &budget)
            var chain: [Int] = []
            if let leaf { chain = try self.chain(from: leaf, &issuers) }
            for index in chain { isUsed[index] = true }
            let name = attributes.name ?? leaf.flatMap { bags.certificates[$0].attributes.name }
            entries.append(
                KeystoreEntry(
                    alias: names.take(name),
                    created: Self.time(attributes.link),
                    content: .key(key, chain: chain.map { bags.certificates[$0].certificate })
                )
            )
        }
        var other: [Certificate] = []
        for (index, bag) in bags.certificates.enumerated() {
            // A file without keys is a list of what is trusted, even if Java does not see it.
            guard bag.attributes.isTrusted || (!isUsed[index] && bags.keys.isEmpty) else {
                if !isUsed[index] { other.append(bag.certificate) }
                continue
            }
            var entry = KeystoreEntry(
                alias: names.take(bag.attributes.name),
                created: nil,
                content: .trusted(bag.certificate)
            )
            entry.isSeenByJava = bag.attributes.isTrusted && bag.attributes.name != nil
            entries.append(entry)
        }
        guard entries.count <= limits.entriesMax, other.count <= limits.entriesMax else {
            throw PKIError(
                .keystoreLimit,
                "the keystore has \(max(entries.count, other.count)) entries; "
                    + "\(limits.entriesMax) are allowed"
            )
        }
        return (entries, other)
    }

    /// The certificate of a key: the one with the same link, else the one that fits the key.
    private func leaf(
        of key: KeystoreKey,
        _ attributes: PKCS12Bags.Attributes,
        _ budget: inout IterationBudget
    ) -> Int? {
        let linked = attributes.link.flatMap { byLink[$0] } ?? []
        if linked.count == 1 { return linked.first }
        let candidates = linked.isEmpty ? Array(bags.certificates.indices) : linked
        if let open = opened(key, &budget) {
            return candidates.first { open.matches(bags.certificates[$0].certificate) }
        }
        return linked.first { !bags.certificates[$0].certificate.isAuthority } ?? linked.first
    }

    private func opened(_ key: KeystoreKey, _ budget: inout IterationBudget) -> PrivateKey? {
        switch key {
        case .open(let open): return open
        case .sealed(let sealed):
            guard let password, bags.keys.count <= Self.unlinkedMax else { return nil }
            return try? sealed.opened(password, &budget)
        }
    }

    /// From a certificate to its issuer and on, as far as the file goes.
    private func chain(
        from leaf: Int,
        _ issuers: inout [Int: Int?]
    ) throws(PKIError) -> [Int] {
        var chain = [leaf]
        while let last = chain.last {
            let next: Int?
            if let known = issuers[last] {
                next = known
            } else {
                next = issuer(of: last)
                issuers[last] = .some(next)
            }
            guard let next, !chain.contains(next) else { break }
            chain.append(next)
            guard chain.count <= limits.chainMax else {
                throw PKIError(
                    .keystoreLimit,
                    "the keystore has a chain of more than \(limits.chainMax) certificates"
                )
            }
        }
        return chain
    }

    private func issuer(of index: Int) -> Int? {
        let certificate = bags.certificates[index].certificate
        let hash = X509_issuer_name_hash(certificate.pointer)
        if hash == X509_subject_name_hash(certificate.pointer), certificate.isSelfSigned {
            return nil
        }
        return (bySubject[hash] ?? []).prefix(Self.sameNameMax).first {
            $0 != index && certificate.isIssued(by: bags.certificates[$0].certificate)
        }
    }

    /// Java links a key to its certificate by the time it was made: `Time 1700000000000`.
    private static func time(_ link: [UInt8]?) -> Int64? {
        guard let link, link.count < 32, link.starts(with: Array("Time ".utf8)) else { return nil }
        return Int64(String(decoding: link.dropFirst(5), as: UTF8.self)).flatMap {
            $0 >= 0 ? $0 : nil
        }
    }
}

/// Gives each entry a name of its own.
struct AliasTaker {
    private var taken: Set<Name> = []
    /// The number to try next behind a name: a file of one name only must not cost its square.
    private var numbers: [Name: Int] = [:]
    private var count = 0

    /// The name if it is free, else one made of it; a number where there is none, as Java does.
    mutating func take(_ name: String?) -> String {
        var wanted = name ?? ""
        if wanted.isEmpty {
            count += 1
            wanted = String(count)
        }
        let key = Name(wanted.lowercased())
        var free = wanted
        while !taken.insert(Name(free.lowercased())).inserted {
            let number = numbers[key, default: 2]
            numbers[key] = number + 1
            free = "\(wanted)-\(number)"
        }
        return free
    }
}
