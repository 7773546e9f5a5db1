// SPDX-License-Identifier: Apache-2.0
// Subject alternative names by kind (RFC 5280 §4.2.1.6), and addresses between text and bytes.

internal import COpenSSL
internal import CSys
internal import Glibc

/// The subject alternative names of a certificate.
public struct SubjectNames: Equatable, Sendable {
    /// Host names, possibly with a wildcard.
    public var dns: [String]
    /// IP addresses as text.
    public var addresses: [String]
    /// URIs.
    public var uris: [String]
    /// Mail addresses.
    public var emails: [String]
    /// How many names are of other kinds.
    public var otherCount: Int

    /// Makes a list of names.
    public init(
        dns: [String] = [],
        addresses: [String] = [],
        uris: [String] = [],
        emails: [String] = []
    ) {
        self.dns = dns
        self.addresses = addresses
        self.uris = uris
        self.emails = emails
        otherCount = 0
    }

    /// Whether there is no name at all.
    public var isEmpty: Bool {
        dns.isEmpty && addresses.isEmpty && uris.isEmpty && emails.isEmpty && otherCount == 0
    }

    /// Reads the names of a certificate; a NUL byte in any of them refuses all.
    init(reading certificate: OpaquePointer) throws(PKIError) {
        try self.init(taking: seal_x509_subject_names(certificate))
    }

    /// Reads OpenSSL's names and frees them; NULL stands for none.
    init(taking names: OpaquePointer?) throws(PKIError) {
        self.init()
        guard let names else {
            OpenSSLDoor.forgetErrors()
            return
        }
        defer { seal_subject_names_free(names) }
        var index: Int32 = 0
        while true {
            var start: UnsafePointer<UInt8>?
            var count = 0
            // SAFETY: the bytes belong to `names`, which lives until the end of this function.
            let kind = unsafe seal_subject_name_at(names, index, &start, &count)
            if kind < 0 { break }
            let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
            try take(kind, bytes)
            index += 1
        }
    }

    private mutating func take(_ kind: Int32, _ bytes: [UInt8]) throws(PKIError) {
        switch kind {
        case GEN_DNS: dns.append(try name(bytes))
        case GEN_URI: uris.append(try name(bytes))
        case GEN_EMAIL: emails.append(try name(bytes))
        case GEN_IPADD:
            if let text = addressText(bytes) { addresses.append(text) } else { otherCount += 1 }
        default: otherCount += 1
        }
    }

    private func name(_ bytes: [UInt8]) throws(PKIError) -> String {
        if bytes.contains(0) {
            throw PKIError(.embeddedNUL, "a subject alternative name holds a NUL byte")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// OpenSSL's form of the names; the caller frees it.
    func make() throws(PKIError) -> OpaquePointer {
        var made: OpaquePointer?
        // SAFETY: the out-parameter is a local variable.
        guard unsafe seal_subject_names_begin(&made) == 1, let names = made else {
            throw PKIError(.cryptography, "there is no memory for names")
        }
        do throws(PKIError) {
            for one in dns { try add(names, GEN_DNS, Array(one.utf8), one) }
            for one in uris { try add(names, GEN_URI, Array(one.utf8), one) }
            for one in emails { try add(names, GEN_EMAIL, Array(one.utf8), one) }
            for one in addresses {
                guard let bytes = addressBytes(one) else {
                    throw PKIError(.badRequest, "\(one) is not an IP address")
                }
                try add(names, GEN_IPADD, bytes, one)
            }
        } catch {
            seal_subject_names_free(names)
            throw error
        }
        return names
    }

    private func add(
        _ names: OpaquePointer,
        _ kind: Int32,
        _ bytes: [UInt8],
        _ shown: String
    ) throws(PKIError) {
        let isText = kind != GEN_IPADD
        guard !bytes.isEmpty, bytes.count <= 2048,
            !isText || bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw PKIError(
                .badRequest,
                "\"\(shown)\" cannot be a subject alternative name: use ASCII"
            )
        }
        // SAFETY: OpenSSL copies the bytes during the call.
        let done = unsafe bytes.withUnsafeBufferPointer { raw in
            unsafe seal_subject_names_add(names, kind, raw.baseAddress, raw.count)
        }
        guard done == 1 else {
            throw PKIError(.cryptography, "\(shown) could not be added to the certificate")
        }
    }
}

/// The text of an IPv4 or IPv6 address of 4 or 16 bytes.
func addressText(_ bytes: [UInt8]) -> String? {
    guard bytes.count == 4 || bytes.count == 16 else { return nil }
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    // SAFETY: the family fits the number of bytes, and the text's capacity is given.
    let done = unsafe inet_ntop(
        bytes.count == 4 ? AF_INET : AF_INET6,
        bytes,
        &text,
        socklen_t(text.count)
    )
    guard unsafe done != nil else { return nil }
    return String(
        decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
        as: UTF8.self
    )
}

/// The bytes of an IPv4 or IPv6 address in text.
public func addressBytes(_ text: String) -> [UInt8]? {
    var four = [UInt8](repeating: 0, count: 4)
    // SAFETY: inet_pton writes 4 and 16 bytes for the two families.
    if unsafe inet_pton(AF_INET, text, &four) == 1 { return four }
    var sixteen = [UInt8](repeating: 0, count: 16)
    if unsafe inet_pton(AF_INET6, text, &sixteen) == 1 { return sixteen }
    return nil
}
