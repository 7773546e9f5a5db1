// SPDX-License-Identifier: Apache-2.0
// Making the folder of a new authority: a root, or one below another authority. The folder appears
// under its name when it is complete.

internal import CSys
internal import Glibc

/// What a new authority is to be.
public struct AuthorityPlan: Sendable {
    /// Its own subject.
    public var subject: [NameAttribute]
    /// The kind of its key.
    public var keyKind: KeyKind
    /// What its key is encrypted with; nil leaves it open.
    public var passphrase: [UInt8]?
    /// How many days its certificate is valid.
    public var days: Int
    /// How many authorities may stand below it; nil is any number.
    public var pathLength: Int?
    /// Whether its serial numbers are random, as RFC 5280 and CA/Browser rules want them; else they
    /// count from 1000 on.
    public var hasRandomSerials: Bool

    /// The days of a root, unless others are wanted: twenty years.
    public static let rootDays = 7300
    /// The days of an authority below another one, unless others are wanted: ten years.
    public static let intermediateDays = 3650

    /// Makes a plan.
    public init(
        subject: [NameAttribute],
        keyKind: KeyKind = .p256,
        passphrase: [UInt8]?,
        days: Int,
        pathLength: Int?,
        hasRandomSerials: Bool = true
    ) {
        self.subject = subject
        self.keyKind = keyKind
        self.passphrase = passphrase
        self.days = days
        self.pathLength = pathLength
        self.hasRandomSerials = hasRandomSerials
    }
}

/// The folder of a new authority.
public struct AuthorityFolder: Sendable {
    /// Its final place, absolute.
    public let path: String
    /// What its files begin with: `ca` or `intermediate`.
    public let stem: String
    private let draft: String

    /// Looks whether the place is free.
    init(_ path: String, stem: String) throws(PKIError) {
        let absolute = try Self.absolute(path)
        self.path = absolute
        self.stem = stem
        draft = absolute + ".new"
        if DirectoryFiles.exists(absolute) {
            let names = (try? Files.names(in: absolute)) ?? ["a file"]
            guard names.isEmpty else {
                throw PKIError(
                    .fileExists,
                    "\(absolute) is there already and is not empty",
                    hint: "name a new folder, or take it over with sealwire ca adopt"
                )
            }
        }
    }

    private static func absolute(_ path: String) throws(PKIError) -> String {
        var trimmed = path
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
        let name = trimmed.split(separator: "/").last.map(String.init) ?? ""
        guard !name.isEmpty, name != ".", name != "..", !path.contains("\n") else {
            throw PKIError(.badRequest, "\"\(path)\" cannot be the folder of an authority")
        }
        let above = folderName(trimmed)
        // SAFETY: the text is allocated by the call, copied and freed here.
        guard let real = unsafe realpath(above, nil) else {
            throw systemFailure("cannot be used", above)
        }
        defer { unsafe free(real) }
        let folder = unsafe String(cString: real)
        return folder == "/" ? "/\(name)" : "\(folder)/\(name)"
    }

    /// Makes a root.
    public static func makeRoot(_ path: String, _ plan: AuthorityPlan) throws(PKIError) -> Self {
        try SubjectPolicy.check(plan.subject)
        let folder = try AuthorityFolder(path, stem: "ca")
        let key = try PrivateKey.generate(plan.keyKind)
        let root = try CertificateAuthority.makeRoot(
            subject: DistinguishedName(plan.subject),
            key: key,
            days: plan.days,
            pathLength: plan.pathLength
        )
        try folder.begin(plan, key)
        try folder.put(root.certificate.pem, "caCert.pem")
        try folder.finish()
        return folder
    }

    /// Makes an authority below the session's.
    public static func makeIntermediate(
        _ path: String,
        _ plan: AuthorityPlan,
        below session: AuthoritySession
    ) throws(PKIError) -> (folder: Self, issued: IssuedCertificate) {
        let folder = try AuthorityFolder(path, stem: "intermediate")
        let key = try PrivateKey.generate(plan.keyKind)
        try folder.begin(plan, key)
        let order = SigningOrder(subject: plan.subject, key: key, days: plan.days)
        let parent = session.authority
        let issued = try session.issue(order) { issued throws(PKIError) in
            try folder.put(issued.certificate.pem, "intermediateCert.pem")
            let chain = [parent.certificate] + parent.chain
            try folder.put(chain.flatMap(\.pem), "intermediateCert.chain.pem")
            try folder.finish()
        }
        return (folder, issued)
    }

    private func begin(_ plan: AuthorityPlan, _ key: PrivateKey) throws(PKIError) {
        try Self.clear(draft)
        for name in ["", "/deviceCertificates", "/crl"] {
            try DirectoryFiles.makeFolder(draft + name, mode: name.isEmpty ? 0o700 : 0o755)
        }
        let pem: [UInt8]
        if let passphrase = plan.passphrase {
            pem = try key.pem(passphrase: passphrase)
        } else {
            pem = try key.pem()
        }
        try put(pem, "\(stem)Key.pem", mode: 0o600)
        try put([], "database.txt")
        try put(Array("unique_subject = yes\n".utf8), "database.txt.attr")
        if !plan.hasRandomSerials { try put(Array("1000\n".utf8), "serial") }
        try put(Array("1000\n".utf8), "crl/crlnumber")
        let text = AuthorityText.configuration(
            folder: path,
            stem: stem,
            pathLength: plan.pathLength,
            hasRandomSerials: plan.hasRandomSerials
        )
        try put(Array(text.utf8), "\(stem)Config.cnf")
    }

    private func put(_ bytes: [UInt8], _ name: String, mode: UInt32 = 0o644) throws(PKIError) {
        try DirectoryFiles.create("\(draft)/\(name)", bytes, mode: mode)
    }

    private func finish() throws(PKIError) {
        try DirectoryFiles.syncAll(draft)
        guard rename(draft, path) == 0 else { throw systemFailure("cannot be made", path) }
        try DirectoryFiles.syncAll(path)
    }

    /// Removes what an interrupted run left.
    private static func clear(_ draft: String) throws(PKIError) {
        guard DirectoryFiles.exists(draft) else { return }
        for folder in [draft + "/deviceCertificates", draft + "/crl", draft] {
            for name in (try? Files.names(in: folder)) ?? [] { unlink("\(folder)/\(name)") }
            rmdir(folder)
        }
        guard !DirectoryFiles.exists(draft) else {
            throw PKIError(.fileExists, "\(draft) is in the way; remove it")
        }
    }
}

/// The text of the configuration that we make.
enum AuthorityText {
    static func configuration(
        folder: String,
        stem: String,
        pathLength: Int?,
        hasRandomSerials: Bool
    ) -> String {
        """
        # The authority in this folder, for `sealwire ca` and for `openssl ca -config`.

        [ ca ]
        default_ca = CA_default

        [ CA_default ]
        dir              = \(escaped(folder))
        certs            = $dir
        crl_dir          = $dir/crl
        new_certs_dir    = $dir/deviceCertificates
        database         = $dir/database.txt
        \(hasRandomSerials ? "rand_serial      = yes" : "serial           = $dir/serial")
        private_key      = $dir/\(stem)Key.pem
        certificate      = $dir/\(stem)Cert.pem
        default_md       = sha256
        default_days     = 365
        preserve         = no
        policy           = signing_policy
        # The names that a request asks for are carried; a profile's own extensions win.
        copy_extensions  = copy
        x509_extensions  = v3_device
        crl              = $crl_dir/\(stem)Crl.pem
        crlnumber        = $crl_dir/crlnumber
        crl_extensions   = crl_ext
        default_crl_days = 30

        [ req ]
        default_bits       = 2048
        distinguished_name = req_distinguished_name
        string_mask        = utf8only
        default_md         = sha256
        x509_extensions    = v3_ca

        [ req_distinguished_name ]
        countryName            = Country Name (2 letter code)
        stateOrProvinceName    = State or Province Name
        localityName           = Locality Name
        organizationName       = Organization Name
        organizationalUnitName = Organizational Unit Name
        commonName             = Common Name
        emailAddress           = Email Address

        [ v3_ca ]
        subjectKeyIdentifier   = hash
        authorityKeyIdentifier = keyid:always, issuer
        basicConstraints       = critical, CA:TRUE\(pathLength.map { ", pathlen:\($0)" } ?? "")
        keyUsage               = critical, keyCertSign, cRLSign

        \(CertificateProfile.allCases.map(section).joined(separator: "\n"))
        [ crl_ext ]
        authorityKeyIdentifier = keyid:always

        [ signing_policy ]
        countryName            = optional
        stateOrProvinceName    = optional
        localityName           = optional
        organizationName       = optional
        organizationalUnitName = optional
        commonName             = supplied
        emailAddress           = optional

        """
    }

    private static func section(_ profile: CertificateProfile) -> String {
        let lines = profile.entries.map { entry in
            let gap = String(repeating: " ", count: max(0, 22 - entry.name.count))
            return "\(entry.name)\(gap) = \(entry.value)\n"
        }
        return "[ \(profile.section) ]\n" + lines.joined()
    }

    /// A path as a value: what would mean something else is escaped.
    private static func escaped(_ path: String) -> String {
        var out = ""
        for character in path {
            if "\\$#\"'`".contains(character) { out += "\\" }
            out.append(character)
        }
        return out
    }
}
