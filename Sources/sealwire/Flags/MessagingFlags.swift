// SPDX-License-Identifier: Apache-2.0
// The flags that pub, sub and rr have in common, by the names that mosquitto's tools gave them.

import SealMQTT

typealias MessagingFlag = Flag<MessagingOptions>

enum MessagingFlags {
    static let server: [MessagingFlag] = [
        .value("-h", "--host", is: "HOST", "the server (localhost)") { o, v, _ in o.host = v },
        .value("-p", "--port", is: "PORT", "its port (8883 with --cafile or --capath, else 1883)") {
            (o, v, name) throws(UsageError) in
            o.port = try Numbers.whole(v, of: name, in: 1...65_535)
        },
        .value("-L", "--url", is: "URL", "mqtt[s]://[user[:password]@]host[:port]/topic") {
            (o, v, _) throws(UsageError) in try ServerURL(v).apply(to: &o)
        },
        .value("-A", is: "ADDRESS", "connect from this local address") { o, v, _ in
            o.localAddress = v
        },
        .on("--nodelay", help: "accepted; packets are never held back") { _ in },
    ]

    static let session: [MessagingFlag] = [
        .value("-u", "--username", is: "NAME", "user name") { o, v, _ in o.username = v },
        .value("-P", "--pw", is: "PASSWORD", "password") { o, v, _ in o.password = v },
        .value("-i", "--id", is: "ID", "client identifier") { o, v, _ in o.id = v },
        .value("-I", "--id-prefix", is: "PREFIX", "identifier of the prefix and the process id") {
            o,
            v,
            _ in o.idPrefix = v
        },
        .on("-c", "--disable-clean-session", help: "keep the session; needs -i") {
            $0.keepsSession = true
        },
        .value("-k", "--keepalive", is: "SECONDS", "keep-alive (60)") {
            (o, v, name) throws(UsageError) in
            o.keepAliveSeconds = try Numbers.whole(v, of: name, in: 5...65_535)
        },
        .value("-V", "--protocol-version", is: "VERSION", "31, 311 or 5 (311; rr: 5)") {
            (o, v, name) throws(UsageError) in o.version = try version(v, name)
        },
        .value("-x", "--session-expiry-interval", is: "SECONDS", "how long the session lives (5)") {
            (o, v, name) throws(UsageError) in o.sessionExpiry = try expiry(v, name)
        },
        .value("-M", "--max-inflight", is: "COUNT", "QoS 1 and 2 messages under way (20)") {
            (o, v, name) throws(UsageError) in
            o.inflightMax = try Numbers.whole(v, of: name, in: 1...65_535)
        },
        Flag(
            names: ["-D", "--property"],
            value: "COMMAND NAME VALUE",
            help: "a property of MQTT 5, for user-property NAME VALUE at the end"
        ) { (o, arguments, name) throws(UsageError) in
            try o.properties.read(&arguments, name)
        },
        .value("--will-topic", is: "TOPIC", "topic of the last will") { o, v, _ in
            o.will.topic = v
        },
        .value("--will-payload", is: "TEXT", "message of the last will") { o, v, _ in
            o.will.payload = v
        },
        .value("--will-qos", is: "QOS", "QoS of the last will (0)") {
            (o, v, name) throws(UsageError) in o.will.qos = try qos(v, name)
        },
        .on("--will-retain", help: "retain the last will") { $0.will.isRetained = true },
    ]

    static let tls: [MessagingFlag] =
        [
            .value("--cafile", is: "FILE", "trusted certificates, PEM; switches TLS on") {
                o,
                v,
                _ in
                o.caFile = v
            },
            .value("--capath", is: "FOLDER", "folder of trusted certificates; switches TLS on") {
                o,
                v,
                _ in o.caFolder = v
            },
            .on("--tls-use-os-certs", help: "trust what the system trusts; switches TLS on") {
                $0.usesSystemRoots = true
            },
            .value("--cert", is: "FILE", "client certificate, PEM") { o, v, _ in o.certificate = v
            },
            .value("--key", is: "FILE", "its private key, PEM") { o, v, _ in o.key = v },
            .value("--keystore", is: "FILE", "client certificate and key, JKS or PKCS #12") {
                o,
                v,
                _ in o.keystore = v
            },
            .value("--keystore-alias", is: "NAME", "its entry, when it has several keys") {
                o,
                v,
                _ in
                o.keystoreAlias = v
            },
            .value("--truststore", is: "FILE", "trusted certificates, JKS or PKCS #12; TLS on") {
                o,
                v,
                _ in o.truststore = v
            },
            .value("--keyform", is: "FORM", "pem, the only one") {
                (_, v, name) throws(UsageError) in
                guard v == "pem" else {
                    throw UsageError(
                        message: "\(name) \(v) is not supported: keys are read from PEM files only"
                    )
                }
            },
            .value("--ciphers", is: "LIST", "TLS 1.2 suites in OpenSSL's words") { o, v, _ in
                o.ciphers = v
            },
            .value("--tls-version", is: "VERSION", "oldest version: tlsv1.2 or tlsv1.3") {
                (o, v, name) throws(UsageError) in
                guard v == "tlsv1.2" || v == "tlsv1.3" else {
                    throw UsageError(message: "\(name) takes tlsv1.2 or tlsv1.3, not '\(v)'")
                }
                o.tlsVersion = v
            },
            .value("--tls-alpn", is: "NAME", "application protocol to ask for") { o, v, _ in
                o.alpn = v
            },
            .on("--insecure", help: "do not check the server's host name; its chain still counts") {
                $0.checksName = false
            },
            .on("--no-verify", help: "check nothing about the server; anybody can be in between") {
                $0.checksChain = false
            },
            .on("--no-tls", help: "no TLS, even on port 8883") { $0.refusesTLS = true },
        ] + secrets

    private static let secrets: [MessagingFlag] =
        Secret.flags("keystore-password", "the password of the keystore", \.keystorePassword)
        + Secret.flags("key-password", "the password of the key, if it has one", \.keyPassword)
        + Secret.flags("truststore-password", "that of the truststore", \.truststorePassword)

    static let talking: [MessagingFlag] = [
        .value("-o", is: "FILE", "read options from this file instead of the usual one") {
            o,
            v,
            _ in o.optionFile = v
        },
        .on("-d", "--debug", help: "show packets on standard output") { $0.isDebug = true },
        .on("--quiet", help: "no error text") { $0.isQuiet = true },
        .on("--help", help: "print this help and leave with code 1") { $0.wantsHelp = true },
        .on("--version", help: "print the version and leave with code 1") {
            $0.wantsVersion = true
        },
    ]

    static let refused: [MessagingFlag] = [
        .refused(
            "--tls-engine",
            "--tls-engine-kpass-sha1",
            because: "OpenSSL engines are left out"
        ),
        .refused("--psk", "--psk-identity", because: "use certificates, not pre-shared keys"),
        .refused("-S", because: "SRV records are not looked up; name the host with -h"),
        .refused("--proxy", because: "SOCKS proxies are left out"),
        .refused("--unix", because: "unix sockets are left out; use -h and -p"),
        .refused("--ws", because: "MQTT over WebSocket is left out; use -h and -p"),
        .refused("--tls-keylog", because: "secrets are not written to files"),
        .refused("--watch", "-w", because: "there is no live table; use -v or -F"),
        .refused("--pretty", because: "JSON is printed on one line; pipe it into a JSON printer"),
        .refused("--message-rate", because: "use 'sealwire bench' to measure rates"),
    ]

    static let publishing: [MessagingFlag] = [
        source("-m", "--message", is: "TEXT", "the message") { .text($0) },
        source("-f", "--file", is: "FILE", "a whole file is the message") { .file($0) },
        source("-s", "--stdin-file", "all of standard input is the message", .standardInput),
        source("-n", "--null-message", "an empty message", .empty),
        .on("-r", "--retain", help: "retain the message") { $0.isRetained = true },
    ]

    static let printing: [MessagingFlag] = [
        .value("-F", is: "FORMAT", "output format, see FORMAT") { o, v, _ in o.format = v },
        .on("-N", help: "no newline after the payload") { $0.omitsNewline = true },
        .on("-v", "--verbose", help: "print 'topic payload'") { $0.showsTopic = true },
        .value("-W", is: "SECONDS", "stop after so long, with code 27") {
            (o, v, name) throws(UsageError) in
            o.timeoutSeconds = try Numbers.whole(v, of: name, in: 1...Int(Int32.max))
        },
    ]

    static let quality: MessagingFlag = .value("-q", "--qos", is: "QOS", "0, 1 or 2 (0)") {
        (o, v, name) throws(UsageError) in o.qos = try qos(v, name)
    }

    static let topic: MessagingFlag = .value("-t", "--topic", is: "TOPIC", "the topic") { o, v, _ in
        o.topics.append(v)
    }

    static func source(
        _ short: String,
        _ long: String,
        is value: String,
        _ help: String,
        _ make: @escaping @Sendable (String) -> PayloadSource
    ) -> MessagingFlag {
        .value(short, long, is: value, help) { (o, v, _) throws(UsageError) in
            try set(&o, make(v))
        }
    }

    static func source(
        _ short: String,
        _ long: String,
        _ help: String,
        _ source: PayloadSource
    ) -> MessagingFlag {
        .on(short, long, help: help) { (o) throws(UsageError) in try set(&o, source) }
    }

    private static func set(
        _ options: inout MessagingOptions,
        _ source: PayloadSource
    ) throws(UsageError) {
        guard options.payload == nil else {
            throw UsageError(message: "only one of -m, -f, -l, -s and -n can be used at once")
        }
        options.payload = source
    }

    static func qos(_ text: String, _ name: String) throws(UsageError) -> UInt8 {
        UInt8(clamping: try Numbers.whole(text, of: name, in: 0...2))
    }

    private static func version(
        _ text: String,
        _ name: String
    ) throws(UsageError) -> ProtocolVersion {
        switch text {
        case "31", "mqttv31": return .v31
        case "311", "mqttv311": return .v311
        case "5", "mqttv5": return .v5
        default:
            throw UsageError(message: "\(name) takes 31, 311 or 5, not '\(text)'")
        }
    }

    private static func expiry(_ text: String, _ name: String) throws(UsageError) -> UInt32 {
        if text == "-1" || text == "∞" { return .max }
        let number = try Numbers.whole(text, of: name, in: 0...Int(UInt32.max))
        return UInt32(clamping: number)
    }
}
