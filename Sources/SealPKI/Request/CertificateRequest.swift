// SPDX-License-Identifier: Apache-2.0
// Certificate requests (PKCS #10, RFC 2986): making, reading, and what they ask for. Whether it is
// granted is decided in Authority.

internal import COpenSSL
internal import CSys
internal import Glibc

/// An extension that a request asks for.
public struct RequestedExtension: Equatable, Sendable {
    /// The object identifier as dotted number.
    public let identifier: String
    /// OpenSSL's short name, or the dotted number when it knows none.
    public let name: String
    /// Whether a reader that does not know it must refuse the certificate.
    public let isCritical: Bool
    /// What it says, in OpenSSL's words; several lines for some.
    public let text: String
}

/// A request for a certificate.
public struct CertificateRequest: Sendable {
    let owner: RequestOwner

    /// OpenSSL's request, valid while this value lives.
    package var pointer: OpaquePointer { owner.pointer }

    init(adopting pointer: OpaquePointer) { owner = RequestOwner(adopting: pointer) }

    /// Makes a request for the key's public half, signed with the key.
    public static func make(
        key: PrivateKey,
        subject: DistinguishedName,
        names: SubjectNames = SubjectNames()
    ) throws(PKIError) -> CertificateRequest {
        OpenSSLDoor.open()
        guard let made = X509_REQ_new(), let name = X509_NAME_new() else {
            throw PKIError(.cryptography, "there is no memory for a request")
        }
        let request = CertificateRequest(adopting: made)
        defer { X509_NAME_free(name) }
        try DistinguishedName.fill(name, subject.attributes)
        // Version 1 is written as 0 (RFC 2986 §4.1).
        var isDone =
            X509_REQ_set_version(made, 0) == 1 && X509_REQ_set_subject_name(made, name) == 1
            && X509_REQ_set_pubkey(made, key.pointer) == 1
        if isDone, !names.isEmpty {
            let list = try names.make()
            defer { seal_subject_names_free(list) }
            isDone = seal_request_put_names(made, list, subject.attributes.isEmpty ? 1 : 0) == 1
        }
        // SAFETY: the digest is a constant of the library; NULL is what Ed25519 wants.
        guard isDone, unsafe X509_REQ_sign(made, key.pointer, key.usualDigest) > 0 else {
            let why = OpenSSLDoor.takeErrors() ?? "no reason given"
            throw PKIError(.cryptography, "the request could not be made: \(why)")
        }
        OpenSSLDoor.forgetErrors()
        return request
    }

    /// Reads the first request of PEM text.
    public init(pem: [UInt8]) throws(PKIError) {
        OpenSSLDoor.open()
        let read: OpaquePointer?? = OpenSSLDoor.withReader(pem) { bio in
            // SAFETY: NULL lets OpenSSL allocate; no passphrase is ever asked for.
            unsafe PEM_read_bio_X509_REQ(bio, nil, refusePassphrase, nil)
        }
        guard let request = read ?? nil else {
            let why = OpenSSLDoor.takeErrors() ?? "no reason given"
            guard contains(pem, "CERTIFICATE REQUEST-----") else {
                throw PKIError(.noPEM, "there is no PEM block of a certificate request")
            }
            throw PKIError(.malformed, "the certificate request cannot be read: \(why)")
        }
        OpenSSLDoor.forgetErrors()
        self.init(adopting: request)
    }

    /// Reads DER; bytes after the request are refused.
    public init(der: [UInt8]) throws(PKIError) {
        OpenSSLDoor.open()
        // SAFETY: OpenSSL reads at most `count` bytes; the moved pointer is only compared.
        let read = unsafe der.withUnsafeBufferPointer { raw -> OpaquePointer? in
            var position = raw.baseAddress
            guard let made = unsafe d2i_X509_REQ(nil, &position, raw.count) else { return nil }
            guard let start = raw.baseAddress, unsafe position == start + raw.count else {
                X509_REQ_free(made)
                return nil
            }
            return made
        }
        guard let read else {
            let why = OpenSSLDoor.takeErrors() ?? "bytes follow the request"
            throw PKIError(.malformed, "this is not a certificate request in DER: \(why)")
        }
        self.init(adopting: read)
    }

    /// Reads a file's bytes: PEM when they hold a PEM block, else DER.
    public init(reading bytes: [UInt8]) throws(PKIError) {
        if contains(bytes, "-----BEGIN") {
            try self.init(pem: bytes)
        } else {
            try self.init(der: bytes)
        }
    }

    /// The encoded request.
    public var der: [UInt8] {
        var count = 0
        // SAFETY: OpenSSL allocates `count` bytes, which are copied and freed here.
        guard let start = unsafe seal_request_der(pointer, &count) else { return [] }
        defer { unsafe seal_free(start) }
        return unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    }

    /// The request as one PEM block.
    public var pem: [UInt8] {
        OpenSSLDoor.written { PEM_write_bio_X509_REQ($0, pointer) == 1 } ?? []
    }

    /// Whom the certificate shall name.
    public func subject() throws(PKIError) -> DistinguishedName {
        try DistinguishedName(reading: X509_REQ_get_subject_name(pointer))
    }

    /// The subject alternative names it asks for.
    public func subjectNames() throws(PKIError) -> SubjectNames {
        guard let all = seal_request_extensions(pointer) else {
            OpenSSLDoor.forgetErrors()
            return SubjectNames()
        }
        defer { seal_extensions_free(all) }
        return try SubjectNames(taking: seal_extensions_subject_names(all))
    }

    /// Everything it asks for, in its order.
    public var extensions: [RequestedExtension] {
        guard let all = seal_request_extensions(pointer) else {
            OpenSSLDoor.forgetErrors()
            return []
        }
        defer { seal_extensions_free(all) }
        return (0..<seal_extensions_count(all)).compactMap { index in
            seal_extensions_at(all, index).map(RequestedExtension.init(reading:))
        }
    }

    /// Whether it asks to become an authority; one that cannot be read does.
    public var asksForAuthority: Bool {
        guard let fields = try? CertificateRequestFields(der: der) else { return true }
        return fields.extensions.contains { one in
            switch one.content {
            case .basicConstraints(let isAuthority, _): isAuthority
            case .malformed: one.id == .basicConstraints
            default: false
            }
        }
    }

    /// Whether the request was signed with the key whose public half it holds.
    public var isSignatureValid: Bool {
        defer { OpenSSLDoor.forgetErrors() }
        guard let key = X509_REQ_get0_pubkey(pointer) else { return false }
        return X509_REQ_verify(pointer, key) == 1
    }

    /// What the public key is; nil when OpenSSL cannot read it.
    public var key: KeyDescription? {
        defer { OpenSSLDoor.forgetErrors() }
        return X509_REQ_get0_pubkey(pointer).map(KeyDescription.init)
    }
}

extension RequestedExtension {
    /// Reads OpenSSL's extension.
    init(reading one: OpaquePointer) {
        let object = X509_EXTENSION_get_object(one)
        var buffer = [CChar](repeating: 0, count: 128)
        // SAFETY: at most the buffer's size is written, with a NUL at the end.
        let count = unsafe OBJ_obj2txt(&buffer, Int32(buffer.count), object, 1)
        let digits = buffer.prefix(max(0, min(Int(count), buffer.count - 1)))
        identifier = String(decoding: digits.map(UInt8.init(bitPattern:)), as: UTF8.self)
        name = object.map(shortName) ?? identifier
        isCritical = X509_EXTENSION_get_critical(one) == 1
        let printed = OpenSSLDoor.written { bio in
            X509V3_EXT_print(bio, one, UInt(X509V3_EXT_DUMP_UNKNOWN), 0) == 1
        }
        OpenSSLDoor.forgetErrors()
        text = String(decoding: printed ?? [], as: UTF8.self)
    }
}

extension PrivateKey {
    /// The digest that goes with the key: none for Ed25519, which brings its own, SHA-384 for P-384
    /// and larger curves.
    var usualDigest: OpaquePointer? {
        let what = description
        if what.algorithm == "ED25519" || what.algorithm == "ED448" { return nil }
        return what.algorithm == "EC" && what.bits > 256 ? EVP_sha384() : EVP_sha256()
    }
}
