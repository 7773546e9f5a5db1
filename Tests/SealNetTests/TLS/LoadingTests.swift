// SPDX-License-Identifier: Apache-2.0
// Putting TLS settings to use: what is refused, with the file and the reason.

import Glibc
import SealPKI
import Testing

@testable import SealNet

/// A folder that goes when the test ends.
final class Folder {
    let path: String

    init() throws {
        var template = Array("/tmp/seal-tls-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    deinit {
        for name in (try? Files.names(in: path)) ?? [] { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Files.write(bytes, to: "\(path)/\(name)", mode: 0o600)
        return "\(path)/\(name)"
    }

    func write(_ name: String, _ identity: TLSIdentity) throws -> TLSIdentityFiles {
        TLSIdentityFiles(
            chainFile: try write("\(name).crt", identity.chain.flatMap(\.pem)),
            keyFile: try write("\(name).key", identity.key.pem())
        )
    }
}

@Suite("TLS settings")
struct LoadingTests {
    private let folder: Folder
    private let town: Town
    private let server: TLSIdentityFiles

    init() throws {
        folder = try Folder()
        town = try Town()
        server = try folder.write("server", town.identity(.server, "broker"))
    }

    private func failure(
        _ settings: TLSSettings
    ) throws -> TLSError {
        do {
            _ = try TLSContext.load(settings)
        } catch {
            return error
        }
        Issue.record("the settings were taken")
        throw TLSError(.cryptography, "the settings were taken")
    }

    @Test("are put to use, with what logs and metrics need")
    func loading() throws {
        var settings = TLSSettings(identities: [.files(server)])
        settings.trustFiles = [try folder.write("ca.pem", town.authority.certificate.pem)]
        let list = try town.authority.revocationList(revoking: [])
        settings.crlFiles = [try folder.write("ca.crl", list.pem)]
        settings.clientCertificates = .require
        let context = try TLSContext.load(settings)
        #expect(context.leaf == (try Certificate(pem: Files.read(server.chainFile))))
        #expect(context.notAfter == context.leaf.notAfter)
        #expect(context.leafFingerprint == context.leaf.fingerprint)
        #expect(context.listsDue == list.nextUpdate)
        #expect(context.settings == settings)
    }

    @Test("name a file that is missing or empty or damaged")
    func files() throws {
        var missing = server
        missing.chainFile = "/nowhere.crt"
        let first = try failure(TLSSettings(identities: [.files(missing)]))
        #expect(first.code == .file && first.file == "/nowhere.crt")
        var empty = server
        empty.chainFile = try folder.write("empty.crt", [])
        #expect(try failure(TLSSettings(identities: [.files(empty)])).code == .malformed)
        var swapped = server
        swapped.keyFile = server.chainFile
        let third = try failure(TLSSettings(identities: [.files(swapped)]))
        #expect(third.code == .malformed && third.file == server.chainFile)
        var trust = TLSSettings(identities: [.files(server)])
        trust.trustFiles = [server.keyFile]
        #expect(try failure(trust).file == server.keyFile)
        var lists = TLSSettings(identities: [.files(server)])
        lists.crlFiles = [server.chainFile]
        #expect(try failure(lists).code == .malformed)
        #expect(try failure(TLSSettings(identities: [])).code == .noIdentity)
    }

    @Test("name a revocation list that holds only changes")
    func deltaList() throws {
        let changes = """
            -----BEGIN X509 CRL-----
            MIG0MFwCAQEwCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBZBcNMjYxMTI1MjMxMjI0
            WhgPMjEwOTAxMTQyMzEyMjRaoB0wGzANBgNVHRsBAf8EAwIBBzAKBgNVHRQEAwIB
            ATAKBggqhkjOPQQDAgNIADBFAiBjD3phg/9cigJ1zjgGT2IwBTpG/BhUQXtd6Yua
            KuiEggIhAPOSYvRzMHwXJLpUpoMWCgXUKZlI2ETYJdFp1/mfsdWI
            -----END X509 CRL-----
            """
        var settings = TLSSettings(identities: [.files(server)])
        settings.crlFiles = [try folder.write("changes.crl", Array(changes.utf8))]
        let refused = try failure(settings)
        #expect(refused.code == .malformed && refused.description.contains("whole list"))
    }

    @Test("name a key that does not belong to the certificate")
    func mismatch() throws {
        var other = server
        other.keyFile = try folder.write("other.key", PrivateKey.generate().pem())
        let refused = try failure(TLSSettings(identities: [.files(other)]))
        #expect(refused.code == .keyMismatch && refused.file == other.keyFile)
    }

    @Test("open an encrypted key with the first line of a file")
    func passphrase() throws {
        let identity = try town.identity(.server, "locked")
        var files = try folder.write("locked", identity)
        files.keyFile = try folder.write(
            "locked.key",
            identity.key.pem(passphrase: Array("sesame".utf8))
        )
        #expect(try failure(TLSSettings(identities: [.files(files)])).code == .passphrase)
        files.passphraseFile = try folder.write("wrong.txt", Array("simsim\n".utf8))
        #expect(try failure(TLSSettings(identities: [.files(files)])).code == .passphrase)
        files.passphraseFile = try folder.write("right.txt", Array("sesame\nmore".utf8))
        _ = try TLSContext.load(TLSSettings(identities: [.files(files)]))
    }

    @Test("refuse a certificate that has expired, unless told otherwise")
    func expired() throws {
        let old = try folder.write(
            "old",
            town.identity(.server, "old", days: 1, notBefore: Int64(time(nil)) - 200_000)
        )
        var settings = TLSSettings(identities: [.files(old)])
        let refused = try failure(settings)
        #expect(refused.code == .expired && refused.file == old.chainFile)
        settings.acceptsExpiredIdentities = true
        _ = try TLSContext.load(settings)
    }

    @Test("refuse checking clients without an authority")
    func noTrust() throws {
        for mode in [ClientCertificateMode.verify, .require] {
            var settings = TLSSettings(identities: [.files(server)])
            settings.clientCertificates = mode
            #expect(try failure(settings).code == .noTrust)
        }
        var folders = TLSSettings(identities: [.files(server)])
        let empty = try Folder()
        folders.trustFolders = [empty.path]
        #expect(try failure(folders).code == .noTrust)
        #expect(throws: TLSError(.noTrust, "")) {
            try TLSClientContext.load(TLSClientSettings())
        }
    }

    @Test("read a folder of authorities and pass over everything else in it")
    func trustFolder() throws {
        let trusted = try Folder()
        _ = try trusted.write("a.pem", town.authority.certificate.pem)
        _ = try trusted.write("0a1b2c3d.0", town.authority.certificate.pem)
        _ = try trusted.write("b.pem", Town("Second").authority.certificate.pem)
        _ = try trusted.write("notes.txt", Array("nothing".utf8))
        var settings = TLSSettings(identities: [.files(server)])
        settings.trustFolders = [trusted.path]
        settings.clientCertificates = .require
        let context = try TLSContext.load(settings)
        let client = try clientContext(
            trust: town.trust,
            identity: town.identity(.device, "device")
        )
        #expect(try Conversation(context, client).shakeHands().peers != nil)
    }

    @Test("name unknown suites, impossible versions and protocols")
    func policy() throws {
        var suites = TLSSettings(identities: [.files(server)])
        suites.ciphersuites = "TLS_NOTHING"
        #expect(try failure(suites).code == .ciphers)
        var ciphers = TLSSettings(identities: [.files(server)])
        ciphers.ciphers = "NOTHING"
        #expect(try failure(ciphers).code == .ciphers)
        var versions = TLSSettings(identities: [.files(server)])
        versions.minimumVersion = .tls13
        versions.maximumVersion = .tls12
        #expect(try failure(versions).code == .versions)
        for name in ["", String(repeating: "x", count: 256)] {
            var alpn = TLSSettings(identities: [.files(server)])
            alpn.alpn = [name]
            #expect(try failure(alpn).code == .alpn)
        }
        var longest = TLSSettings(identities: [.files(server)])
        longest.alpn = [String(repeating: "x", count: 255)]
        _ = try TLSContext.load(longest)
    }

    @Test("send the root along when asked to")
    func root() throws {
        for sends in [false, true] {
            for carries in [false, true] {
                let identity = try town.identity(.server, "broker", sendsAuthority: carries)
                var settings = TLSSettings(
                    identities: [.files(try folder.write("chain", identity))])
                settings.sendsRoot = sends
                settings.trustFiles = [
                    try folder.write("ca.pem", town.authority.certificate.pem)
                ]
                let client = try clientContext(trust: town.trust)
                let talk = try Conversation(try TLSContext.load(settings), client)
                let peers = try #require(talk.shakeHands().peers)
                #expect(peers.client.certificate?.sentAuthorities.count == (sends ? 1 : 0))
            }
        }
    }

    @Test("send the authorities along that the chain lacks and the trusted ones hold")
    func completedChain() throws {
        let made = try town.authority.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: "Between"),
                purpose: .authority,
                days: 30,
                pathLength: 0
            )
        )
        let between = try CertificateAuthority(certificate: made.certificate, key: made.key)
        let leaf = try between.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: "broker"),
                names: SubjectNames(dns: ["localhost"]),
                purpose: .server,
                days: 30
            )
        )
        let identity = TLSIdentity(chain: [leaf.certificate], key: leaf.key, file: "broker.pem")
        var settings = TLSSettings(identities: [.files(try folder.write("leaf", identity))])
        settings.sendsRoot = true
        settings.trustFiles = [
            try folder.write("all.pem", town.authority.certificate.pem + between.certificate.pem)
        ]
        let client = try clientContext(trust: town.trust)
        let talk = try Conversation(try TLSContext.load(settings), client)
        let peers = try #require(talk.shakeHands().peers)
        #expect(peers.client.certificate?.sentAuthorities.count == 2)
        settings.trustFiles = [try folder.write("root.pem", town.authority.certificate.pem)]
        let cut = try Conversation(try TLSContext.load(settings), client).shakeHands()
        #expect(cut.clientCode == .unknownAuthority)
    }

    @Test("made anew leave the streams of the old ones alive")
    func reload() throws {
        let client = try clientContext(trust: town.trust)
        var context: TLSContext? = try TLSContext.load(TLSSettings(identities: [.files(server)]))
        let talk = try Conversation(try #require(context), client)
        context = nil
        #expect(talk.shakeHands().peers != nil)
        context = try TLSContext.load(TLSSettings(identities: [.files(server)]))
        #expect(talk.carry([1, 2], toServer: true) == [1, 2])
        #expect(context != nil)
    }
}
