// SPDX-License-Identifier: Apache-2.0
// What the command lines of pub, sub and rr come to. Which flag sets what is in MessagingFlags.

import SealMQTT

/// What is published.
enum PayloadSource: Equatable, Sendable {
    case text(String)
    case file(String)
    case standardInput
    case lines
    case empty
}

/// What pub, sub and rr are told.
struct MessagingOptions: Sendable {
    // The server.
    var host: String?
    var port: Int?
    var isURLEncrypted = false
    var localAddress: String?

    // TLS.
    var caFile: String?
    var caFolder: String?
    var usesSystemRoots = false
    var certificate: String?
    var key: String?
    var keystore: String?
    var keystoreAlias: String?
    var keystorePassword = Secret("the keystore")
    var keyPassword = Secret("the private key")
    var truststore: String?
    var truststorePassword = Secret("the truststore")
    var ciphers: String?
    var tlsVersion: String?
    var alpn: String?
    var checksName = true
    var checksChain = true
    var refusesTLS = false

    // The session.
    var username: String?
    var password: String?
    var id: String?
    var idPrefix: String?
    var keepsSession = false
    var keepAliveSeconds = 60
    var version: ProtocolVersion?
    var sessionExpiry: UInt32?
    var inflightMax = 20
    var will = WillOptions()
    var properties = PropertyOptions()

    // Messages.
    var topics: [String] = []
    var qos: UInt8 = 0
    var isRetained = false
    var payload: PayloadSource?
    var responseTopic: String?
    var repeats = 1
    var repeatDelaySeconds = 0.0

    // Receiving.
    var countMax: Int?
    var timeoutSeconds: Int?
    var endsAfterSubscribing = false
    var format: String?
    var omitsNewline = false
    var showsTopic = false
    var hidesRetained = false
    var retainedOnly = false
    var removesRetained = false
    var retainAsPublished = false
    var retainHandling: UInt8 = 0
    var hiddenFilters: [String] = []
    var unsubscribes: [String] = []
    var randomPercent = 100.0
    var showsLatency = false

    // Talking.
    var isDebug = false
    var isQuiet = false
    var optionFile: String?
    var wantsHelp = false
    var wantsVersion = false

    /// The last will as it is told in pieces.
    struct WillOptions: Sendable {
        var topic: String?
        var payload: String?
        var qos: UInt8 = 0
        var isRetained = false
    }
}
