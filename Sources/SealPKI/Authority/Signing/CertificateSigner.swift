// SPDX-License-Identifier: Apache-2.0
// Signing one certificate: every rule that comes before the signature, then the certificate. Where
// it is written down and kept is decided by LocalAuthority.

internal import COpenSSL
internal import CSys
internal import Glibc

/// What a certificate is asked for.
public struct SigningOrder: Sendable {
    /// The subject's attributes, before the policy.
    public var subject: [NameAttribute]
    /// The names it shall have beside those of a request.
    public var names: SubjectNames
    /// The request, if there is one.
    public var request: CertificateRequest?
    /// The public key when there is no request: of this key pair.
    public var key: PrivateKey?
    /// The public key when there is neither: of this certificate.
    public var renewed: Certificate?
    /// The begin of the validity in Unix seconds; nil is five minutes ago, for slow clocks.
    public var notBefore: Int64?
    /// How many days it is valid from now on.
    public var days: Int

    /// Makes an order.
    public init(
        subject: [NameAttribute],
        names: SubjectNames = SubjectNames(),
        request: CertificateRequest? = nil,
        key: PrivateKey? = nil,
        renewed: Certificate? = nil,
        notBefore: Int64? = nil,
        days: Int
    ) {
        self.subject = subject
        self.names = names
        self.request = request
        self.key = key
        self.renewed = renewed
        self.notBefore = notBefore
        self.days = days
    }
}

/// Which extensions certificates get.
public struct ExtensionChoice: Sendable {
    /// What they are for.
    public var profile: CertificateProfile
    /// A section of the configuration, in place of the profile's.
    public var section: String?
    /// How many authorities may stand below, for an authority; nil leaves it to the section.
    public var pathLength: Int?
    /// What happens to the extensions of a request; nil leaves it to the configuration.
    public var copying: RequestedExtensions?
    /// Whether names are given that stand in for the section's.
    public var hasOwnNames: Bool

    /// Makes a choice.
    public init(
        _ profile: CertificateProfile,
        section: String? = nil,
        pathLength: Int? = nil,
        copying: RequestedExtensions? = nil,
        hasOwnNames: Bool = false
    ) {
        self.profile = profile
        self.section = section
        self.pathLength = pathLength
        self.copying = copying
        self.hasOwnNames = hasOwnNames
    }
}

/// A signature's worth of preparation: an issuer with its key, a policy, a plan.
struct CertificateSigner {
    let issuer: Certificate
    let chain: [Certificate]
    let key: PrivateKey
    let policy: SubjectPolicy
    let plan: ExtensionPlan
    private let copying: RequestedExtensions
    private let digest: OpaquePointer?
    private let now: Int64
    private let settings: AuthoritySettings

    /// Checks the issuer, and prepares what all its certificates have in common.
    init(
        _ settings: AuthoritySettings,
        issuer: Certificate,
        chain: [Certificate],
        key: PrivateKey,
        choice: ExtensionChoice,
        now: Int64
    ) throws(PKIError) {
        try Self.check(issuer, key, now, UInt32(KU_KEY_CERT_SIGN), "certificates")
        self.issuer = issuer
        self.chain = chain
        self.key = key
        self.now = now
        self.settings = settings
        digest = try Self.digest(settings, key)
        policy = try SubjectPolicy(settings, issuer: issuer)
        copying = choice.copying ?? settings.requestedExtensions
        var (entries, place) = try Self.entries(settings, choice)
        if let length = choice.pathLength {
            guard choice.profile == .intermediate else {
                throw PKIError(.badRequest, "a path length goes with the profile intermediate")
            }
            try Self.checkPath(issuer, chain, asked: length)
            entries.removeAll { $0.name == "basicConstraints" }
            let value = "critical, CA:TRUE, pathlen:\(length)"
            entries.insert(
                OpenSSLConfiguration.Entry(name: "basicConstraints", value: value),
                at: 0
            )
        }
        plan = try ExtensionPlan(
            entries,
            try ConfigurationOwner(settings.configuration),
            issuer: issuer,
            place: place,
            hasOwnNames: choice.hasOwnNames
        )
        if plan.makesAuthority { try Self.checkPath(issuer, chain, asked: nil) }
    }

    /// The entries of a section: the named one, the profile's, the configuration's, our own.
    private static func entries(
        _ settings: AuthoritySettings,
        _ choice: ExtensionChoice
    ) throws(PKIError) -> ([OpenSSLConfiguration.Entry], String) {
        let own = choice.profile.section
        let isDevice = choice.profile == .device
        let fallback = isDevice ? settings.extensions : nil
        let isThere = settings.configuration.entries(own) != nil
        guard let name = choice.section ?? (isThere ? own : fallback) else {
            return (choice.profile.entries, "the profile \(choice.profile.rawValue)")
        }
        guard let entries = settings.configuration.entries(name) else {
            throw PKIError(
                .configuration,
                "\(settings.file) has no section [ \(name) ] with extensions"
            )
        }
        return (entries, "[ \(name) ] in \(settings.file)")
    }

    /// Whether basicConstraints say CA:TRUE, whatever keyUsage says.
    private static func saysAuthority(_ certificate: Certificate) -> Bool {
        X509_get_extension_flags(certificate.pointer) & UInt32(EXFLAG_CA) != 0
    }

    /// Whether the issuer may do this, now, with this key.
    static func check(
        _ issuer: Certificate,
        _ key: PrivateKey,
        _ now: Int64,
        _ usage: UInt32,
        _ what: String
    ) throws(PKIError) {
        guard saysAuthority(issuer) else {
            throw PKIError(
                .notAuthority,
                "the issuer's certificate is not an authority's (CA:FALSE)"
            )
        }
        guard issuer.notBefore <= now else {
            throw PKIError(
                .issuerDate,
                "the issuer's certificate is not valid before \(DatabaseTime.iso(issuer.notBefore))"
            )
        }
        guard issuer.notAfter >= now else {
            throw PKIError(
                .issuerDate,
                "the issuer's certificate has expired at \(DatabaseTime.iso(issuer.notAfter))"
            )
        }
        let usages = X509_get_key_usage(issuer.pointer)
        guard usages == .max || usages & usage != 0 else {
            throw PKIError(.issuerUsage, "the issuer's keyUsage does not let it sign \(what)")
        }
        guard key.matches(issuer) else {
            throw PKIError(.keyMismatch, "the authority's key does not belong to its certificate")
        }
    }

    /// The configured digest; Ed25519 has its own.
    static func digest(
        _ settings: AuthoritySettings,
        _ key: PrivateKey
    ) throws(PKIError) -> OpaquePointer? {
        guard let usual = key.usualDigest else { return nil }
        guard let name = settings.digest else { return usual }
        // SAFETY: the digest is a constant of the library.
        guard let digest = unsafe EVP_get_digestbyname(name) else {
            throw PKIError(.configuration, "default_md = \(name) in \(settings.file) is unknown")
        }
        guard EVP_MD_get_size(digest) >= 28 else {
            throw PKIError(
                .weakDigest,
                "default_md = \(name) in \(settings.file) is not safe any more; use sha256"
            )
        }
        return digest
    }

    /// How many authorities may follow the issuer, by every certificate from it to the root.
    static func pathLeft(_ issuer: Certificate, _ chain: [Certificate]) -> Int? {
        var left: Int?
        for (depth, one) in ([issuer] + chain).enumerated() {
            guard let length = one.pathLength else { continue }
            left = min(left ?? .max, length - depth)
        }
        return left
    }

    static func checkPath(
        _ issuer: Certificate,
        _ chain: [Certificate],
        asked: Int?
    ) throws(PKIError) {
        guard let left = pathLeft(issuer, chain) else { return }
        guard left > 0 else {
            throw PKIError(
                .pathLength,
                "no authority may stand below this one: its path length leaves no room"
            )
        }
        guard let asked, asked >= left else { return }
        throw PKIError(
            .pathLength,
            "a path length of \(asked) is not possible: below this authority it is at most "
                + "\(left - 1)"
        )
    }

    /// Checks an order up to everything but the serial number.
    func grant(_ order: SigningOrder) throws(PKIError) -> GrantedSubject {
        try order.request?.check()
        try AcceptedKeys.check(try publicKey(order))
        guard order.days > 0, order.days <= CertificateAuthority.daysMax else {
            throw PKIError(
                .badRequest,
                "\(order.days) days of validity are not between 1 and "
                    + "\(CertificateAuthority.daysMax)"
            )
        }
        return try policy.grant(order.subject)
    }

    private func publicKey(_ order: SigningOrder) throws(PKIError) -> OpaquePointer {
        if let key = order.key { return key.pointer }
        let key =
            order.request.map { X509_REQ_get0_pubkey($0.pointer) }
            ?? order.renewed.map { X509_get0_pubkey($0.pointer) }
        guard let key = key ?? nil else {
            OpenSSLDoor.forgetErrors()
            throw PKIError(.unsupportedKey, "the public key cannot be read")
        }
        return key
    }

    /// Signs; what `grant` allowed is not asked again.
    func sign(
        _ order: SigningOrder,
        _ subject: GrantedSubject,
        serial: SerialNumber
    ) throws(PKIError) -> Certificate {
        guard let made = X509_new() else {
            throw PKIError(.cryptography, "there is no memory for a certificate")
        }
        let certificate = Certificate(adopting: made)
        let begin = max(order.notBefore ?? now - 300, issuer.notBefore)
        let wanted = max(now, order.notBefore ?? now) + Int64(order.days) * 86_400
        // A certificate never outlives its issuer, nor the last year that can be written.
        let end = min(wanted, issuer.notAfter, 253_402_300_799)
        guard begin < end else {
            throw PKIError(.badRequest, "the certificate would end before it begins")
        }
        let publicKey = try publicKey(order)
        // X.509 version 3 is written as 2 (RFC 5280 §4.1.2.1).
        // SAFETY: the time fields belong to the new certificate.
        let isFilled =
            unsafe X509_set_version(made, 2) == 1
            && X509_set_subject_name(made, subject.name.pointer) == 1
            && X509_set_issuer_name(made, X509_get_subject_name(issuer.pointer)) == 1
            && seal_set_time(X509_getm_notBefore(made), begin) == 1
            && seal_set_time(X509_getm_notAfter(made), end) == 1
            && X509_set_pubkey(made, publicKey) == 1
            && seal_x509_set_serial(made, serial.hexadecimal) == 1
        guard isFilled else {
            let why = OpenSSLDoor.takeErrors() ?? "no reason given"
            throw PKIError(.cryptography, "the certificate could not be made: \(why)")
        }
        try putExtensions(order, made)
        // SAFETY: the digest is a constant of the library; NULL is what Ed25519 wants.
        guard unsafe X509_sign(made, key.pointer, digest) > 0 else {
            let why = OpenSSLDoor.takeErrors() ?? "no reason given"
            throw PKIError(.cryptography, "the certificate could not be signed: \(why)")
        }
        OpenSSLDoor.forgetErrors()
        // Only asked now: OpenSSL remembers a digest of what it is asked about.
        if order.request != nil, !plan.makesAuthority, Self.saysAuthority(certificate) {
            throw PKIError(
                .requestAuthority,
                "the request asks to become an authority",
                hint: "use the profile intermediate if that is wanted"
            )
        }
        return certificate
    }

    private func putExtensions(
        _ order: SigningOrder,
        _ made: OpaquePointer
    ) throws(PKIError) {
        try plan.put(into: made, request: order.request)
        if !order.names.isEmpty {
            let names = try order.names.make()
            defer { seal_subject_names_free(names) }
            guard seal_subject_names_put(made, names, 0) == 1 else {
                throw PKIError(.badRequest, "the names could not be added to the certificate")
            }
        }
        if let request = order.request { try copy(request, made) }
    }

    /// Extensions of a request, by the rule.
    private func copy(_ request: CertificateRequest, _ made: OpaquePointer) throws(PKIError) {
        guard copying != .none, let all = seal_request_extensions(request.pointer) else {
            OpenSSLDoor.forgetErrors()
            return
        }
        defer { seal_extensions_free(all) }
        for index in 0..<seal_extensions_count(all) {
            guard let one = seal_extensions_at(all, index) else { continue }
            let object = X509_EXTENSION_get_object(one)
            var found = X509_get_ext_by_OBJ(made, object, -1)
            if found >= 0, copying == .copy { continue }
            while found >= 0 {
                X509_EXTENSION_free(X509_delete_ext(made, found))
                found = X509_get_ext_by_OBJ(made, object, -1)
            }
            guard X509_add_ext(made, one, -1) == 1 else {
                throw PKIError(.cryptography, "an extension could not be added")
            }
        }
    }

    /// The extensions of a request that its certificate does not have as they were asked for.
    static func missing(_ request: CertificateRequest, _ made: Certificate) -> [String] {
        guard let all = seal_request_extensions(request.pointer) else {
            OpenSSLDoor.forgetErrors()
            return []
        }
        defer { seal_extensions_free(all) }
        return (0..<seal_extensions_count(all)).compactMap { index in
            guard let one = seal_extensions_at(all, index) else { return nil }
            let asked = RequestedExtension(reading: one)
            let object = X509_EXTENSION_get_object(one)
            let found = X509_get_ext_by_OBJ(made.pointer, object, -1)
            guard found >= 0, let given = X509_get_ext(made.pointer, found) else {
                return asked.name
            }
            return RequestedExtension(reading: given) == asked ? nil : asked.name
        }
    }
}
