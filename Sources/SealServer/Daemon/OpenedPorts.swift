// SPDX-License-Identifier: Apache-2.0
// Opening every port of a configuration: all of them, or none.

internal import SealNet

/// The sockets of all listeners, a set for each shard.
struct OpenedPorts {
    private(set) var ports: [ListeningPort] = []
    private(set) var apiPorts: [ListeningPort] = []
    private(set) var metricsPorts: [ListeningPort] = []
    private(set) var listeners: [[LoopListener]]
    /// The sockets of the API with the numbers of their listeners.
    private(set) var apiListeners: [LoopListener] = []
    private(set) var metricsListeners: [LoopListener] = []
    private var sockets: [ListeningSocket] = []

    init(
        _ configuration: Configuration,
        _ sources: [TLSSource?],
        shards: Int
    ) throws(DaemonError) {
        listeners = Array(repeating: [], count: shards)
        do throws(DaemonError) {
            for (number, settings) in configuration.listeners.enumerated() {
                let isAlone = settings.addresses.count == 1
                for host in settings.addresses {
                    switch settings.service {
                    case .mqtt:
                        try open(settings, host, isAlone: isAlone, number, sources[number])
                    case .api:
                        try openAPI(settings, host, isAlone: isAlone, number, sources[number])
                    }
                }
            }
            if configuration.metrics.isEnabled { try openMetrics(configuration.metrics) }
        } catch {
            for socket in sockets { socket.close() }
            throw error
        }
    }

    private mutating func open(
        _ settings: ListenerSettings,
        _ host: String,
        isAlone: Bool,
        _ number: Int,
        _ source: TLSSource?
    ) throws(DaemonError) {
        var port = UInt16(clamping: settings.port)
        for shard in listeners.indices {
            let subject = "listener \(settings.name)"
            guard let socket = try bind(host, port, subject, isFirst: shard == 0, isAlone) else {
                return
            }
            port = socket.address.port
            listeners[shard].append(LoopListener(socket: socket, number: number, tls: source))
            guard shard == 0 else { continue }
            ports.append(
                ListeningPort(
                    name: settings.name,
                    address: socket.address.description,
                    port: port,
                    kind: settings.isTLS ? .tls : .plain
                )
            )
        }
    }

    /// The API has a thread of its own, so one socket is enough.
    private mutating func openAPI(
        _ settings: ListenerSettings,
        _ host: String,
        isAlone: Bool,
        _ number: Int,
        _ source: TLSSource?
    ) throws(DaemonError) {
        let port = UInt16(clamping: settings.port)
        let subject = "listener \(settings.name)"
        guard let socket = try bind(host, port, subject, isFirst: true, isAlone) else { return }
        apiListeners.append(LoopListener(socket: socket, number: number, tls: source))
        apiPorts.append(
            ListeningPort(
                name: settings.name,
                address: socket.address.description,
                port: socket.address.port,
                kind: settings.isTLS ? .https : .http
            )
        )
    }

    private mutating func openMetrics(_ settings: MetricsSettings) throws(DaemonError) {
        let port = UInt16(clamping: settings.port)
        for host in settings.addresses {
            let isAlone = settings.addresses.count == 1
            guard let socket = try bind(host, port, "metrics", isFirst: true, isAlone) else {
                continue
            }
            metricsListeners.append(LoopListener(socket: socket, number: 0, tls: nil))
            metricsPorts.append(
                ListeningPort(
                    name: "metrics",
                    address: socket.address.description,
                    port: socket.address.port,
                    kind: .http
                )
            )
        }
    }

    /// A socket; nil when this machine does not have such an address and there are others.
    private mutating func bind(
        _ host: String,
        _ port: UInt16,
        _ subject: String,
        isFirst: Bool,
        _ isAlone: Bool
    ) throws(DaemonError) -> ListeningSocket? {
        do throws(NetError) {
            // Shards share their port; without this look another daemon would share it too.
            if isFirst, port != 0 {
                try ListeningSocket.open(host: host, port: port, isShared: false).close()
            }
            let socket = try ListeningSocket.open(host: host, port: port)
            sockets.append(socket)
            return socket
        } catch {
            // A machine without IPv6 is no reason not to start on "*" or "localhost".
            if host.contains(":"), error.isNoSuchFamily, !isAlone { return nil }
            throw DaemonError(
                problems: [
                    DaemonProblem(
                        subject: subject,
                        text: error.description,
                        hint: error.isAddressTaken
                            ? "another program has port \(port): stop it, or choose another port"
                            : "check the address; ports below 1024 need a privilege"
                    )
                ],
                isConfiguration: false
            )
        }
    }
}
