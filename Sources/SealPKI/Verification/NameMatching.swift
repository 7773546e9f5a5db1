// SPDX-License-Identifier: Apache-2.0
// Whether a name lies below another one (RFC 5280 §4.2.1.10), and whether a certificate names a
// host (RFC 9525). What is asked of which certificate is decided in NameConstraintCheck.

internal import SealBytes

enum NameMatching {
    /// How a name lies to a subtree.
    enum Verdict: Equatable {
        case inside
        case outside
        /// It cannot be said, for the reason given.
        case unknown(String)
    }

    // MARK: - Constraints by themselves

    /// What is wrong with a name as a constraint; nil when nothing is.
    ///
    /// The sentence holds what an authority wrote, made safe to print.
    static func constraintFault(_ name: GeneralName) -> String? {
        fault(in: name).map(CertificateText.printable)
    }

    private static func fault(in name: GeneralName) -> String? {
        switch name {
        case .dns(let host):
            host.isEmpty || isHostName(host) ? nil : "constrains to \"\(host)\", no host name"
        case .email(let text): emailConstraintFault(text)
        case .uri(let text):
            isHostName(text.begins(with: ".") ? text.dropping(bytes: 1) : text)
                ? nil : "constrains URIs to \"\(text)\", no host name"
        case .address(let bytes): addressFault(bytes)
        default: nil
        }
    }

    private static func emailConstraintFault(_ text: String) -> String? {
        if text.utf8.contains(UInt8(ascii: "@")) {
            return mailbox(text) == nil ? "constrains to \"\(text)\", no mail address" : nil
        }
        return isHostName(text.begins(with: ".") ? text.dropping(bytes: 1) : text)
            ? nil : "constrains mail to \"\(text)\", no host name"
    }

    private static func addressFault(_ bytes: [UInt8]) -> String? {
        guard bytes.count == 8 || bytes.count == 32 else {
            return "constrains to an address without a mask"
        }
        var isOver = false
        for byte in bytes.suffix(bytes.count / 2) {
            for bit in (0..<8).reversed() {
                let isSet = byte >> UInt8(bit) & 1 == 1
                if isSet, isOver { return "has an address mask with holes" }
                isOver = isOver || !isSet
            }
        }
        return nil
    }

    // MARK: - Names against constraints

    /// Whether the name is of the constraint's kind.
    static func isSameKind(_ name: GeneralName, _ constraint: GeneralName) -> Bool {
        switch (name, constraint) {
        case (.dns, .dns), (.email, .email), (.uri, .uri), (.address, .address),
            (.directory, .directory), (.registered, .registered):
            true
        case (.other(let left, _), .other(let right, _)): left == right
        case (.foreign(let left, _), .foreign(let right, _)): left == right
        default: false
        }
    }

    /// How the name lies to the constraint, which is of its kind.
    ///
    /// A wildcard stands for many names: for what is permitted all of them must lie inside, for
    /// what is excluded one of them is enough.
    static func verdict(
        _ name: GeneralName,
        _ constraint: GeneralName,
        isExclusion: Bool
    ) -> Verdict {
        switch (name, constraint) {
        case (.dns(let host), .dns(let tree)): dns(host, tree, isExclusion)
        case (.email(let address), .email(let tree)): email(address, tree)
        case (.uri(let uri), .uri(let tree)): self.uri(uri, tree)
        case (.address(let address), .address(let tree)): self.address(address, tree)
        case (.directory(let name), .directory(let tree)): name.isBelow(tree) ? .inside : .outside
        default: .unknown("constraints for names of this kind are not known")
        }
    }

    private static func dns(_ host: String, _ tree: String, _ isExclusion: Bool) -> Verdict {
        let isWildcard = host.begins(with: "*.")
        let plain = isWildcard ? host.dropping(bytes: 2) : host
        guard isHostName(plain) else { return .unknown("it is no host name") }
        if isBelow(plain, tree) { return .inside }
        guard isWildcard, isExclusion, let parent = parent(of: tree) else { return .outside }
        return parent.isSameASCII(plain) ? .inside : .outside
    }

    private static func isBelow(_ host: String, _ tree: String) -> Bool {
        let (host, tree) = (host.lowerASCII, tree.lowerASCII)
        return tree.isEmpty || host.isSame(as: tree) || host.ends(with: "." + tree)
    }

    /// A domain with a dot before it means hosts in it; without one it is a host itself.
    private static func isHost(_ host: String, in tree: String) -> Bool {
        let (host, tree) = (host.lowerASCII, tree.lowerASCII)
        if tree.begins(with: ".") {
            return host.ends(with: tree) && host.utf8.count > tree.utf8.count
        }
        return host.isSame(as: tree)
    }

    private static func email(_ text: String, _ tree: String) -> Verdict {
        guard let (local, host) = mailbox(text) else { return .unknown("it is no mail address") }
        if let wanted = mailbox(tree) {
            // RFC 5280 §7.5: the part before the @ is compared exactly.
            let isSame = wanted.local.isSame(as: local) && wanted.host.isSameASCII(host)
            return isSame ? .inside : .outside
        }
        return isHost(host, in: tree) ? .inside : .outside
    }

    private static func uri(_ text: String, _ tree: String) -> Verdict {
        guard let host = uriHost(text), isHostName(host), addressBytes(host) == nil else {
            return .unknown("the URI has no host name")
        }
        return isHost(host, in: tree) ? .inside : .outside
    }

    private static func address(_ bytes: [UInt8], _ tree: [UInt8]) -> Verdict {
        guard bytes.count == 4 || bytes.count == 16 else { return .unknown("it is no address") }
        guard tree.count == bytes.count * 2 else { return .outside }
        for (index, byte) in bytes.enumerated() {
            let mask = tree[bytes.count + index]
            if byte & mask != tree[index] & mask { return .outside }
        }
        return .inside
    }

    // MARK: - Parts of names

    /// Whether the text is a host name: labels of letters, digits, hyphens and underscores.
    static func isHostName(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= 253 else { return false }
        for label in bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard (1...63).contains(label.count), label.first != UInt8(ascii: "-"),
                label.last != UInt8(ascii: "-"), label.allSatisfy(isHostByte)
            else { return false }
        }
        return true
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
        default: false
        }
    }

    /// The two parts of a mail address.
    static func mailbox(_ text: String) -> (local: String, host: String)? {
        let parts = text.split(atByte: "@")
        guard parts.count == 2, !parts[0].isEmpty, isHostName(parts[1]) else { return nil }
        return (parts[0], parts[1])
    }

    /// The host of a URI (RFC 3986 §3.2.2).
    static func uriHost(_ text: String) -> String? {
        let parts = text.split(atByte: ":", maxSplits: 1)
        guard parts.count == 2, parts[1].begins(with: "//") else { return nil }
        var authority = parts[1].utf8.dropFirst(2).prefix { !"/?#".utf8.contains($0) }
        if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
            authority = authority[at...].dropFirst()
        }
        if authority.first == UInt8(ascii: "[") { return nil }
        let host = authority.prefix { $0 != UInt8(ascii: ":") }
        return host.isEmpty ? nil : String(decoding: host, as: UTF8.self)
    }

    // MARK: - Hosts

    /// Whether the certificate names the host or address; common names do not count.
    static func names(_ names: [GeneralName], host: String) -> Bool {
        if let wanted = addressBytes(host) {
            return names.contains {
                if case .address(let bytes) = $0 { bytes == wanted } else { false }
            }
        }
        let wanted = withoutDot(host).lowerASCII
        return names.contains {
            if case .dns(let name) = $0 { matches(name.lowerASCII, wanted) } else { false }
        }
    }

    /// RFC 9525 §6.3: a wildcard is the whole first label and stands for one label.
    private static func matches(_ name: String, _ host: String) -> Bool {
        guard isHostName(host) else { return false }
        guard name.begins(with: "*.") else { return isHostName(name) && name.isSame(as: host) }
        let tail = name.dropping(bytes: 2)
        guard isHostName(tail), tail.utf8.contains(UInt8(ascii: ".")), let parent = parent(of: host)
        else { return false }
        return parent.isSame(as: tail)
    }

    /// What stands behind the first dot.
    private static func parent(of host: String) -> String? {
        let parts = host.split(atByte: ".", maxSplits: 1)
        return parts.count == 2 ? parts[1] : nil
    }

    private static func withoutDot(_ host: String) -> String {
        host.ends(with: ".")
            ? String(decoding: host.utf8.dropLast(), as: UTF8.self) : host
    }
}
