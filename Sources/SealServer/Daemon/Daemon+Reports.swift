// SPDX-License-Identifier: Apache-2.0
// What the daemon says about itself: metrics, health, and the $SYS topics.

internal import Glibc
internal import SealHTTP
internal import SealNet
internal import SealTelemetry

/// What a health question is about.
enum HealthQuestion: Sendable {
    /// Is the process worth keeping?
    case live
    /// Should clients be sent here?
    case ready
    /// Everything there is to say.
    case all
}

extension Daemon {
    private enum Page: Sendable {
        case metrics
        case health(HealthQuestion)
    }

    private static let pages: Router<Page> = {
        var router = Router<Page>()
        router.add(.get, "/metrics", .metrics)
        router.add(.get, "/health", .health(.all))
        router.add(.get, "/health/live", .health(.live))
        router.add(.get, "/health/ready", .health(.ready))
        return router
    }()

    /// The answer to a request on the metrics listener.
    func answer(_ head: RequestHead) -> Response {
        switch Self.pages.match(head) {
        case .found(.metrics, _):
            return Response(.ok, type: MetricsReport.contentType, body: metrics())
        case .found(.health(let question), _):
            let report = health(question)
            var response = Response(
                report.httpStatus == 200 ? .ok : .serviceUnavailable,
                type: "application/json",
                body: report.json()
            )
            if report.httpStatus != 200 {
                response.fields.append("Retry-After", "\(HealthReport.retryAfterSeconds)")
            }
            return response
        case .methodNotAllowed(let allowed):
            var response = Response.problem(
                .methodNotAllowed,
                code: ServerRefusal.method.rawValue,
                reason: "only \(allowed.joined(separator: " and ")) are answered here"
            )
            response.fields.append("Allow", allowed.joined(separator: ", "))
            return response
        case .notFound:
            return .problem(
                .notFound,
                code: ServerRefusal.path.rawValue,
                reason: "there are /metrics, /health, /health/live and /health/ready"
            )
        }
    }

    private func metrics() -> [UInt8] {
        var report = MetricsReport(
            shards: census.take(isScrape: true).map(\.counters),
            daemon: counters,
            version: Version.text
        )
        report.process = ProcessFacts.read()
        if let log = identity?.log.withLock({ ($0.byteCount, $0.droppedCount) }) {
            report.decisions = (UInt64(log.0), log.1)
        }
        report.logEventsSuppressed = logger.suppressedCount
        let now = Int64(time(nil))
        for (listener, source) in zip(configuration.listeners, sources) {
            guard let context = source?.current else { continue }
            report.certificateExpiries.append((listener.name, context.notAfter - now))
        }
        return report.text()
    }

    // MARK: Health

    /// The checks that answer a question.
    func health(_ question: HealthQuestion) -> HealthReport {
        var findings = [shardFinding()]
        if question != .live {
            findings.append(listenerFinding())
            findings += certificateFindings(Int64(time(nil)))
        }
        let now = SystemClock.now
        return state.withLock { state in
            HealthReport(
                findings.map { finding in
                    let before =
                        state.checks[finding.name]
                        ?? HealthCheck(name: finding.name, status: .pass, since: now)
                    let check = before.changed(
                        to: finding.status,
                        at: now,
                        reason: finding.reason,
                        code: finding.code
                    )
                    state.checks[finding.name] = check
                    return check
                }
            )
        }
    }

    private struct Finding {
        var name: String
        var status = HealthCheck.Status.pass
        var reason = ""
        var code = ""
    }

    private func shardFinding() -> Finding {
        let silent = census.take().enumerated().filter(\.element.isSilent).map(\.offset)
        guard !silent.isEmpty else { return Finding(name: "shards") }
        let names = silent.map(String.init).joined(separator: ", ")
        return Finding(
            name: "shards",
            status: .fail,
            reason: "shard \(names) does not answer; restart the daemon and report it",
            code: "health.shard-silent"
        )
    }

    private func listenerFinding() -> Finding {
        guard state.withLock({ $0.isDraining }) else { return Finding(name: "listeners") }
        return Finding(
            name: "listeners",
            status: .fail,
            reason: "the daemon is stopping and accepts no connections",
            code: "health.draining"
        )
    }

    /// Certificates of the listeners, and the lists that their clients' need.
    private func certificateFindings(_ now: Int64) -> [Finding] {
        var findings: [Finding] = []
        for (listener, source) in zip(configuration.listeners, sources) {
            guard let context = source?.current else { continue }
            let days = (context.notAfter - now) / 86_400
            var finding = Finding(name: "certificate.\(listener.name)")
            if context.notAfter <= now {
                finding.status = .fail
                finding.reason = "the certificate has expired; renew it"
                finding.code = "health.certificate-expired"
            } else if days < 14 {
                finding.status = .warn
                finding.reason = "the certificate expires in \(days) days; renew it"
                finding.code = "health.certificate-expiring"
            }
            findings.append(finding)
            guard let due = context.listsDue else { continue }
            var list = Finding(name: "revocation-list.\(listener.name)")
            if due <= now {
                list.status = .fail
                list.reason =
                    "a revocation list is overdue, so client certificates are refused; "
                    + "fetch a new one"
                list.code = "health.revocation-list-overdue"
            } else if due - now < 86_400 {
                list.status = .warn
                list.reason = "a revocation list is due in less than a day; fetch a new one"
                list.code = "health.revocation-list-due"
            }
            findings.append(list)
        }
        return findings
    }

    /// Tells the supervisor again and again that all shards answer.
    func feed(_ notifier: ServiceNotifier) {
        guard let interval = notifier.watchdogMilliseconds else { return }
        caretaker.every(milliseconds: { max(interval / 2, 1) }) { [weak self] in
            guard let self else { return }
            // A shard that hangs is a dead service: the supervisor starts a new one.
            if census.take().allSatisfy({ !$0.isSilent }) {
                notifier.alive()
            }
        }
    }

    // MARK: System topics

    /// The pause between two rounds; 0 is never.
    var systemTopicsMilliseconds: Int { configuration.sys.intervalSeconds * 1000 }

    /// Publishes what changed.
    func publishSystemTopics(_ topics: MonitoredState<SystemTopics>) {
        var sum = counters.snapshot
        for reading in census.take() { sum += reading.counters }
        let sample = SystemTopics.Sample(
            uptimeSeconds: Int((Loop<Shard>.clock - startedAt) / 1000),
            counters: sum,
            residentBytes: ProcessFacts.read().residentBytes
        )
        let changes = topics.change { $0.changes(sample) }
        if !changes.isEmpty { mailboxes[0].post(.handler(.system(changes))) }
    }
}
