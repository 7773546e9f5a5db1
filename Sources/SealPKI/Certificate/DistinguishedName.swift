// SPDX-License-Identifier: Apache-2.0
// X.501 names: as a list of attributes, and as the one-line text of RFC 2253.

internal import COpenSSL
internal import CSys
internal import Glibc

/// One attribute of a distinguished name.
public struct NameAttribute: Hashable, Sendable {
    /// The short name (`CN`, `O`, `OU`, `C`, `serialNumber` ...), or the dotted number.
    public let type: String
    /// The value.
    public let value: String

    /// Makes an attribute.
    public init(_ type: String, _ value: String) {
        self.type = type
        self.value = value
    }
}

/// The subject or the issuer of a certificate.
public struct DistinguishedName: Hashable, Sendable, CustomStringConvertible {
    /// The attributes in the order of the certificate.
    public let attributes: [NameAttribute]
    /// The whole name as RFC 2253 writes it: last attribute first, special characters escaped.
    public let rfc2253: String

    /// The name as RFC 2253 writes it.
    public var description: String { rfc2253 }

    /// Makes a name from its attributes, in the certificate's order.
    public init(_ attributes: [NameAttribute]) throws(PKIError) {
        OpenSSLDoor.open()
        guard let name = X509_NAME_new() else {
            throw PKIError(.cryptography, "there is no memory for a name")
        }
        defer { X509_NAME_free(name) }
        try DistinguishedName.fill(name, attributes)
        self = try DistinguishedName(reading: name)
    }

    /// Makes a name of a common name and, if given, an organisation.
    public init(commonName: String, organization: String? = nil) throws(PKIError) {
        var all: [NameAttribute] = []
        if let organization { all.append(NameAttribute("O", organization)) }
        all.append(NameAttribute("CN", commonName))
        try self.init(all)
    }

    /// Reads OpenSSL's name.
    init(reading name: OpaquePointer?) throws(PKIError) {
        var all: [NameAttribute] = []
        for index in 0..<max(X509_NAME_entry_count(name), 0) {
            guard let entry = X509_NAME_get_entry(name, index),
                let object = X509_NAME_ENTRY_get_object(entry)
            else { continue }
            let value = try text(of: unsafe X509_NAME_ENTRY_get_data(entry))
            all.append(NameAttribute(shortName(object), value))
        }
        attributes = all
        rfc2253 = DistinguishedName.line(name)
    }

    /// The values of one type, in order.
    public func values(_ type: String) -> [String] {
        attributes.filter { $0.type == type }.map(\.value)
    }

    /// Puts the attributes into OpenSSL's name.
    static func fill(_ name: OpaquePointer, _ attributes: [NameAttribute]) throws(PKIError) {
        for attribute in attributes {
            let bytes = Array(attribute.value.utf8)
            if bytes.contains(0) {
                throw PKIError(.embeddedNUL, "the \(attribute.type) holds a NUL byte")
            }
            // SAFETY: OpenSSL copies `count` bytes of the value during the call.
            let done = unsafe bytes.withUnsafeBufferPointer { raw in
                unsafe X509_NAME_add_entry_by_txt(
                    name,
                    attribute.type,
                    MBSTRING_FLAG | 0,
                    raw.baseAddress,
                    Int32(raw.count),
                    -1,
                    0
                )
            }
            guard done == 1 else {
                let why = OpenSSLDoor.takeErrors() ?? "no reason given"
                throw PKIError(
                    .badRequest,
                    "\(attribute.type)=\(attribute.value) cannot be in a name: \(why)"
                )
            }
        }
    }

    /// The one-line text of OpenSSL's name.
    private static func line(_ name: OpaquePointer?) -> String {
        let bytes = OpenSSLDoor.written { bio in
            X509_NAME_print_ex(bio, name, 0, rfc2253Flags) >= 0
        }
        return String(decoding: bytes ?? [], as: UTF8.self)
    }
}

/// XN_FLAG_RFC2253 with UTF-8 left as it is, which is what MQTT user names need.
private let rfc2253Flags: UInt =
    UInt(ASN1_STRFLGS_ESC_2253) | UInt(ASN1_STRFLGS_ESC_CTRL) | UInt(ASN1_STRFLGS_UTF8_CONVERT)
    | UInt(ASN1_STRFLGS_DUMP_UNKNOWN) | UInt(ASN1_STRFLGS_DUMP_DER) | UInt(XN_FLAG_SEP_COMMA_PLUS)
    | UInt(XN_FLAG_DN_REV) | UInt(XN_FLAG_FN_SN) | UInt(XN_FLAG_DUMP_UNKNOWN_FIELDS)

/// The short name of an object, or its dotted number.
func shortName(_ object: OpaquePointer) -> String {
    let number = OBJ_obj2nid(object)
    // SAFETY: the short name is a constant of the library.
    if number != NID_undef, let name = unsafe OBJ_nid2sn(number) {
        return unsafe String(cString: name)
    }
    var buffer = [CChar](repeating: 0, count: 128)
    // SAFETY: at most the buffer's size is written, with a NUL at the end.
    let count = unsafe OBJ_obj2txt(&buffer, Int32(buffer.count), object, 1)
    guard count > 0, count < buffer.count else { return "unknown" }
    return String(decoding: buffer.prefix(Int(count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// A string of a certificate as UTF-8, refusing an embedded NUL.
func text(of string: UnsafeMutablePointer<ASN1_STRING>?) throws(PKIError) -> String {
    // SAFETY: OpenSSL allocates the UTF-8 form, says its length, and it is freed here.
    var utf8: UnsafeMutablePointer<UInt8>?
    let count = unsafe ASN1_STRING_to_UTF8(&utf8, string)
    guard count >= 0, let start = unsafe utf8 else {
        OpenSSLDoor.forgetErrors()
        throw PKIError(.malformed, "a name in the certificate is not text")
    }
    defer { unsafe seal_free(start) }
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: Int(count)))
    if bytes.contains(0) {
        throw PKIError(.embeddedNUL, "a name in the certificate holds a NUL byte")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
        throw PKIError(.malformed, "a name in the certificate is not UTF-8")
    }
    return text
}
