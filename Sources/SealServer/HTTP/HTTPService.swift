// SPDX-License-Identifier: Apache-2.0
// An HTTP server that runs: its threads, its mailbox, and how it is ended.

internal import SealHTTP
internal import SealNet
internal import SealTelemetry

/// A running HTTP server.
final class HTTPService: Sendable {
    private let mailbox = Mailbox<LoopLetter<HTTPLetter>>()
    private let workers: HTTPWorkers?
    private let isRunning = MonitoredState(true)

    /// Starts serving; when this returns, connections are accepted.
    ///
    /// The number of each port's listener is replaced by its place in the list.
    init(
        named name: String,
        _ settings: HTTPServerSettings,
        ports: [HTTPPort],
        site: HTTPSite,
        handshakes: HandshakePool,
        counters: DaemonCounters,
        logger: Logger
    ) {
        var listeners = ports.map(\.listener)
        for index in listeners.indices { listeners[index].number = index }
        let setup = LoopSetup(
            listeners: listeners,
            admission: Admission(settings.admission),
            handshakes: handshakes
        )
        let workers =
            settings.threads > 0
            ? HTTPWorkers(
                threads: [settings.threads, settings.slowThreads, settings.bulkThreads],
                waitingMax: settings.waitingMax
            ) : nil
        self.workers = workers
        let names = ports.map(\.name)
        Thread.start(named: name) { [mailbox, isRunning] in
            let server = HTTPServer(
                settings,
                site: site,
                portNames: names,
                counters: counters,
                logger: logger,
                workers: workers,
                mailbox: mailbox
            )
            server.run(setup)
            isRunning.change { $0 = false }
        }
    }

    /// Takes no more connections and ends each after its present answer.
    func drain() {
        mailbox.post(.stopAccepting)
        mailbox.post(.handler(.drain))
    }

    /// Waits so long for the end; false when it has not come.
    func wait(milliseconds: Int) -> Bool {
        isRunning.wait(milliseconds: milliseconds) { $0 ? nil : () } != nil
    }

    /// Ends at once, with whatever was not answered, and waits so long for the threads; false when
    /// some work on.
    @discardableResult
    func stop(milliseconds: Int = 10_000) -> Bool {
        mailbox.post(.stop)
        workers?.stop()
        let end = Loop<HTTPServer>.clock + UInt64(max(milliseconds, 0))
        let isOver = wait(milliseconds: milliseconds)
        let now = Loop<HTTPServer>.clock
        let left = end > now ? Int(end - now) : 0
        return (workers?.wait(milliseconds: left) ?? true) && isOver
    }
}
