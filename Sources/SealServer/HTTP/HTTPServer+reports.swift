// SPDX-License-Identifier: Apache-2.0
// What an HTTP server counts and logs. No query, no path and no field of a request is ever
// written: they carry names, codes and tokens. A route's pattern says enough.

internal import SealBytes
internal import SealHTTP
internal import SealNet
internal import SealTelemetry

extension HTTPServer {
    /// Something happened that concerns no open connection.
    func happened(_ event: LoopEvent) {
        counters.count { counters in
            if case .turnedAway(let refusal, _, _) = event {
                counters.limitHits.add(Self.limit(refusal))
            } else {
                event.count(in: &counters)
            }
        }
        if settings.isObserved { event.log(to: logger, listenerNames: portNames) }
    }

    private static func limit(_ refusal: AdmissionRefusal) -> LimitName {
        switch refusal {
        case .connections, .connectionsPerListener: .httpConnections
        case .connectionsPerSource: .httpConnectionsPerSource
        case .handshakesWaiting: .handshakesWaiting
        case .handshakesPerSource: .handshakesPerSource
        }
    }

    func countHandshake(_ arrival: Arrival) {
        guard let tls = arrival.tls else { return }
        counters.count { counters in
            counters.addHandshake(.full, version: tls.version == .tls13 ? .tls13 : .tls12)
            counters.handshakeSeconds.record(microseconds: arrival.handshakeMicroseconds)
        }
    }

    /// Counts a limit that was hit.
    func hit(_ limit: LimitName) { counters.count { $0.limitHits.add(limit) } }

    /// A request was answered.
    func observe(
        _ id: Handle,
        _ method: Method,
        _ response: Response,
        microseconds: UInt64
    ) {
        guard settings.isObserved else { return }
        counters.count { counters in
            counters.httpRequests.add(HTTPStatusClass(response.status.code))
            counters.httpRequestSeconds.record(microseconds: microseconds)
        }
        let facts = visitors[id].facts
        logger.info(
            "http.request",
            [
                "listener": .text(portNames[facts.port]), "peer": .text(facts.peerAddress),
                "method": .bytes(Array(method.name.utf8)),
                "route": .text(response.route ?? "none"),
                "status": .number(response.status.code),
                "microseconds": .number(microseconds),
            ]
        )
    }

    /// A request could not be understood.
    func observeRefusal(_ id: Handle, _ error: HTTPError) {
        observeUnread(id, error.status, error.code.rawValue, error.reason)
    }

    /// A request took too long to come.
    func observeTimeout(_ id: Handle) {
        observeUnread(
            id,
            .requestTimeout,
            ServerRefusal.requestTimeout.rawValue,
            "it took too long to arrive"
        )
    }

    private func observeUnread(_ id: Handle, _ status: Status, _ code: String, _ why: String) {
        guard settings.isObserved else { return }
        counters.count { $0.httpRequests.add(HTTPStatusClass(status.code)) }
        let facts = visitors[id].facts
        logger.info(
            "http.refused",
            [
                "listener": .text(portNames[facts.port]), "peer": .text(facts.peerAddress),
                "status": .number(status.code), "reason": .text(code), "detail": .text(why),
            ]
        )
    }
}
