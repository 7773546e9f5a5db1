// SPDX-License-Identifier: Apache-2.0
// The flags of `sealwire bench`, from words to settings. What they do is SealClient's.

internal import SealClient
internal import SealMQTT
internal import SealPKI

/// A command line that cannot be understood.
struct BenchUsageError: Error {
    let reason: String
}

/// How the result is printed.
enum BenchOutput {
    case text
    case json
    case csv
}

/// What the command line asks for.
struct BenchFlags {
    var settings: BenchSettings
    var output = BenchOutput.text
    var samplesFile: String?
    private var tls = BenchTLS()
    private var isTLS = false
    private var certificate: String?
    private var key: String?
    private var keystore: String?
    private var keystoreAlias: String?
    private var keystorePassword = Secret("the keystore")
    private var keyPassword = Secret("the private key")
    private var truststore: String?
    private var truststorePassword = Secret("the truststore")
    private var identityFolder: String?
    private var identityCount = 1000
    private var identityPrefix = "device-"
    private var usesIdentityNames = false
    private var issuerCertificate: String?
    private var issuerKey: String?
    private var words: ArraySlice<String>

    /// Reads the words after `bench`.
    init(_ words: [String]) throws {
        guard let first = words.first, let row = BenchRow(rawValue: first) else {
            throw BenchUsageError(
                reason: "name what to measure: "
                    + BenchRow.allCases.map(\.rawValue).joined(separator: ", ")
            )
        }
        settings = BenchSettings(row: row)
        self.words = words.dropFirst()
        var hasPort = false
        while let flag = self.words.popFirst() {
            if flag == "--port" || flag == "-p" { hasPort = true }
            guard try takeLoad(flag) || takeConnection(flag) || takeEncryption(flag) else {
                throw BenchUsageError(reason: "\(flag) is not a flag of bench")
            }
        }
        if isTLS { settings.tls = try encryption() }
        if !hasPort, !isTLS { settings.port = 1883 }
        if let objection = settings.objection { throw BenchUsageError(reason: objection) }
    }

    private mutating func takeLoad(_ flag: String) throws -> Bool {
        switch flag {
        case "--clients": settings.clientCount = try number(flag)
        case "--others": settings.otherCount = try number(flag)
        case "--qos", "-q": settings.qos = UInt8(clamping: try number(flag))
        case "--size": settings.payloadBytes = try number(flag)
        case "--window": settings.window = try number(flag)
        case "--inflight": settings.inFlightCount = try number(flag)
        case "--seconds": settings.seconds = try fraction(flag)
        case "--warmup": settings.warmupSeconds = try fraction(flag)
        case "--rate": settings.messagesPerSecond = try fraction(flag)
        case "--bursts": settings.burstCount = try number(flag)
        case "--parallel": settings.parallelCount = max(1, try number(flag))
        case "--sources": settings.sourceCount = try number(flag)
        case "--retry": settings.retries = true
        case "--subscribe": settings.subscribes = true
        case "--topic-prefix": settings.topicPrefix = try value(flag)
        case "--server-pid": settings.serverProcess = Int32(clamping: try number(flag))
        case "--samples":
            samplesFile = try value(flag)
            settings.keepsSamples = true
        case "--json": output = .json
        case "--csv": output = .csv
        default: return false
        }
        return true
    }

    private mutating func takeConnection(_ flag: String) throws -> Bool {
        switch flag {
        case "--host", "-h": settings.host = try value(flag)
        case "--port", "-p":
            guard let port = UInt16(exactly: try number(flag)) else {
                throw BenchUsageError(reason: "a port is at most 65535")
            }
            settings.port = port
        case "--username", "-u": settings.username = try value(flag)
        case "--password", "-P": settings.password = try value(flag)
        case "--protocol", "--protocol-version", "-V":
            switch try value(flag) {
            case "3.1.1", "311", "mqttv311": settings.version = .v311
            case "5", "mqttv5": settings.version = .v5
            default: throw BenchUsageError(reason: "\(flag) is 3.1.1 or 5")
            }
        default: return false
        }
        return true
    }

    private mutating func takeEncryption(_ flag: String) throws -> Bool {
        switch flag {
        case "--tls": break
        case "--cafile": tls.trustFiles.append(try value(flag))
        case "--capath": tls.trustFolders.append(try value(flag))
        case "--tls-use-os-certs": tls.usesSystemRoots = true
        case "--insecure": tls.ignoresName = true
        case "--no-check": tls.isUnchecked = true
        case "--cert": certificate = try value(flag)
        case "--key": key = try value(flag)
        case "--identities": identityFolder = try value(flag)
        case "--identity-count": identityCount = max(1, try number(flag))
        case "--identity-prefix": identityPrefix = try value(flag)
        case "--identity-ids": usesIdentityNames = true
        case "--issuer-cert": issuerCertificate = try value(flag)
        case "--issuer-key": issuerKey = try value(flag)
        case "--tls-version":
            let version = try value(flag)
            guard version.hasSuffix("1.2") || version.hasSuffix("1.3") else {
                throw BenchUsageError(reason: "--tls-version is 1.2 or 1.3")
            }
            tls.only = String(version.suffix(3))
        default:
            guard try takeStore(flag) else { return false }
        }
        isTLS = true
        return true
    }

    private mutating func takeStore(_ flag: String) throws -> Bool {
        switch flag {
        case "--keystore": keystore = try value(flag)
        case "--keystore-alias": keystoreAlias = try value(flag)
        case "--keystore-password-file": keystorePassword.file = try value(flag)
        case "--keystore-password-env": keystorePassword.variable = try value(flag)
        case "--key-password-file": keyPassword.file = try value(flag)
        case "--key-password-env": keyPassword.variable = try value(flag)
        case "--truststore": truststore = try value(flag)
        case "--truststore-password-file": truststorePassword.file = try value(flag)
        case "--truststore-password-env": truststorePassword.variable = try value(flag)
        default: return false
        }
        return true
    }

    /// The encryption that the flags ask for; makes identities where they are to be made.
    private func encryption() throws -> BenchTLS {
        var tls = self.tls
        if let truststore {
            let password = try truststorePassword.given()
            tls.truststores = [
                TruststoreSource(file: truststore, password: password.map { .bytes($0) } ?? .absent)
            ]
        }
        if tls.trustFiles.isEmpty, tls.trustFolders.isEmpty, tls.truststores.isEmpty {
            tls.usesSystemRoots = true
        }
        if let keystore {
            guard certificate == nil else {
                throw BenchUsageError(reason: "--cert and --keystore exclude each other")
            }
            let source = KeystoreSource(
                file: keystore,
                alias: keystoreAlias,
                password: .bytes(try keystorePassword.read()),
                keyPassword: try keyPassword.given().map { .bytes($0) } ?? .absent
            )
            tls.identities = [.keystore(source)]
        }
        if let certificate {
            guard let key else { throw BenchUsageError(reason: "--cert needs --key") }
            let files = TLSIdentityFiles(chainFile: certificate, keyFile: key)
            tls.identities = [.files(files)]
        }
        guard let identityFolder else { return tls }
        let folder = DeviceFolder(path: identityFolder)
        if let issuerCertificate, let issuerKey {
            try folder.fill(
                count: identityCount,
                prefix: identityPrefix,
                issuerCertificate: issuerCertificate,
                issuerKey: issuerKey
            )
        }
        let names = try folder.names()
        tls.identities = names.map(folder.identity)
        if usesIdentityNames { tls.identityNames = names }
        return tls
    }

    private mutating func value(_ flag: String) throws -> String {
        guard let value = words.popFirst() else {
            throw BenchUsageError(reason: "\(flag) needs a value")
        }
        return value
    }

    private mutating func number(_ flag: String) throws -> Int {
        let text = try value(flag)
        guard let number = Int(text), number >= 0 else {
            throw BenchUsageError(reason: "\(flag) is a number, not \(text)")
        }
        return number
    }

    private mutating func fraction(_ flag: String) throws -> Double {
        let text = try value(flag)
        guard let number = Double(text), number >= 0, number.isFinite else {
            throw BenchUsageError(reason: "\(flag) is a number, not \(text)")
        }
        return number
    }
}
