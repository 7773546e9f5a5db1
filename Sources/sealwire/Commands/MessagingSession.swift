// SPDX-License-Identifier: Apache-2.0
// From the options of pub, sub and rr to a client, and from a client's errors to exit codes.

import Glibc
import SealBytes
import SealClient
import SealMQTT
import SealPKI

/// What pub, sub and rr share.
enum MessagingSession {
    /// Exit codes with a name.
    enum Exit {
        static let done: Int32 = 0
        static let failed: Int32 = 1
        static let timedOut: Int32 = 27
        static let interrupted: Int32 = 130
    }

    /// Rows about exit codes for the help.
    static let exitCodes: [(code: String, meaning: String)] = [
        ("0", "done"),
        ("1", "wrong options, --help, --version; no such host; no connection; unreadable files"),
        ("1-5", "refused by a server of MQTT 3: 4 bad login, 5 not authorised"),
        ("128-162", "refused by a server of MQTT 5: 134 bad login, 135 not authorised"),
        ("2", "the server broke the protocol"),
        ("3", "a topic or a message that MQTT does not allow"),
        ("7", "the connection was lost"),
        ("8", "TLS was refused; the reason is on standard error"),
        ("24, 25", "the server does not take this QoS; the message is too large"),
        ("27", "the time of -W ran out"),
    ]

    /// Reads option file and command line; nil with an exit code when there is nothing to do.
    @MainActor
    static func options(
        _ words: [String],
        _ command: String,
        _ flags: FlagTable<MessagingOptions>,
        help: () -> String
    ) throws(UsageError) -> (options: MessagingOptions?, exit: Int32) {
        var early = MessagingOptions()
        try flags.parse(words, into: &early)
        if early.wantsHelp {
            Terminal.write(help())
            return (nil, Exit.failed)
        }
        if early.wantsVersion {
            Terminal.write("sealwire \(programVersion)\n")
            return (nil, Exit.failed)
        }
        let saved = try OptionFile.read(early.optionFile, command: command)
        if saved.isEmpty { return (early, 0) }
        // What is saved comes first, so that the command line wins.
        var options = MessagingOptions()
        try flags.parse(saved, into: &options)
        let savedTopics = options.topics
        let savedPayload = options.payload
        options.topics = []
        options.payload = nil
        try flags.parse(words, into: &options)
        if options.topics.isEmpty { options.topics = savedTopics }
        if options.payload == nil { options.payload = savedPayload }
        return (options, 0)
    }

    /// What the client is told.
    static func settings(
        _ options: MessagingOptions,
        version standard: ProtocolVersion = .v311
    ) throws(UsageError) -> MQTTClientSettings {
        // A property can only be sent in MQTT 5.
        let version = options.properties.isUsed ? .v5 : options.version ?? standard
        var tls = try TLSChoice(options).settings
        if let alpn = options.alpn { tls?.alpn = [alpn] }
        let hasFiles = options.caFile != nil || options.caFolder != nil || !options.checksChain
        var settings = MQTTClientSettings(
            host: options.host ?? "localhost",
            port: UInt16(clamping: options.port ?? (hasFiles ? 8883 : 1883)),
            tls: tls
        )
        settings.version = version
        settings.clientID = try clientID(options, version)
        settings.cleanStart = !options.keepsSession
        settings.keepAliveSeconds = UInt16(clamping: options.keepAliveSeconds)
        settings.username = options.username
        settings.password = options.password.map { Array($0.utf8) }
        settings.localAddress = options.localAddress
        settings.limits.inflightMax = options.inflightMax
        settings.connectProperties = options.properties.connect
        settings.connectProperties.userProperties = UserProperty.block(
            options.properties.connectUser
        )
        if let expiry = options.sessionExpiry {
            settings.connectProperties.sessionExpirySeconds = expiry
        } else if options.keepsSession,
            settings.connectProperties.sessionExpirySeconds == 0
        {
            settings.connectProperties.sessionExpirySeconds = .max
        }
        settings.will = try will(options)
        settings.keepsUnclaimed = true
        if options.isDebug {
            let id = settings.clientID.isEmpty ? "(null)" : settings.clientID
            settings.onPacket = { Terminal.write("Client \(id) \($0)\n") }
        }
        return settings
    }

    private static func clientID(
        _ options: MessagingOptions,
        _ version: ProtocolVersion
    ) throws(UsageError) -> String {
        if options.id != nil, options.idPrefix != nil {
            throw UsageError(message: "-i and -I cannot be used together")
        }
        if let id = options.id { return id }
        if options.keepsSession || options.sessionExpiry == .max {
            throw UsageError(
                message: "a session that is kept needs a client identifier",
                hint: "add -i ID"
            )
        }
        if let prefix = options.idPrefix { return prefix + String(getpid()) }
        // MQTT 5 servers choose a better one.
        if version == .v5 { return "" }
        let letters = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        var dice = SystemRandomNumberGenerator()
        let chosen = (0..<18).map { _ in letters[Int.random(in: 0..<letters.count, using: &dice)] }
        return "mosq-" + String(chosen)
    }

    private static func will(_ options: MessagingOptions) throws(UsageError) -> Will? {
        let told = options.will
        guard let topic = told.topic else {
            if told.payload != nil || told.isRetained || told.qos > 0 {
                throw UsageError(message: "a last will needs a topic", hint: "add --will-topic")
            }
            return nil
        }
        try check(topic: topic, as: "the last will's topic")
        var will = Will(
            topic: Array(topic.utf8),
            payload: Array((told.payload ?? "").utf8),
            qos: told.qos,
            isRetained: told.isRetained
        )
        will.delaySeconds = options.properties.willDelaySeconds
        will.messageExpirySeconds = options.properties.will.messageExpirySeconds
        will.properties = options.properties.will.encoded
        return will
    }

    static func check(topic: String, as name: String) throws(UsageError) {
        do throws(MQTTError) {
            try TopicName.check(Array(topic.utf8).span.bytes)
        } catch {
            throw UsageError(message: "\(name) '\(topic)' cannot be used: \(error.reason)")
        }
    }

    static func check(filter: String) throws(UsageError) {
        do throws(MQTTError) {
            _ = try TopicFilter(parsing: Array(filter.utf8))
        } catch {
            throw UsageError(message: "the filter '\(filter)' cannot be used: \(error.reason)")
        }
    }

    /// Tells about an error on the command line.
    static func report(_ error: UsageError, _ command: String) -> Int32 {
        Terminal.error(
            error.message,
            hint: error.hint ?? "sealwire help \(command) shows all options"
        )
        return Exit.failed
    }

    /// Tells about a client's error; gives back the exit code.
    static func report(_ error: any Error, _ options: MessagingOptions) -> Int32 {
        guard let error = error as? MQTTClientError else {
            if !options.isQuiet { Terminal.error("\(error)") }
            return Exit.failed
        }
        if !options.isQuiet { Terminal.error(error.reason, hint: hint(error, options)) }
        return exitCode(error, options)
    }

    private static func exitCode(_ error: MQTTClientError, _ options: MessagingOptions) -> Int32 {
        switch error.code {
        case .refused:
            guard let reason = error.reasonCode else { return 5 }
            let isFive = options.properties.isUsed || options.version == .v5
            if isFive { return Int32(reason.rawValue) }
            return Int32(ConnectReturnCode(reason)?.rawValue ?? 3)
        case .settings, .lookup, .unreachable: return Exit.failed
        case .timeout, .connectionLost, .serverDisconnected: return 7
        case .tls: return 8
        case .protocolError: return 2
        case .notConnected, .alreadyConnected: return 4
        case .denied: return 0
        case .queueFull: return 1
        case .cancelled: return Exit.interrupted
        case .invalid:
            switch error.reasonCode {
            case .packetTooLarge: return 25
            case .qosNotSupported: return 24
            case .retainNotSupported: return 28
            default: return 3
            }
        }
    }

    private static func hint(_ error: MQTTClientError, _ options: MessagingOptions) -> String? {
        switch error.code {
        case .unreachable: return "is the server running, and is -p its port?"
        case .lookup: return "is -h spelled right?"
        case .connectionLost where !options.usesTLS:
            return "if the port speaks TLS, add --cafile or --tls-use-os-certs"
        case .refused:
            switch error.reasonCode {
            case .notAuthorized, .badUserNameOrPassword:
                return options.username == nil && options.certificate == nil
                    ? "log in with -u and -P, or with --cert and --key"
                    : "the server's log says why"
            default: return nil
            }
        case .tls:
            switch error.refusal?.code {
            case .unknownAuthority:
                return "--cafile must hold the authority that issued the server's certificate"
            case .wrongName:
                return "connect by a name in the certificate; --insecure skips this check"
            case .notTLS: return "leave out --cafile, or use the server's TLS port"
            default: return nil
            }
        default: return nil
        }
    }
}

extension PublishDetails {
    /// The properties as bytes, without expiry.
    fileprivate var encoded: [UInt8] {
        var writer = ByteWriter()
        write(into: &writer)
        return writer.copied()
    }
}
