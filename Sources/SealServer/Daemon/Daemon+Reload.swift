// SPDX-License-Identifier: Apache-2.0
// Taking a new configuration, or changed files, without dropping anybody: everything is loaded
// and checked first, then put into use; if anything is bad, all of the old stays.

internal import SealBroker
internal import SealNet
internal import SealTelemetry

extension Daemon {
    /// The configuration in use.
    public var configuration: Configuration { state.withLock { $0.configuration } }

    /// Takes a new configuration, as far as it applies without a restart; false when it was
    /// refused and the old one stays in use.
    @discardableResult
    public func reload(_ wanted: Configuration) -> Bool {
        reloading.withLock { watched in
            let running = configuration
            let changes = Configuration.difference(from: running, to: wanted)
            let merged = Configuration.merged(running: running, with: wanted)
            // Looked at before they are read: a change in between is noticed next time.
            let files = Self.watched(merged)
            let materials: [ListenerMaterial]
            do throws(DaemonError) {
                materials = try ListenerMaterial.loadAll(merged)
            } catch {
                refuseReload(error.problems.map { ($0.description, $0.hint) })
                return false
            }
            for change in changes {
                if change.applies == .restart {
                    logger.warning(
                        "config.needs-restart",
                        [
                            "setting": .text(change.path), "running": .text(change.old),
                            "file": .text(change.new),
                        ]
                    )
                } else {
                    logger.info(
                        "config.changed",
                        [
                            "setting": .text(change.path), "old": .text(change.old),
                            "new": .text(change.new), "applies": .text(change.applies.rawValue),
                        ]
                    )
                }
            }
            use(merged, materials)
            watched = files
            counters.countReload(isApplied: true, at: SystemClock.now)
            logger.info("config.reloaded", ["changes": .number(changes.count)])
            return true
        }
    }

    /// Says why a configuration was refused, and which certificates stay in use.
    public func refuseReload(_ problems: [(text: String, hint: String)]) {
        for problem in problems {
            logger.error(
                "config.refused",
                ["detail": .text(problem.text), "hint": .text(problem.hint)]
            )
        }
        logCertificates("tls.in-use")
        counters.countReload(isApplied: false, at: SystemClock.now)
    }

    /// Names the certificate of each listener.
    func logCertificates(_ event: EventName) {
        for (listener, source) in zip(configuration.listeners, sources) {
            guard let context = source?.current else { continue }
            logger.info(
                event,
                [
                    "listener": .text(listener.name),
                    "fingerprint": .text(context.leafFingerprint.description),
                    "not_after": .text(Timestamp(seconds: context.notAfter).text),
                ]
            )
        }
    }

    private func use(_ configuration: Configuration, _ materials: [ListenerMaterial]) {
        Self.log(materials, to: logger)
        for (source, material) in zip(sources, materials) {
            if let source, let tls = material.tls { source.replace(tls) }
        }
        access.withLock { $0 = Self.rulesByName(configuration, materials) }
        identity?.reload(configuration.registry)
        admission.update(AdmissionLimits(configuration))
        let limits = BrokerLimits(configuration.limits)
        let seconds = configuration.limits.handshakeSeconds
        for mailbox in mailboxes {
            mailbox.post(.handler(.limits(limits, handshakeSeconds: seconds)))
            mailbox.post(.handler(.grants(materials.map(\.grant))))
            mailbox.post(.handler(.access(materials.map(\.access))))
        }
        logger.setLevel(LogLevel(configuration.log.level))
        state.withLock { $0.configuration = configuration }
        logCertificates("tls.in-use")
    }

    // MARK: Files

    static func watched(_ configuration: Configuration) -> WatchedFiles {
        let loaded = LoadedConfiguration(
            configuration: configuration,
            warnings: [],
            origins: [:]
        )
        return WatchedFiles(loaded.files.map(\.path))
    }

    /// Reads the files of the configuration in use again when they changed.
    func reloadChangedFiles() {
        let running = configuration
        guard running.reload.watchesFiles else { return }
        let hasChanged = reloading.withLock { $0?.hasSettledChange() ?? false }
        guard hasChanged else { return }
        logger.info("files.changed", [:])
        reload(running)
    }
}

extension LogLevel {
    init(_ threshold: LogThreshold) {
        self =
            switch threshold {
            case .error: .error
            case .warning: .warning
            case .info: .info
            case .debug: .debug
            }
    }
}
