// SPDX-License-Identifier: Apache-2.0
// What `enroll` and `renew` do with the files of a device. The key is on the disk before anybody
// is asked for a certificate, so that none is ever issued for a key that is lost.

import Glibc
import SealBytes
import SealPKI

/// The files of one device.
struct EnrolmentFiles {
    let files: DeviceFiles
    let stem: String

    init(_ folder: String, _ device: String) throws {
        guard let stem = DeviceFiles.stem(device), !device.contains(":") else {
            throw UsageError(message: "'\(device)' cannot be the name of a device")
        }
        self.stem = stem
        files = try DeviceFiles(folder)
    }

    var certificate: String { files.certificate(stem) }
    var chain: String { files.chain(stem) }
    var key: String { files.key(stem) }
    /// Where the next key and chain wait until they are proven.
    var nextKey: String { key + ".next" }
    var nextChain: String { chain + ".next" }

    func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The identity as TLS shows it: the chain, so that the server finds the authority.
    var identity: IdentitySource {
        let shown = exists(chain) ? chain : certificate
        return .files(IdentityFiles(chainFile: shown, keyFile: key))
    }

    func write(_ certificate: Certificate, _ authority: Certificate) throws(PKIError) {
        try Files.write(certificate.pem, to: self.certificate)
        try Files.write(certificate.pem + authority.pem, to: chain)
    }
}

/// `sealwire enroll`.
struct EnrollRun {
    private let options: EnrollOptions
    private let device: String
    private let files: EnrolmentFiles
    private let server: EnrolmentServer

    init(_ options: EnrollOptions, _ device: String) throws {
        self.options = options
        self.device = device
        server = try EnrolmentServer(options)
        files = try EnrolmentFiles(options.folder, device)
    }

    @MainActor
    func run() throws -> Int32 {
        guard options.replaces || !files.exists(files.certificate) else {
            throw CommandFailure(
                RemoteExit.no,
                "\(files.certificate) is there already",
                hint: "sealwire renew renews it; --force begins anew"
            )
        }
        let code = String(decoding: try options.code.read(), as: UTF8.self)
        let key = try key()
        let (certificate, authority) = try server.certificate(
            device,
            key,
            code: code,
            identity: nil
        )
        try files.write(certificate, authority)
        EnrolmentReport.say(options, "enrolled", device, certificate, files)
        return RemoteExit.done
    }

    private func key() throws -> PrivateKey {
        if files.exists(files.key) {
            guard options.replaces, files.exists(files.certificate) else {
                return try PrivateKey(pem: Files.read(files.key))
            }
        }
        let key = try PrivateKey.generate(options.kind)
        try Files.write(key.pem(), to: files.key, mode: 0o600)
        return key
    }
}

/// `sealwire renew`.
struct RenewRun {
    private let options: EnrollOptions
    private let device: String
    private let files: EnrolmentFiles
    private let server: EnrolmentServer

    init(_ options: EnrollOptions, _ device: String) throws {
        self.options = options
        self.device = device
        server = try EnrolmentServer(options)
        files = try EnrolmentFiles(options.folder, device)
    }

    @MainActor
    func run() throws -> Int32 {
        try finishInterrupted()
        let old = try Certificate(pem: Files.read(files.certificate))
        let due = dueTime(old)
        guard options.isForced || Int64(time(nil)) >= due else {
            EnrolmentReport.notDue(options, device, old, due)
            return RemoteExit.done
        }
        let oldKey = try PrivateKey(pem: Files.read(files.key))
        let key = options.makesNewKey ? try PrivateKey.generate(options.kind) : oldKey
        if options.makesNewKey { try Files.write(key.pem(), to: files.nextKey, mode: 0o600) }
        do {
            let (certificate, authority) = try server.certificate(
                device,
                key,
                code: nil,
                identity: files.identity
            )
            try Files.write(certificate.pem + authority.pem, to: files.nextChain)
            if options.isTested {
                let keyFile = options.makesNewKey ? files.nextKey : files.key
                try server.accepts(
                    .files(IdentityFiles(chainFile: files.nextChain, keyFile: keyFile))
                )
            }
        } catch {
            unlink(files.nextChain)
            unlink(files.nextKey)
            throw error
        }
        try finishInterrupted()
        let renewed = try Certificate(pem: Files.read(files.certificate))
        EnrolmentReport.say(options, "renewed", device, renewed, files)
        return RemoteExit.done
    }

    /// When the certificate should be renewed, in seconds since 1970.
    private func dueTime(_ certificate: Certificate) -> Int64 {
        if let days = options.daysBefore { return certificate.notAfter - Int64(days) * 86_400 }
        return certificate.notAfter - (certificate.notAfter - certificate.notBefore) / 3
    }

    /// Puts a proven key and chain in the place of the old ones.
    ///
    /// A run that was killed in between left both or one of them waiting, and the next one finishes
    /// here: a key and a chain that do not belong together never stay.
    private func finishInterrupted() throws {
        guard files.exists(files.nextChain) else {
            unlink(files.nextKey)
            return
        }
        let chain = try CertificateBundle(pem: Files.read(files.nextChain)).certificates
        let keyFile = files.exists(files.nextKey) ? files.nextKey : files.key
        guard let leaf = chain.first, let authority = chain.last,
            try PrivateKey(pem: Files.read(keyFile)).matches(leaf)
        else {
            unlink(files.nextChain)
            unlink(files.nextKey)
            return
        }
        if keyFile == files.nextKey, rename(files.nextKey, files.key) != 0 {
            throw CommandFailure(RemoteExit.noFile, "\(files.key) cannot be replaced")
        }
        try files.write(leaf, authority)
        unlink(files.nextChain)
    }
}

/// What is printed at the end.
enum EnrolmentReport {
    static func say(
        _ options: EnrollOptions,
        _ act: String,
        _ device: String,
        _ certificate: Certificate,
        _ files: EnrolmentFiles
    ) {
        if options.isJSON {
            Output.object([
                "act": .string(act), "device": .string(device),
                "serial": .string(certificate.serial),
                "notAfter": .string(Moment.text(certificate.notAfter)),
                "certificate": .string(files.certificate), "chain": .string(files.chain),
                "key": .string(files.key),
            ])
        } else {
            Terminal.write(
                "\(act) \(device): \(files.certificate) is valid until "
                    + "\(Moment.text(certificate.notAfter))\n"
            )
        }
    }

    static func notDue(
        _ options: EnrollOptions,
        _ device: String,
        _ certificate: Certificate,
        _ due: Int64
    ) {
        if options.isJSON {
            Output.object([
                "act": "none", "device": .string(device), "due": .string(Moment.text(due)),
                "notAfter": .string(Moment.text(certificate.notAfter)),
            ])
        } else {
            Terminal.write("\(device) is not due before \(Moment.text(due))\n")
        }
    }
}
