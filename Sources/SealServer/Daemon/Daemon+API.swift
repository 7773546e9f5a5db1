// SPDX-License-Identifier: Apache-2.0
// The REST API of the running daemon: its listeners, and what its calls get of the daemon.

internal import SealAdmin
internal import SealBroker
internal import SealBytes
internal import SealHTTP
internal import SealNet
internal import SealTelemetry

extension Daemon {
    /// Serves the API; nil when nothing listens for it.
    func startAPI(_ configuration: Configuration, _ listeners: [LoopListener]) -> HTTPService? {
        guard let identity else { return nil }
        let api = AdminAPI(adminContext(identity))
        identity.api.withLock { $0 = api }
        guard !listeners.isEmpty else { return nil }
        var settings = HTTPServerSettings()
        settings.take(configuration.api)
        let (plain, bulk) = (configuration.api.bodyBytesMax, configuration.api.bulkBytesMax)
        let site = HTTPSite { exchange in
            let rule = api.bodyRule(exchange)
            guard case .take(let wanted) = rule else { return rule }
            return .take(bytesMax: min(wanted, plain))
        } judge: { exchange, lane in
            let ruling = api.judge(exchange, on: lane)
            guard case .take(let wanted, let isBulk, let permit) = ruling else { return ruling }
            // A call that takes more than others takes a list or a file.
            let most = min(wanted, wanted > BodyShape.plainBytesMax ? bulk : plain)
            return .take(bytesMax: most, isBulk: isBulk, permit: permit)
        } answer: { exchange, lane in
            api.handle(exchange, on: lane)
        }
        return HTTPService(
            named: "api",
            settings,
            ports: listeners.map { listener in
                HTTPPort(
                    listener: listener,
                    name: configuration.listeners[listener.number].name
                )
            },
            site: site,
            handshakes: handshakes,
            counters: counters,
            logger: logger
        )
    }

    private func adminContext(_ identity: IdentityService) -> AdminContext {
        var settings = AdminSettings()
        settings.version = Version.text
        let own = state.withLock { $0.configuration.registry }
        settings.deviceCertificateDays = max(own.enrolledSeconds / 86_400, 1)
        settings.enrolmentGraceSeconds = Int64(own.enrolmentGraceSeconds)
        var context = AdminContext(
            environment: identity.environment,
            vault: identity.vault,
            forge: identity.forge,
            sessions: identity,
            settings: settings
        ) { [weak self] credentials in
            guard let self else { return .refused([Reason(.registryFailed)]) }
            return identity.judge(credentials, apiRules(credentials.listener))
        }
        context.certificateRefusal = { [weak self] credentials in
            guard let self else { return [Reason(.registryFailed)] }
            return RegistryLogin.refusal(
                ofCertificate: credentials,
                apiRules(credentials.listener),
                identity.environment
            )
        }
        context.enrolmentGuesses = EnrolmentGuesses(GuessLimit.Bounds(own))
        context.quickLogin = { [weak self] credentials in
            guard let self else { return .refused([Reason(.registryFailed)]) }
            return identity.begin(credentials, apiRules(credentials.listener))
        }
        context.isEnding = { [weak self] in self?.isEnding ?? true }
        context.crew = ThreadCrew(size: Processors.count)
        context.compareConfiguration = { [weak self] bytes in
            self?.compare(bytes) ?? ConfigurationComparison(faults: ["the daemon ends"])
        }
        return context
    }

    /// The end was asked for.
    private var isEnding: Bool { state.withLock { $0.isDraining || $0.isStopped } }

    /// How an API listener judges who calls.
    private func apiRules(_ listener: String) -> AccessRules {
        access.withLock { rules in rules[listener] } ?? AccessRules()
    }

    /// What a configuration would change.
    private func compare(_ bytes: [UInt8]) -> ConfigurationComparison {
        do throws(ConfigurationErrors) {
            let wanted = try Configuration.load(
                bytes,
                file: source.file,
                environment: source.environment
            )
            let changes = Configuration.difference(from: configuration, to: wanted.configuration)
            return ConfigurationComparison(
                changes: changes.map { change in
                    ConfigurationComparison.Change(
                        setting: change.path,
                        running: change.old,
                        given: change.new,
                        takesEffect: ConfigurationComparison.Moment(change.applies)
                    )
                }
            )
        } catch {
            return ConfigurationComparison(faults: error.errors.map(\.text))
        }
    }
}

extension HTTPServerSettings {
    /// Takes what the section [api] says.
    mutating func take(_ api: APISettings) {
        threads = api.workers
        slowThreads = api.slowWorkers
        bulkThreads = api.bulkWorkers
        waitingMax = api.waitingMax
        connectionsMax = api.connectionsMax
        connectionsPerSourceMax = api.connectionsPerSourceMax
        idleMilliseconds = api.idleSeconds * 1000
        requestMilliseconds = min(api.idleSeconds, 30) * 1000
        requestTotalMilliseconds = api.requestSecondsMax * 1000
        request.bodyBytesMax = max(api.bulkBytesMax, api.bodyBytesMax)
        bodyBytesTotalMax = api.bodyBytesTotalMax
        bodyBytesPerSourceMax = api.bodyBytesPerSourceMax
        bulkBytesTotalMax = api.bulkBytesTotalMax
        hstsSeconds = api.hstsSeconds
    }
}

extension ConfigurationComparison.Moment {
    init(_ applies: Applies) {
        self =
            switch applies {
            case .now: .reload
            case .newConnections: .newConnections
            case .restart: .restart
            }
    }
}
