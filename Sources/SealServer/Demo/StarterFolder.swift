// SPDX-License-Identifier: Apache-2.0
// The folder of `sealwired dev` and `sealwired init`: an authority of its own, the server's
// certificate, the identities of devices to try with, and the configuration that uses them.
// Whatever is there and good is kept.

internal import Glibc
internal import SealNet
internal import SealPKI

/// Everything a first run needs, in one folder.
struct StarterFolder: Sendable {
    /// The folder.
    let path: String
    /// Devices that are given an identity.
    var devices: [String] = []
    /// Further names and addresses of the server.
    var hosts: [String] = []

    var authorityFile: String { "\(path)/ca.crt" }
    var authorityKeyFile: String { "\(path)/ca.key" }
    var serverFile: String { "\(path)/server.crt" }
    var serverKeyFile: String { "\(path)/server.key" }
    func deviceFile(_ name: String) -> String { "\(path)/\(name).crt" }
    func deviceKeyFile(_ name: String) -> String { "\(path)/\(name).key" }
    var registryFolder: String { "\(path)/registry" }
    var configurationFile: String { "\(path)/sealwire.conf" }

    /// How long certificates live, and how long before the end they are made anew.
    static let authorityDays = 3650
    static let leafDays = 90
    static let renewalDays = 30

    /// Where it is unless said otherwise.
    static func standardPath(_ environment: [String: String]) -> String? {
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
            return "\(state)/sealwire-dev"
        }
        guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
        return "\(home)/.local/state/sealwire-dev"
    }

    /// Makes the folder and what is missing in it.
    func prepare() throws(PKIError) {
        try makeFolder()
        let authority = try authority()
        try renewServer(authority)
        for device in devices { try renewDevice(device, authority) }
    }

    /// Makes the server's certificate anew when it is about to end; true when it did.
    @discardableResult
    func renew() throws(PKIError) -> Bool { try renewServer(authority()) }

    private func makeFolder() throws(PKIError) {
        var place = ""
        for part in path.split(separator: "/") {
            place += "/\(part)"
            // The folder holds keys, so nobody else looks in; those above it are as usual.
            let mode: mode_t = place == path ? 0o700 : 0o755
            if mkdir(place, mode) != 0 {
                var about = stat()
                guard stat(place, &about) == 0, about.st_mode & S_IFMT == S_IFDIR else {
                    throw PKIError(.file, "\(place) cannot be made a folder")
                }
            }
        }
        var about = stat()
        guard stat(path, &about) == 0, about.st_uid == geteuid() else {
            throw PKIError(.file, "\(path) belongs to somebody else; choose another with --dir")
        }
        _ = chmod(path, 0o700)
    }

    private func authority() throws(PKIError) -> CertificateAuthority {
        if let certificate = try? Certificate(pem: Files.read(authorityFile)),
            let key = try? PrivateKey(pem: Files.read(authorityKeyFile)),
            let authority = try? CertificateAuthority(certificate: certificate, key: key),
            certificate.notAfter > Int64(time(nil)) + Int64(Self.leafDays) * 86_400
        {
            return authority
        }
        let authority = try CertificateAuthority.makeRoot(
            subject: DistinguishedName(
                commonName: "Sealwire development CA",
                organization: HostNames.name ?? "localhost"
            ),
            days: Self.authorityDays
        )
        try Files.write(authority.key.pem(), to: authorityKeyFile, mode: 0o600)
        try Files.write(authority.certificate.pem, to: authorityFile, mode: 0o644)
        return authority
    }

    /// All names and addresses of this machine, and those that were said.
    private var names: SubjectNames {
        var dns = ["localhost"]
        if let name = HostNames.name, name != "localhost" { dns.append(name) }
        var addresses = ["127.0.0.1", "::1"]
        for address in HostNames.addresses where !addresses.contains(address) {
            addresses.append(address)
        }
        for host in hosts {
            if addressBytes(host) == nil {
                if !dns.contains(host) { dns.append(host) }
            } else if !addresses.contains(host) {
                addresses.append(host)
            }
        }
        return SubjectNames(dns: dns, addresses: addresses)
    }

    @discardableResult
    private func renewServer(_ authority: CertificateAuthority) throws(PKIError) -> Bool {
        let names = names
        let isGood = isGood(serverFile, serverKeyFile, authority) { certificate in
            guard let has = try? certificate.subjectNames() else { return false }
            return Set(names.dns).isSubset(of: has.dns)
                && Set(names.addresses.compactMap(addressBytes))
                    .isSubset(of: Set(has.addresses.compactMap(addressBytes)))
        }
        if isGood { return false }
        let identity = try authority.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: names.dns.last ?? "localhost"),
                names: names,
                purpose: .server,
                days: Self.leafDays
            )
        )
        // The root comes along, so that what is fetched from the port can be used as --cafile.
        try write(identity, serverFile, serverKeyFile, with: [authority.certificate])
        return true
    }

    private func renewDevice(
        _ name: String,
        _ authority: CertificateAuthority
    ) throws(PKIError) {
        if isGood(deviceFile(name), deviceKeyFile(name), authority, { _ in true }) { return }
        let identity = try authority.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: name),
                purpose: .device,
                days: Self.leafDays
            )
        )
        try write(identity, deviceFile(name), deviceKeyFile(name), with: [])
    }

    private func isGood(
        _ file: String,
        _ keyFile: String,
        _ authority: CertificateAuthority,
        _ suits: (Certificate) -> Bool
    ) -> Bool {
        guard let certificate = try? Certificate(pem: Files.read(file)),
            let key = try? PrivateKey(pem: Files.read(keyFile))
        else { return false }
        let enough = Int64(time(nil)) + Int64(Self.renewalDays) * 86_400
        return key.matches(certificate) && certificate.isIssued(by: authority.certificate)
            && certificate.notAfter > enough && suits(certificate)
    }

    private func write(
        _ identity: Identity,
        _ file: String,
        _ keyFile: String,
        with others: [Certificate]
    ) throws(PKIError) {
        try Files.write(identity.key.pem(), to: keyFile, mode: 0o600)
        let chain = [identity.certificate] + others
        try Files.write(chain.flatMap(\.pem), to: file, mode: 0o644)
    }

    /// The certificate of the authority.
    func authorityCertificate() throws(PKIError) -> Certificate {
        try Certificate(pem: Files.read(authorityFile))
    }

    /// Writes the configuration that uses all of it.
    func writeConfiguration(_ text: StarterConfiguration) throws(PKIError) {
        try Files.write(Array(text.text.utf8), to: configurationFile, mode: 0o600)
    }
}
