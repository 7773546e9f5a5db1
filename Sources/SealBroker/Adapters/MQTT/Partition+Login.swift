// SPDX-License-Identifier: Apache-2.0
// The login of a CONNECT: asked, decided, and carried to the partition where the session lives.

public import SealBytes
internal import SealMQTT
internal import SealTelemetry

extension Partition {
    /// The answer to a login that took its time.
    public func loginDecided(_ id: Handle, _ step: LoginStep) {
        guard links.contains(id), links[id].phase == .awaitsLogin, links[id].arrival != nil
        else { return }
        links[id].phase = .awaitsConnect
        switch decided(id, step) {
        case .goOn: actions.append(.resume(transport: links[id].transport))
        case .hold, .move, .stop: break
        }
    }

    func decided(_ id: Handle, _ step: LoginStep) -> Flow {
        switch step {
        case .needsPasswordCheck(let question):
            links[id].phase = .awaitsLogin
            actions.append(.login(link: id, question))
            return .hold
        case .needsRegistry(let question):
            links[id].phase = .awaitsLogin
            actions.append(.askRegistry(link: id, question))
            return .hold
        case .refused(let reasons):
            refuse(id, ConnectRefusal(reasons))
            return .stop
        case .accepted(let principal):
            guard let arrival = links[id].arrival else { return .stop }
            if arrival.accessGeneration != accessGeneration {
                // The rules were replaced while the password was compared.
                arrival.accessGeneration = accessGeneration
                let old = arrival.rules
                arrival.rules = rules(of: links[id].listener)
                return decided(id, Login.renew(principal, old: old, new: arrival.rules))
            }
            return letIn(id, principal, arrival)
        }
    }

    /// Who it is, is known: what is left to check, and where its session lives.
    private func letIn(_ id: Handle, _ principal: Principal, _ arrival: LinkArrival) -> Flow {
        guard var connect = arrival.connect else { return .stop }
        var principal = principal
        if let refusal = lateRefusal(id, &principal, connect) {
            refuse(id, refusal)
            return .stop
        }
        // A client without an id of its own stays where it came in, unless the login gave it one.
        let clientID = Array(principal.clientID.utf8)
        let isAssigned = arrival.isAssigned && clientID == connect.clientID
        connect.clientID = clientID
        let admitted = Admitted(
            connect: connect,
            principal: principal,
            isAssigned: arrival.isAssigned,
            rules: arrival.rules,
            accessGeneration: accessGeneration,
            peerAddress: arrival.facts.peerAddress,
            proof: arrival.proof
        )
        let home = isAssigned ? setup.index : self.home(principal.tenant, clientID)
        if home != setup.index {
            actions.append(.move(link: id, transport: links[id].transport, to: home, admitted))
            return .move
        }
        return establish(id, admitted) ? .goOn : .stop
    }

    /// A moved connection's name here is gone; the host has taken the bytes along.
    public func moved(_ id: Handle) {
        guard links.contains(id) else { return }
        // Its place goes with it.
        forget(id)
    }

    /// A connection that another partition let in.
    public func arrived(transport: UInt64, listener: Int, _ admitted: Admitted) -> Handle {
        var link = Link(
            transport: transport,
            listener: listener,
            now: now,
            receiveMaximum: limits.receiveMaximum
        )
        link.version = admitted.connect.version
        link.arrival = LinkArrival(ArrivalFacts(peerAddress: admitted.peerAddress))
        link.arrival?.connect = admitted.connect
        link.hasPlace = true
        link.tenant = admitted.principal.tenant
        let id = links.insert(link)
        var admitted = admitted
        if admitted.accessGeneration < accessGeneration {
            let step = Login.renew(
                admitted.principal,
                old: admitted.rules,
                new: rules(of: listener)
            )
            guard case .accepted(let principal) = step else {
                if case .refused(let reasons) = step { refuse(id, ConnectRefusal(reasons)) }
                return id
            }
            admitted.principal = principal
        }
        // The registry may have changed while it was on its way.
        if let reason = missedChanges(&admitted.principal) {
            refuse(id, ConnectRefusal([reason]))
            return id
        }
        guard establish(id, admitted) else { return id }
        if isDraining { disconnect(id, .serverShuttingDown, "the server is shutting down") }
        return id
    }

    /// What may have changed while the login was decided, and what the client asks for beyond its
    /// rights; takes a place when nothing is wrong.
    private func lateRefusal(
        _ id: Handle,
        _ principal: inout Principal,
        _ connect: Connect
    ) -> ConnectRefusal? {
        links[id].tenant = principal.tenant
        if isDraining { return .shuttingDown }
        if let reason = missedChanges(&principal) { return ConnectRefusal([reason]) }
        guard hasRoom(for: principal.tenant) else {
            counters.limitHits.add(.tenants)
            return ConnectRefusal(.quotaExceeded, .quotaExceeded, .tenantsMax)
        }
        if let reasons = willRefusal(principal, connect) { return ConnectRefusal(reasons) }
        guard takePlace(id, principal.tenant) else {
            counters.limitHits.add(.connectionsPerTenant)
            return ConnectRefusal(.quotaExceeded, .quotaExceeded, .connectionsPerTenant)
        }
        return nil
    }

    /// A tenant's client is told at once that its will is not allowed.
    ///
    /// Without registry that is found when the will is due, as in mosquitto.
    private func willRefusal(_ principal: Principal, _ connect: Connect) -> [Reason]? {
        guard principal.tenant != 0, let will = connect.will else { return nil }
        let topic =
            TopicScope(principal)?.brokerForm(will.topic.span.bytes) ?? will.topic
        let decision = principal.decide(.publish, topic: topic)
        return decision.isAllowed ? nil : decision.reasons
    }
}
