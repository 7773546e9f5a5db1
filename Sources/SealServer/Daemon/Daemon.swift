// SPDX-License-Identifier: Apache-2.0
// The running daemon: listeners, shards, pools, put together from a configuration.

internal import SealBroker
internal import SealBytes
internal import SealNet
internal import SealPKI
public import SealTelemetry
internal import Synchronization

/// What keeps the daemon from starting or from taking a new configuration.
public struct DaemonError: Error, Sendable {
    /// The problems, one sentence each.
    public let problems: [String]
    /// Whether the configuration is at fault, not the machine.
    public let isConfiguration: Bool
}

/// A listener that accepts connections.
public struct ListeningPort: Sendable {
    /// The listener's name.
    public var name: String
    /// Address and port.
    public var address: String
    /// The port alone.
    public var port: UInt16
    /// Whether it is encrypted.
    public var isTLS: Bool
}

/// Everything that runs.
public final class Daemon: Sendable {
    /// Where it listens.
    public let ports: [ListeningPort]
    let mailboxes: [Mailbox<LoopLetter<ShardLetter>>]
    let sources: [TLSSource?]
    let admission: Admission
    let logger: Logger
    let counters = DaemonCounters()
    let handshakes: HandshakePool
    let logins: LoginPool
    let state: Mutex<DaemonState>
    private let running: MonitoredState<Int>

    struct DaemonState: Sendable {
        var configuration: Configuration
        var isDraining = false
    }

    /// Starts everything; when this returns, all listeners accept.
    public init(
        _ configuration: Configuration,
        logger: Logger
    ) throws(DaemonError) {
        var faults: [MaterialFault] = []
        let materials = configuration.listeners.map {
            ListenerMaterial.load($0, configuration.limits, &faults)
        }
        guard faults.isEmpty else {
            throw DaemonError(problems: faults.map(\.description), isConfiguration: true)
        }
        for material in materials {
            for warning in material.warnings {
                logger.warning("access.file", ["detail": .text(warning)])
            }
        }
        let count = Self.shardCount(configuration.shards.count)
        let sources = materials.map { $0.tls.map(TLSSource.init) }
        let (ports, listeners) = try Self.openPorts(configuration, sources, shards: count)
        self.ports = ports
        self.sources = sources
        self.logger = logger
        admission = Admission(AdmissionLimits(configuration.limits))
        handshakes = HandshakePool(threads: max(1, Processors.count / 2))
        logins = LoginPool(threads: max(1, Processors.count / 2))
        mailboxes = (0..<count).map { _ in Mailbox() }
        running = MonitoredState(count)
        state = Mutex(DaemonState(configuration: configuration))
        startShards(configuration, materials, listeners)
    }

    private static func shardCount(_ wanted: Int) -> Int {
        if wanted > 0 { return min(wanted, 64) }
        // On one or two cores a second shard costs more in hops than it gives.
        return Processors.count > 2 ? min(Processors.count, 64) : 1
    }

    private static func openPorts(
        _ configuration: Configuration,
        _ sources: [TLSSource?],
        shards: Int
    ) throws(DaemonError) -> ([ListeningPort], [[LoopListener]]) {
        var ports: [ListeningPort] = []
        var listeners: [[LoopListener]] = Array(repeating: [], count: shards)
        var opened: [ListeningSocket] = []
        do throws(NetError) {
            for (number, settings) in configuration.listeners.enumerated() {
                for host in settings.addresses {
                    var port = UInt16(clamping: settings.port)
                    for shard in 0..<shards {
                        let socket: ListeningSocket
                        do throws(NetError) {
                            socket = try ListeningSocket.open(host: host, port: port)
                        } catch {
                            // A machine without IPv6 is no reason not to start on "*".
                            if host == "::", error.isNoSuchFamily { break }
                            throw error
                        }
                        opened.append(socket)
                        port = socket.address.port
                        listeners[shard].append(
                            LoopListener(socket: socket, number: number, tls: sources[number])
                        )
                        if shard == 0 {
                            ports.append(
                                ListeningPort(
                                    name: settings.name,
                                    address: socket.address.description,
                                    port: port,
                                    isTLS: settings.isTLS
                                )
                            )
                        }
                    }
                }
            }
        } catch {
            for socket in opened { socket.close() }
            throw DaemonError(problems: [error.description], isConfiguration: false)
        }
        return (ports, listeners)
    }

    private func startShards(
        _ configuration: Configuration,
        _ materials: [ListenerMaterial],
        _ listeners: [[LoopListener]]
    ) {
        let limits = BrokerLimits(configuration.limits)
        let homeSeed = Self.randomWord()
        let names = configuration.listeners.map(\.name)
        for index in mailboxes.indices {
            let setup = PartitionSetup(
                index: index,
                count: mailboxes.count,
                homeSeed: homeSeed,
                tableSeed: Self.randomWord(),
                limits: limits,
                listeners: materials.map(\.grant)
            )
            let context = ShardContext(
                index: index,
                mailboxes: mailboxes,
                logins: logins,
                listenerNames: names,
                logger: logger
            ) { [running] _ in running.change { $0 -= 1 } }
            let loopSetup = LoopSetup(
                listeners: listeners[index],
                admission: admission,
                handshakes: handshakes,
                handshakeSeconds: configuration.limits.handshakeSeconds
            )
            let access = materials.map(\.access)
            Thread.start(named: "shard-\(index)") {
                let partition = Partition(setup, access: access, now: Loop<Shard>.clock)
                Shard(partition, context).run(loopSetup)
            }
        }
    }

    private static func randomWord() -> UInt64 {
        var system = SystemRandomNumberGenerator()
        return system.next()
    }

    /// Stops accepting, says goodbye to the clients, and ends within the seconds of `[drain]`.
    public func drain() {
        let seconds = state.withLock { state in
            state.isDraining = true
            return state.configuration.drain.seconds
        }
        logger.info("daemon.draining", ["seconds": .integer(Int64(seconds))])
        for mailbox in mailboxes {
            mailbox.post(.stopAccepting)
            mailbox.post(.handler(.drain))
        }
        let end = Loop<Shard>.clock + UInt64(seconds) * 1000
        while admission.current.connections > 0, Loop<Shard>.clock < end { Pause.milliseconds(20) }
        stop()
    }

    /// Ends at once.
    public func stop() {
        for mailbox in mailboxes { mailbox.post(.stop) }
        running.wait { $0 == 0 ? () : nil }
        handshakes.stop()
        logins.stop()
    }
}
