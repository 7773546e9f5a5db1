// SPDX-License-Identifier: Apache-2.0
// The running daemon: listeners, shards, pools, put together from a configuration. Not here:
// reloading (`Daemon+Reload.swift`), what it says about itself (`Daemon+Reports.swift`).

internal import SealBroker
internal import SealBytes
internal import SealHTTP
internal import SealNet
internal import SealPKI
public import SealTelemetry

/// Everything that runs.
public final class Daemon: Sendable {
    /// Where it listens for MQTT.
    public let ports: [ListeningPort]
    /// Where it serves the REST API.
    public let apiPorts: [ListeningPort]
    /// Where it answers questions about metrics and health.
    public let metricsPorts: [ListeningPort]
    let mailboxes: [Mailbox<LoopLetter<ShardLetter>>]
    let sources: [TLSSource?]
    let admission: Admission
    let logger: Logger
    let counters = DaemonCounters()
    let census: ShardCensus
    let startedAt = Loop<Shard>.clock
    let state: Locked<DaemonState>
    let caretaker: Caretaker
    /// How each listener judges who comes, by its name; for the API, which has no shard.
    let access = Locked<[String: AccessRules]>([:])
    /// Where the configuration comes from.
    let source: ConfigurationSource
    /// Held while a configuration is being put into use.
    let reloading = Locked<WatchedFiles?>(nil)
    private let metrics = Locked<HTTPService?>(nil)
    private let api = Locked<HTTPService?>(nil)
    let handshakes: HandshakePool
    /// Logins that only look things up.
    private let quickLogins: LoginPool
    /// Logins that compare passwords.
    private let logins: LoginPool
    /// The registry with what belongs to it; nil when there is none.
    let identity: IdentityService?
    private let running: MonitoredState<Int>

    struct DaemonState: Sendable {
        var configuration: Configuration
        var isDraining = false
        var isStopped = false
        var checks: [String: HealthCheck] = [:]
    }

    /// Every port with the form of the `ready` line.
    public var allPorts: [ListeningPort] { ports + apiPorts + metricsPorts }

    /// Starts everything; when this returns, all listeners accept.
    public init(
        _ configuration: Configuration,
        logger: Logger,
        source: ConfigurationSource = ConfigurationSource(),
        watchMilliseconds: Int = 1000
    ) throws(DaemonError) {
        self.source = source
        let files = Self.watched(configuration)
        let materials = try ListenerMaterial.loadAll(configuration)
        Self.log(materials, to: logger)
        let count = min(configuration.shards.count(cores: Processors.count), 64)
        let sources = materials.map { $0.tls.map(TLSSource.init) }
        let threads = max(1, Processors.count / 2)
        quickLogins = LoginPool(named: "login", threads: threads)
        logins = LoginPool(named: "password", threads: threads, niceness: 5)
        let opened: OpenedPorts
        do throws(DaemonError) {
            identity = try IdentityService.open(
                configuration.registry,
                quick: quickLogins,
                slow: logins,
                logger: logger,
                counters: counters
            )
            opened = try OpenedPorts(configuration, sources, shards: count)
        } catch {
            quickLogins.stop()
            logins.stop()
            throw error
        }
        ports = opened.ports
        apiPorts = opened.apiPorts
        metricsPorts = opened.metricsPorts
        self.sources = sources
        self.logger = logger
        admission = Admission(AdmissionLimits(configuration))
        handshakes = HandshakePool(threads: threads)
        mailboxes = (0..<count).map { _ in Mailbox() }
        census = ShardCensus(mailboxes)
        identity?.shards.withLock { [mailboxes] in $0 = mailboxes }
        running = MonitoredState(0)
        state = Locked(DaemonState(configuration: configuration))
        caretaker = Caretaker(milliseconds: watchMilliseconds)
        startShards(configuration, materials, opened.listeners)
        access.withLock { $0 = Self.rulesByName(configuration, materials) }
        let api = startAPI(configuration, opened.apiListeners)
        self.api.withLock { $0 = api }
        startMetrics(opened.metricsListeners)
        reloading.withLock { $0 = files }
        caretaker.start(self)
    }

    static func log(_ materials: [ListenerMaterial], to logger: Logger) {
        for material in materials {
            for warning in material.warnings {
                logger.warning("access.file", ["detail": .text(warning)])
            }
        }
    }

    static func rulesByName(
        _ configuration: Configuration,
        _ materials: [ListenerMaterial]
    ) -> [String: AccessRules] {
        let pairs = zip(configuration.listeners.map(\.name), materials.map(\.access))
        return Dictionary(pairs) { first, _ in first }
    }

    private func startShards(
        _ configuration: Configuration,
        _ materials: [ListenerMaterial],
        _ listeners: [[LoopListener]]
    ) {
        let limits = BrokerLimits(configuration.limits)
        let homeSeed = Self.randomWord()
        let names = configuration.listeners.map(\.name)
        let places = TenantPlaces()
        let sessionPlaces = StoredSessionPlaces()
        let memory = MemoryPool()
        for index in mailboxes.indices {
            var setup = PartitionSetup(
                index: index,
                count: mailboxes.count,
                homeSeed: homeSeed,
                tableSeed: Self.randomWord(),
                limits: limits,
                listeners: materials.map(\.grant)
            )
            setup.places = places
            setup.sessionPlaces = sessionPlaces
            setup.memory = memory
            let context = ShardContext(
                index: index,
                mailboxes: mailboxes,
                logins: logins,
                doors: identity?.doors ?? .closed,
                listenerNames: names,
                logger: logger
            ) { [running] _ in running.change { $0 -= 1 } }
            var loopSetup = LoopSetup(
                listeners: listeners[index],
                admission: admission,
                handshakes: handshakes,
                handshakeSeconds: configuration.limits.handshakeSeconds
            )
            loopSetup.inputBytesMax = configuration.limits.inputBytes / mailboxes.count
            let access = materials.map(\.access)
            running.change { $0 += 1 }
            Thread.start(named: "shard-\(index)") { [setup, loopSetup] in
                let partition = Partition(setup, access: access, now: Loop<Shard>.clock)
                Shard(partition, context).run(loopSetup)
            }
        }
    }

    private func startMetrics(_ listeners: [LoopListener]) {
        guard !listeners.isEmpty else { return }
        let service = HTTPService(
            named: "metrics",
            .metrics,
            ports: listeners.map { HTTPPort(listener: $0, name: "metrics") },
            site: HTTPSite { [weak self] exchange in
                self?.answer(exchange.head)
                    ?? .problem(
                        .serviceUnavailable,
                        code: ServerRefusal.ending.rawValue,
                        reason: "the server ends"
                    )
            },
            handshakes: handshakes,
            counters: counters,
            logger: logger
        )
        metrics.withLock { $0 = service }
    }

    /// Has the shards give back what they keep for a crowd that has gone, and the allocator what is
    /// free by much.
    func giveMemoryBack() {
        for mailbox in mailboxes { mailbox.post(.handler(.tidy)) }
        FreeMemory.giveBack(above: Self.freeBytesKept)
    }

    /// So much may be free inside the allocator without being given back.
    private static let freeBytesKept = 32 << 20

    private static func randomWord() -> UInt64 {
        var system = SystemRandomNumberGenerator()
        return system.next()
    }

    /// Stops accepting, says goodbye to the clients, and ends within the seconds of `[drain]`.
    ///
    /// Files under way are broken off at their next row and answered. `isImpatient` waits a little
    /// and says whether to end at once. False when something still works on that could not be
    /// waited for: then the process is to end without its help.
    @discardableResult
    public func drain(isImpatient: (() -> Bool)? = nil) -> Bool {
        let seconds = state.withLock { state in
            state.isDraining = true
            return state.configuration.drain.seconds
        }
        logger.info(
            "daemon.draining",
            [
                "seconds": .number(seconds),
                "connections": .number(admission.current.connections),
            ]
        )
        for mailbox in mailboxes {
            mailbox.post(.stopAccepting)
            mailbox.post(.handler(.drain))
        }
        let api = api.withLock { $0 }
        api?.drain()
        let end = Loop<Shard>.clock + UInt64(seconds) * 1000
        while Loop<Shard>.clock < end {
            let isOver = api?.wait(milliseconds: 0) ?? true
            if isOver, admission.current.connections == 0 { break }
            if let isImpatient {
                if isImpatient() { break }
            } else {
                Pause.milliseconds(20)
            }
        }
        let left = admission.current.connections
        logger.info("daemon.stopped", ["connections_left": .number(left)])
        let isOver = stop(milliseconds: Self.endMilliseconds)
        if !isOver { logger.warning("daemon.work-left", [:]) }
        return isOver
    }

    /// How long the parts are waited for after the seconds of `[drain]`.
    private static let endMilliseconds = 500

    /// Ends at once, and waits so long for what works on; false when it still does.
    @discardableResult
    public func stop(milliseconds: Int = 10_000) -> Bool {
        let isFirst = state.withLock { state in
            defer { state.isStopped = true }
            return !state.isStopped
        }
        guard isFirst else { return true }
        let end = Loop<Shard>.clock + UInt64(max(milliseconds, 0))
        func left() -> Int {
            let now = Loop<Shard>.clock
            return end > now ? Int(end - now) : 0
        }
        for mailbox in mailboxes { mailbox.post(.stop) }
        handshakes.stop()
        logins.stop()
        quickLogins.stop()
        var isOver = caretaker.stop(milliseconds: left())
        for service in [api.withLock { $0 }, metrics.withLock { $0 }] {
            isOver = (service?.stop(milliseconds: left()) ?? true) && isOver
        }
        isOver = running.wait(milliseconds: left()) { $0 == 0 ? () : nil } != nil && isOver
        for pool in [logins, quickLogins] { isOver = pool.wait(milliseconds: left()) && isOver }
        // The calls hold the registry that holds them; without this it would never be closed.
        identity?.api.withLock { $0 = nil }
        return isOver
    }
}
