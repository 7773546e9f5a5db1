// SPDX-License-Identifier: Apache-2.0
// Where systems keep the authorities they trust. The one home of this list: clients and the toolkit
// ask here.

internal import Glibc

/// The system's file of trusted authorities.
public struct SystemRoots: Sendable {
    /// The file.
    public let path: String
    /// Whose place it is: `Debian, Ubuntu`, or the variable that names it.
    public let origin: String

    /// The known places, in the order they are looked at.
    public static let places: [SystemRoots] = [
        SystemRoots("/etc/ssl/certs/ca-certificates.crt", "Debian, Ubuntu, Arch, Gentoo"),
        SystemRoots("/etc/pki/tls/certs/ca-bundle.crt", "Fedora, CentOS, RHEL"),
        SystemRoots("/etc/ssl/certs/ca-bundle.crt", "CentOS"),
        SystemRoots("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "CentOS, RHEL, Fedora"),
        SystemRoots("/var/lib/ca-certificates/ca-bundle.pem", "openSUSE, SLES"),
        SystemRoots("/etc/ssl/ca-bundle.pem", "SUSE"),
        SystemRoots("/etc/ssl/cert.pem", "Alpine, OpenWrt, macOS, BSD"),
        SystemRoots("/etc/pki/tls/cacert.pem", "OpenELEC"),
        SystemRoots("/usr/local/share/certs/ca-root-nss.crt", "FreeBSD"),
    ]

    /// The variable that names another file, for this and for OpenSSL's programs.
    public static let variable = "SSL_CERT_FILE"

    private init(_ path: String, _ origin: String) {
        self.path = path
        self.origin = origin
    }

    /// The first place that has a file; nil when there is none.
    public static func find() -> SystemRoots? {
        // SAFETY: the text is copied at once.
        if let named = unsafe getenv(variable) {
            let path = unsafe String(cString: named)
            if !path.isEmpty { return SystemRoots(path, "the variable \(variable)") }
        }
        return places.first { access($0.path, R_OK) == 0 }
    }

    /// The trusted certificates, or words about why there are none.
    public static func load() throws(PKIError) -> (place: SystemRoots, certificates: [Certificate])
    {
        guard let place = find() else {
            throw PKIError(
                .file,
                "no file of trusted authorities was found in the places systems keep it",
                hint: "install the package ca-certificates, or name a file in \(variable)"
            )
        }
        let file = try CertificateFile(try Files.read(place.path))
        guard !file.certificates.isEmpty else {
            throw PKIError(.noPEM, "\(place.path) holds no certificate")
        }
        return (place, file.certificates)
    }
}
