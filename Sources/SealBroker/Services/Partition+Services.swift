// SPDX-License-Identifier: Apache-2.0
// Messages of devices that ask something of the broker itself. They go to those who read the
// device's topics all the same; what the broker answers goes to the one connection that asked.

public import SealBytes
internal import SealMQTT

extension Partition {
    /// Serves a message that was let through.
    func serve(_ id: Handle, _ service: DeviceService, _ payload: [UInt8]) {
        switch service {
        case .token: serveToken(id, payload)
        case .templates: serveTemplates(id, payload)
        case .credentials:
            guard payload.isEmpty else {
                return complain(id, ServiceFault(.arguments, "70", "The payload must be empty"))
            }
            ask(id, .credentials)
        }
    }

    private func serveToken(_ id: Handle, _ payload: [UInt8]) {
        guard payload.isEmpty else {
            return complain(id, ServiceFault(.arguments, "71", "The payload must be empty"))
        }
        switch principals[links[id].principal]?.method {
        case .certificate, .pinnedCertificate: ask(id, .token)
        default:
            complain(
                id,
                ServiceFault(.creation, "71", "Tokens are for logins by certificate")
            )
        }
    }

    private func serveTemplates(_ id: Handle, _ payload: [UInt8]) {
        work.add(payload.count / 32)
        let (request, faults) = Self.read(payload)
        complain(id, faults)
        if let request { ask(id, request) }
    }

    /// So many faults of one message are told, the last of them in one word for the others.
    private static var faultsMax: Int { 100 }

    /// What the lines of a message ask for, and what is wrong with them.
    private static func read(
        _ payload: [UInt8]
    ) -> (request: ServiceRequest?, faults: [ServiceFault]) {
        var request: ServiceRequest?
        var faults: [ServiceFault] = []
        for line in SmartREST.read(payload) {
            guard faults.count < faultsMax else {
                faults[faultsMax - 1] = ServiceFault(.malformed, "", "Too many faults to tell")
                break
            }
            switch line {
            case .malformed(let template, let reason):
                faults.append(ServiceFault(.malformed, template, reason))
            case .fields(let fields):
                let template = fields.first ?? ""
                guard !template.isEmpty, template.utf8.allSatisfy({ (0x30...0x39).contains($0) })
                else {
                    faults.append(
                        ServiceFault(.messageID, template, "Invalid message identifier")
                    )
                    continue
                }
                guard Name(template) == "100" else { continue }
                guard fields.count <= 3 else {
                    faults.append(ServiceFault(.arguments, "100", "Too many fields"))
                    continue
                }
                if request != nil {
                    faults.append(exists)
                } else {
                    request = .createDevice(
                        name: fields.count > 1 ? Name(fields[1]) : .empty,
                        type: fields.count > 2 ? fields[2] : ""
                    )
                }
            }
        }
        return (request, faults)
    }

    private static let exists = ServiceFault(.creation, "100", "Device already existing")

    /// Asks the host; nothing more is read from the client until it has answered, so a client has
    /// one request at a time.
    private func ask(_ id: Handle, _ request: ServiceRequest) {
        guard let principal = principals[links[id].principal], !links[id].isServed else { return }
        links[id].isServed = true
        links[id].heldBy += 1
        actions.append(.service(link: id, request, principal))
    }

    /// The host has done what a device asked for, or could not.
    public func serviceAnswered(_ id: Handle, _ answer: ServiceAnswer) {
        guard links.contains(id), links[id].isServed else { return }
        links[id].isServed = false
        if links[id].phase == .open {
            switch answer {
            case .silence: break
            case .token(let token): tell(id, "s/dat", [SmartREST.write(["71", token])])
            case .deviceExists: complain(id, Self.exists)
            case .credentials(let tenant, let user, let password):
                tell(id, "s/dcr", [SmartREST.write(["70", tenant.text, user.text, password])])
            case .failed(let fault): complain(id, fault)
            }
        }
        release(id)
    }

    private func complain(_ id: Handle, _ fault: ServiceFault) { complain(id, [fault]) }

    private func complain(_ id: Handle, _ faults: [ServiceFault]) {
        let lines = faults.map { fault in
            let template = fault.template.cut(toBytes: 20)
            return SmartREST.write(["\(fault.code.rawValue)", template, fault.text])
        }
        tell(id, "s/e", lines)
    }

    /// Sends lines to the client itself, each as a message, if it subscribed to the topic, and to
    /// nobody else.
    ///
    /// The topic tree is not asked, so whoever reads the topics of devices sees no secret.
    private func tell(_ id: Handle, _ topic: String, _ lines: [String]) {
        guard !lines.isEmpty else { return }
        let session = links[id].session
        guard sessions.contains(session), let scope = links[id].scope else { return }
        let name = scope.own + Array(topic.utf8)
        var qos: UInt8?
        var identifiers: [UInt32] = []
        for subscription in sessions[session].subscriptions.all where subscription.group == nil {
            let filter = subscription.filter
            guard TopicFilter.matches(filter: filter.span.bytes, topic: name.span.bytes) else {
                continue
            }
            qos = max(qos ?? 0, subscription.options.qos)
            if subscription.options.identifier != 0 {
                identifiers.append(subscription.options.identifier)
            }
        }
        work.add(sessions[session].subscriptions.count + lines.count * (4 + identifiers.count / 8))
        guard let qos else { return }
        let header = MessageHeader(
            topicCount: 0,
            propertyCount: 0,
            payloadCount: 0,
            qos: qos,
            isRetained: false,
            tenant: links[id].tenant
        )
        let none: [UInt8] = []
        for line in lines {
            let text = Array(line.utf8)
            let message = Message(
                header,
                topic: name.span.bytes,
                properties: none.span.bytes,
                payload: text.span.bytes
            )
            sendInTurn(
                QueuedMessage(
                    message: message,
                    qos: qos,
                    isRetained: false,
                    identifiers: identifiers.isEmpty ? nil : identifiers
                ),
                session,
                id
            )
        }
    }
}
