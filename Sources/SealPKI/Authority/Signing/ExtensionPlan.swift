// SPDX-License-Identifier: Apache-2.0
// The extensions of certificates and revocation lists: lines of a configuration, made by OpenSSL's
// own readers, one by one, so that a refused one is named.

internal import COpenSSL
internal import CSys
internal import Glibc

/// What a certificate is for, when no section of the configuration is named.
public enum CertificateProfile: String, Sendable, CaseIterable {
    /// A device or another client.
    case device
    /// A TLS server.
    case server
    /// An authority below this one.
    case intermediate

    /// The section that a configuration may have for it.
    public var section: String { "v3_\(rawValue)" }

    /// What it sets when the configuration has no such section.
    public var entries: [OpenSSLConfiguration.Entry] {
        let shared = [
            OpenSSLConfiguration.Entry(name: "subjectKeyIdentifier", value: "hash"),
            OpenSSLConfiguration.Entry(name: "authorityKeyIdentifier", value: "keyid"),
        ]
        let own: [(String, String)] =
            switch self {
            case .device:
                [
                    ("basicConstraints", "critical, CA:FALSE"),
                    ("keyUsage", "critical, digitalSignature"), ("extendedKeyUsage", "clientAuth"),
                ]
            case .server:
                [
                    ("basicConstraints", "critical, CA:FALSE"),
                    ("keyUsage", "critical, digitalSignature, keyEncipherment"),
                    ("extendedKeyUsage", "serverAuth"),
                ]
            case .intermediate:
                [
                    ("basicConstraints", "critical, CA:TRUE"),
                    ("keyUsage", "critical, keyCertSign, cRLSign"),
                ]
            }
        return own.map { OpenSSLConfiguration.Entry(name: $0.0, value: $0.1) } + shared
    }
}

/// Owns one extension.
// SAFETY: the extension is never changed after it was put here.
final class ExtensionOwner: @unchecked Sendable {
    let pointer: OpaquePointer

    init(adopting pointer: OpaquePointer) { self.pointer = pointer }

    deinit { X509_EXTENSION_free(pointer) }
}

/// Owns a configuration that OpenSSL has read.
final class ConfigurationOwner {
    let pointer: UnsafeMutablePointer<CONF>

    init(_ configuration: OpenSSLConfiguration) throws(PKIError) {
        let text = configuration.plainText
        // SAFETY: the text is only read during the call; the result is freed by deinit.
        guard let made = unsafe seal_conf_load(text, text.count) else {
            let why = OpenSSLDoor.takeErrors() ?? "no reason given"
            throw PKIError(.configuration, "OpenSSL cannot read the configuration: \(why)")
        }
        unsafe pointer = made
    }

    // SAFETY: nobody else has the pointer any more.
    deinit { unsafe seal_conf_free(pointer) }
}

/// The extensions that a section gives to certificates.
struct ExtensionPlan {
    private enum Step {
        /// The same in every certificate of this authority.
        case fixed(ExtensionOwner)
        /// Made from the certificate.
        case made(OpenSSLConfiguration.Entry)
    }

    private let steps: [Step]
    private let configuration: ConfigurationOwner
    private let issuer: Certificate
    private let place: String
    /// Whether the section makes authorities.
    let makesAuthority: Bool

    /// At most so many extensions.
    static let entriesMax = 64

    /// Prepares the entries; `names` says that the names are given and not the section's.
    init(
        _ entries: [OpenSSLConfiguration.Entry],
        _ configuration: ConfigurationOwner,
        issuer: Certificate,
        place: String,
        hasOwnNames: Bool
    ) throws(PKIError) {
        guard entries.count <= Self.entriesMax else {
            throw PKIError(.badExtension, "\(place) has more than \(Self.entriesMax) extensions")
        }
        self.configuration = configuration
        self.issuer = issuer
        self.place = place
        var steps: [Step] = []
        var makesAuthority = false
        for entry in entries {
            let number = OBJ_txt2nid(entry.name)
            if number == NID_subject_alt_name, hasOwnNames { continue }
            if number == NID_subject_key_identifier || number == NID_subject_alt_name
                || number == NID_undef
            {
                steps.append(.made(entry))
            } else {
                let one = try Self.make(entry, configuration, issuer, nil, nil, nil, place)
                if number == NID_basic_constraints {
                    let text = RequestedExtension(reading: one.pointer).text
                    makesAuthority = text.contains("CA:TRUE")
                }
                steps.append(.fixed(one))
            }
        }
        self.steps = steps
        self.makesAuthority = makesAuthority
    }

    /// Puts the extensions into a certificate that has its key and its subject.
    func put(
        into certificate: OpaquePointer,
        request: CertificateRequest?
    ) throws(PKIError) {
        for step in steps {
            let one =
                switch step {
                case .fixed(let owner): owner
                case .made(let entry):
                    try Self.make(
                        entry,
                        configuration,
                        issuer,
                        certificate,
                        request,
                        nil,
                        place
                    )
                }
            guard X509_add_ext(certificate, one.pointer, -1) == 1 else {
                throw PKIError(.cryptography, "an extension could not be added")
            }
        }
    }

    /// Puts extensions into a revocation list.
    static func put(
        _ entries: [OpenSSLConfiguration.Entry],
        _ configuration: ConfigurationOwner,
        issuer: Certificate,
        into list: OpaquePointer,
        place: String
    ) throws(PKIError) {
        for entry in entries {
            let one = try make(entry, configuration, issuer, nil, nil, list, place)
            guard X509_CRL_add_ext(list, one.pointer, -1) == 1 else {
                throw PKIError(.cryptography, "an extension could not be added")
            }
        }
    }

    private static func make(
        _ entry: OpenSSLConfiguration.Entry,
        _ configuration: ConfigurationOwner,
        _ issuer: Certificate,
        _ certificate: OpaquePointer?,
        _ request: CertificateRequest?,
        _ list: OpaquePointer?,
        _ place: String
    ) throws(PKIError) -> ExtensionOwner {
        let isGeneric = entry.value.contains("DER:") || entry.value.contains("ASN1:")
        guard OBJ_txt2nid(entry.name) != NID_undef || isGeneric else {
            throw PKIError(
                .badExtension,
                "\(place) asks for the extension \(entry.name), which is unknown"
            )
        }
        // SAFETY: the objects live during the call, and OpenSSL copies what it needs of them.
        let made = unsafe seal_conf_extension(
            configuration.pointer,
            issuer.pointer,
            certificate,
            request?.pointer,
            list,
            entry.name,
            entry.value
        )
        guard let made else {
            let why = OpenSSLDoor.takeErrors() ?? "no reason given"
            throw PKIError(
                .badExtension,
                "\(place): \(entry.name) = \(entry.value) cannot be made: \(why)"
            )
        }
        return ExtensionOwner(adopting: made)
    }
}
