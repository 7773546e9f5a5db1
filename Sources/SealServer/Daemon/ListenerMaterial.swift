// SPDX-License-Identifier: Apache-2.0
// What a listener needs besides its port, loaded from the files its settings name: TLS contexts
// and rules of access. Loaded whole or not at all, at the start and at each reload.

internal import SealBroker
internal import SealNet
internal import SealPKI

/// Something that keeps the daemon from starting or a configuration from being used.
public struct DaemonProblem: Sendable, CustomStringConvertible {
    /// The listener's number; nil when no single one is concerned.
    public var listener: Int?
    /// What is concerned, in words.
    public var subject: String
    /// The file at fault; nil when it is none.
    public var file: String?
    /// What is wrong, as a sentence.
    public var text: String
    /// What to do about it; may be empty.
    public var hint = ""

    /// Subject and sentence.
    public var description: String { subject.isEmpty ? text : "\(subject): \(text)" }
}

/// The loaded files of one listener.
struct ListenerMaterial: Sendable {
    var tls: TLSContext?
    var access: AccessRules
    var grant: ListenerGrant
    /// What is allowed but should be known.
    var warnings: [String]

    /// Loads what all listeners name, or says everything that is wrong with it.
    static func loadAll(
        _ configuration: Configuration
    ) throws(DaemonError) -> [ListenerMaterial] {
        var faults: [DaemonProblem] = []
        var materials: [ListenerMaterial] = []
        for (index, listener) in configuration.listeners.enumerated() {
            var mine: [DaemonProblem] = []
            materials.append(load(listener, &mine))
            for var fault in mine {
                fault.listener = index
                faults.append(fault)
            }
        }
        guard faults.isEmpty else { throw DaemonError(problems: faults, isConfiguration: true) }
        return materials
    }

    /// Loads what a listener names; faults are collected, so that all of them are seen at once.
    private static func load(
        _ settings: ListenerSettings,
        _ faults: inout [DaemonProblem]
    ) -> ListenerMaterial {
        var warnings: [String] = []
        let access = loadAccess(settings, &faults, &warnings)
        return ListenerMaterial(
            tls: settings.isTLS ? loadTLS(settings, &faults) : nil,
            access: access,
            grant: grant(settings),
            warnings: warnings
        )
    }

    private static func loadTLS(
        _ settings: ListenerSettings,
        _ faults: inout [DaemonProblem]
    ) -> TLSContext? {
        let subject = "listener \(settings.name)"
        guard let tls = tlsSettings(settings) else {
            faults.append(
                DaemonProblem(
                    subject: subject,
                    text: "certificate and key, or a keystore with them, are missing"
                )
            )
            return nil
        }
        do throws(TLSError) {
            return try TLSContext.load(tls)
        } catch {
            faults.append(
                DaemonProblem(subject: subject, file: error.file, text: error.description)
            )
            return nil
        }
    }

    static func tlsSettings(_ settings: ListenerSettings) -> TLSSettings? {
        guard let first = settings.identitySource else { return nil }
        let identities = [first] + settings.identities.compactMap(\.identitySource)
        var tls = TLSSettings(identities: identities)
        tls.serverNames =
            [[]] + settings.identities.filter { $0.identitySource != nil }.map(\.names)
        tls.clientCertificates =
            ClientCertificateMode(rawValue: settings.clientCertificates.rawValue) ?? .require
        tls.trustFiles = settings.trustFiles
        tls.trustFolders = settings.trustFolders
        tls.truststores = settings.truststoreSource.map { [$0] } ?? []
        tls.crlFiles = settings.crlFiles
        tls.minimumVersion = settings.tlsMinimum == .tls13 ? .tls13 : .tls12
        tls.ciphers = settings.ciphers.isEmpty ? nil : settings.ciphers
        tls.ciphersuites = settings.ciphersuites.isEmpty ? nil : settings.ciphersuites
        tls.alpn = settings.alpn
        tls.checksClientDates = settings.checksClientDates
        tls.sendsRoot = true
        if settings.usesRegistry {
            // Whom tenants trust is known to the login only, and so are its lists.
            tls.judgesClients = false
            tls.crlFiles = []
        }
        return tls
    }

    private static func loadAccess(
        _ settings: ListenerSettings,
        _ faults: inout [DaemonProblem],
        _ warnings: inout [String]
    ) -> AccessRules {
        do throws(ConfigurationErrors) {
            var (rules, found) = try settings.accessRules { try? Files.read($0) }
            warnings.append(contentsOf: found.map { "\($0.place): \($0.message)" })
            if settings.usesRegistry {
                let listed = loadRevocations(settings, &faults)
                rules.registry.revoked = listed.revoked
                rules.registry.listsDue = listed.due
            }
            return rules
        } catch {
            for fault in error.errors {
                faults.append(
                    DaemonProblem(
                        subject: "listener \(settings.name)",
                        file: fault.file,
                        text: "\(fault.place): \(fault.message)",
                        hint: fault.hint
                    )
                )
            }
            return AccessRules()
        }
    }

    /// The lists of a listener whose login looks certificates up in them.
    private static func loadRevocations(
        _ settings: ListenerSettings,
        _ faults: inout [DaemonProblem]
    ) -> ListedRevocations {
        var lists: [RevocationList] = []
        for file in settings.crlFiles {
            do throws(PKIError) {
                let found = try RevocationList.readAll(try Files.read(file))
                _ = try ListedRevocations(found)
                lists += found
            } catch {
                faults.append(
                    DaemonProblem(
                        subject: "listener \(settings.name)",
                        file: file,
                        text: error.reason,
                        hint: error.hint ?? ""
                    )
                )
            }
        }
        return (try? ListedRevocations(lists)) ?? ListedRevocations()
    }

    private static func grant(_ settings: ListenerSettings) -> ListenerGrant {
        var grant = ListenerGrant()
        grant.name = settings.name
        grant.versions = Set(
            settings.protocols.map { version in
                switch version {
                case .v31: 3
                case .v311: 4
                case .v5: 5
                }
            }
        )
        grant.maximumQoS = UInt8(clamping: settings.qosMax)
        grant.topicAliasMaximum = settings.topicAliasMaximum
        grant.reasonStrings = settings.reasonStrings
        grant.mountPoint = Array(settings.mountPoint.utf8)
        grant.connectionsMax = settings.connectionsMax > 0 ? settings.connectionsMax : nil
        return grant
    }
}

extension BrokerLimits {
    init(_ limits: Limits) {
        self.init()
        packetBytesMax = limits.packetBytes
        keepAliveSecondsMax = limits.keepAliveSecondsMax
        connectSeconds = limits.connectSeconds
        outBytesMax = limits.outBufferBytes
        queuedMessagesMax = limits.queuedMessages
        queuedBytesMax = limits.queuedBytes
        inFlightMax = limits.inFlightMaximum
        receiveMaximum = limits.receiveMaximum
        sessionExpirySecondsMax = UInt32(clamping: limits.sessionExpirySecondsMax)
        storedSessionsMax = limits.sessions
        retainedMessagesMax = limits.retainedMessages
        retainedBytesMax = limits.retainedBytes
        subscriptionsPerSessionMax = limits.subscriptionsPerSession
        connectPacketBytesMax = limits.connectPacketBytes
        topicLevelsMax = limits.topicLevels
        topicBytesMax = limits.topicBytes
        filtersPerPacketMax = limits.filtersPerPacket
        wildcardShapesMax = limits.wildcardShapes
        wildcardShapesPerSessionMax = limits.wildcardShapesPerSession
        work.link = limits.linkWork
        work.tenant = limits.tenantWork
        subscriptionBytesPerSessionMax = limits.subscriptionBytesPerSession
        clientBytesMax = limits.clientBytes
        tenantBytesMax = limits.tenantBytes
        memoryBytesMax = limits.memoryBytes
        routeBytesMax = limits.routeCacheBytes
        topicAliasMaximum = limits.topicAliases
        clientIDBytesMax = limits.clientIDBytes
        userNameBytesMax = limits.userNameBytes
        connectionsPerTenantMax = limits.connectionsPerTenant
        tenantsMax = limits.tenants
    }
}

extension AdmissionLimits {
    init(_ configuration: Configuration) {
        let limits = configuration.limits
        self.init(
            connectionsMax: limits.connections,
            connectionsPerSourceMax: limits.connectionsPerSource,
            handshakesWaitingMax: limits.handshakesWaiting,
            handshakesPerSourceMax: limits.handshakesPerSource
        )
        connectionsPerListenerMax = configuration.listeners.map(\.connectionsMax)
    }
}
