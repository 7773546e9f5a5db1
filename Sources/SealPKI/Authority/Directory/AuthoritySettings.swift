// SPDX-License-Identifier: Apache-2.0
// What the configuration of an authority says: where its files are, what it signs and how.

internal import Glibc

/// What a policy asks of a field of the subject.
public enum PolicyRule: String, Sendable {
    /// The same as in the authority's own subject.
    case match
    /// Whatever it is, it must be there.
    case supplied
    /// It may be there.
    case optional
}

/// Which extensions of a request go into the certificate.
public enum RequestedExtensions: String, Sendable, CaseIterable {
    /// None of them.
    case none
    /// Those that the profile does not set.
    case copy
    /// All of them; they replace the profile's.
    case copyall
}

/// The settings of one authority.
public struct AuthoritySettings: Sendable {
    /// The whole configuration.
    public let configuration: OpenSSLConfiguration
    /// The file it was read from.
    public let file: String
    /// The section that describes the authority.
    public let section: String

    /// The database of all certificates.
    public let database: String
    /// The authority's certificate.
    public let certificate: String
    /// The authority's key.
    public let privateKey: String
    /// Where each certificate is kept under its serial number.
    public let newCertificates: String
    /// The file with the next serial number; nil when numbers are random.
    public let serial: String?
    /// The file with the number of the next revocation list.
    public let crlNumber: String?
    /// Where the revocation list goes.
    public let crl: String?
    /// How many days a certificate is valid, if that is said.
    public let defaultDays: Int?
    /// How many seconds until the next revocation list, if that is said.
    public let defaultCRLSeconds: Int64?
    /// The name of the digest; nil is the one that goes with the key.
    public let digest: String?
    /// The fields of the subject in their order.
    public let policy: [(field: String, rule: PolicyRule)]
    /// Whether subjects stay as they were asked for.
    public let isSubjectPreserved: Bool
    /// Whether mail addresses stay in the subject.
    public let isEmailInSubject: Bool
    /// What happens to the extensions of requests.
    public let requestedExtensions: RequestedExtensions
    /// The section with the extensions of certificates, if one is named.
    public let extensions: String?
    /// The section with the extensions of revocation lists, if one is named.
    public let crlExtensions: String?
    /// Whether two valid certificates may have one subject, when the `.attr` file does not say.
    public let isSubjectUnique: Bool

    /// What we do not do, by the name that asks for it.
    static let refused = [
        "default_startdate", "default_enddate", "msie_hack", "engine", "default_sigopt",
    ]

    /// Takes the settings out of a configuration; `section` nil is the one `default_ca` names.
    public init(
        _ configuration: OpenSSLConfiguration,
        file: String,
        section: String? = nil
    ) throws(PKIError) {
        guard let section = section ?? configuration.value("ca", "default_ca") else {
            throw PKIError(.configuration, "\(file) has no default_ca in its section [ ca ]")
        }
        let read = SettingReader(configuration: configuration, file: file, section: section)
        guard configuration.entries(section) != nil else {
            throw PKIError(.configuration, "\(file) has no section [ \(section) ]")
        }
        for name in Self.refused where configuration.value(section, name) != nil {
            throw PKIError(.configuration, "\(name) in \(file) is not supported; take it out")
        }
        self.configuration = configuration
        self.file = file
        self.section = section
        database = try read.path("database")
        certificate = try read.path("certificate")
        privateKey = try read.path("private_key")
        newCertificates = try read.path("new_certs_dir")
        let isRandom = read.text("rand_serial") != nil
        serial = isRandom ? nil : try read.path("serial")
        crlNumber = read.optionalPath("crlnumber")
        crl = read.optionalPath("crl")
        defaultDays = try read.number("default_days", 1...CertificateAuthority.daysMax)
        let days = try read.number("default_crl_days", 0...CertificateAuthority.daysMax)
        let hours = try read.number("default_crl_hours", 0...(CertificateAuthority.daysMax * 24))
        let seconds = Int64(days ?? 0) * 86_400 + Int64(hours ?? 0) * 3600
        defaultCRLSeconds = seconds > 0 ? seconds : nil
        let digest = read.text("default_md")
        self.digest = digest == "default" ? nil : digest
        policy = try read.policy()
        isSubjectPreserved = try read.flag("preserve") ?? false
        isEmailInSubject = try read.flag("email_in_dn") ?? true
        guard
            let copying = RequestedExtensions(rawValue: read.text("copy_extensions") ?? "none")
        else {
            throw PKIError(
                .configuration,
                "copy_extensions in \(file) is none, copy or copyall"
            )
        }
        requestedExtensions = copying
        extensions = read.text("x509_extensions")
        crlExtensions = read.text("crl_extensions")
        isSubjectUnique = read.text("unique_subject").map { yesNo($0, otherwise: true) } ?? true
    }

    /// The file that says whether subjects are unique.
    public var attributes: String { database + ".attr" }

    /// Where the certificates above the authority's own are kept: beside it.
    public var chain: String {
        let stem = certificate.hasSuffix(".pem") ? String(certificate.dropLast(4)) : certificate
        return stem + ".chain.pem"
    }

    /// The folder of the configuration.
    public var folder: String { folderName(file) }

    /// Reads the configuration of a folder or file.
    public static func read(_ path: String, section: String? = nil) throws(PKIError) -> Self {
        let file = try findFile(path)
        let bytes = try Files.read(file, bytesMax: OpenSSLConfiguration.bytesMax)
        do throws(PKIError) {
            let configuration = try OpenSSLConfiguration(
                parsing: bytes,
                environment: environmentVariable
            )
            return try AuthoritySettings(configuration, file: file, section: section)
        } catch {
            guard error.reason.hasPrefix("line ") else { throw error }
            throw PKIError(error.code, "\(file) \(error.reason)")
        }
    }

    /// The configuration of a folder: the one file in it whose name ends in `.cnf`.
    static func findFile(_ path: String) throws(PKIError) -> String {
        var about = stat()
        // SAFETY: the out-parameter is a local variable.
        guard unsafe stat(path, &about) == 0 else {
            throw PKIError(
                .file,
                "there is no folder or file \(path)",
                hint: "sealwire ca init makes the folder of an authority"
            )
        }
        guard about.st_mode & S_IFMT == S_IFDIR else { return path }
        let found = try Files.names(in: path).filter { $0.hasSuffix(".cnf") }.sorted()
        guard let first = found.first else {
            throw PKIError(
                .configuration,
                "there is no configuration (*.cnf) in \(path)",
                hint: "name the file, or make an authority with sealwire ca init"
            )
        }
        guard found.count == 1 else {
            throw PKIError(
                .configuration,
                "there are several configurations in \(path): \(found.joined(separator: ", "))",
                hint: "name the file instead of the folder"
            )
        }
        return path.hasSuffix("/") ? path + first : "\(path)/\(first)"
    }
}

/// Entries of the authority's section by kind.
private struct SettingReader {
    let configuration: OpenSSLConfiguration
    let file: String
    let section: String

    func text(_ name: String) -> String? {
        configuration.value(section, name).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A path; one that is not absolute starts at the configuration's folder.
    func optionalPath(_ name: String) -> String? {
        guard let path = text(name) else { return nil }
        return path.hasPrefix("/") ? path : "\(folderName(file))/\(path)"
    }

    func path(_ name: String) throws(PKIError) -> String {
        guard let path = optionalPath(name) else {
            throw PKIError(
                .configuration,
                "the section [ \(section) ] of \(file) does not say its \(name)"
            )
        }
        return path
    }

    func number(_ name: String, _ range: ClosedRange<Int>) throws(PKIError) -> Int? {
        guard let text = text(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw PKIError(
                .configuration,
                "\(name) in \(file) is a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }

    /// OpenSSL takes anything but `no` for yes here; a word that is neither is refused.
    func flag(_ name: String) throws(PKIError) -> Bool? {
        guard let text = text(name) else { return nil }
        switch text.lowercased() {
        case "yes", "true", "1", "y", "t": return true
        case "no", "false", "0", "n", "f": return false
        default: throw PKIError(.configuration, "\(name) in \(file) is yes or no")
        }
    }

    func policy() throws(PKIError) -> [(field: String, rule: PolicyRule)] {
        guard let name = text("policy"), let entries = configuration.entries(name) else {
            throw PKIError(
                .configuration,
                "the section [ \(section) ] of \(file) names no policy that there is"
            )
        }
        var rows: [(field: String, rule: PolicyRule)] = []
        for entry in entries {
            guard let rule = PolicyRule(rawValue: entry.value) else {
                throw PKIError(
                    .configuration,
                    "\(entry.name) in [ \(name) ] of \(file) is match, supplied or optional"
                )
            }
            rows.append((entry.name, rule))
        }
        return rows
    }
}

/// OpenSSL looks at the first letter.
func yesNo(_ text: String, otherwise: Bool) -> Bool {
    switch text.first {
    case "f", "F", "n", "N", "0": false
    case "t", "T", "y", "Y", "1": true
    default: otherwise
    }
}

/// The folder of a file.
func folderName(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// A variable of the environment.
func environmentVariable(_ name: String) -> String? {
    // SAFETY: the text is copied at once.
    guard let text = unsafe getenv(name) else { return nil }
    return unsafe String(cString: text)
}
