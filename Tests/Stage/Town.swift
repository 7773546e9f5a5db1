// SPDX-License-Identifier: Apache-2.0
// A registry small enough for a story: the user name says who somebody is, and is believed.

import SealBytes

import SealBroker
import SealTesting

/// What the stories of tenants, devices and accounts begin with.
final class Town {
    /// The number of changes so far, as each login finds it.
    var changeNumber: UInt64 = 0
    /// The rules of each tenant.
    var policies: [UInt32: TenantPolicy] = [:]
    /// What proved it.
    var method = LoginMethod.certificate
    /// When logins end, in seconds since 1970.
    var endsAt: Int64?
    /// Who an exchange of enhanced authentication ends with: the user name of `decide`; empty
    /// refuses.
    var proves: Name = "1/account/1"
    /// What clients said in exchanges.
    var said: [[UInt8]] = []
    /// What devices asked for.
    var asked: [ServiceRequest] = []
    /// What they are answered.
    var answer = ServiceAnswer.silence

    /// A story with a listener that asks this registry, and one that lets everybody in.
    func story(_ stage: Stage, _ change: ((inout BenchSetup) -> Void)? = nil) -> Story {
        Story(stage) { [self] setup in
            setup.access[0].source = .registry
            setup.access.append(AccessRules())
            setup.access[1].allowsAnonymous = true
            setup.listeners.append(setup.listeners[0])
            setup.asksRegistry = decide
            setup.authenticates = judge
            setup.serves = { request, _ in
                self.asked.append(request)
                return self.answer
            }
            change?(&setup)
        }
    }

    /// The user name is `<tenant>/device/<number>`, `<tenant>/account/<number>` or
    /// `<tenant>/starter/<number>`; the device's identifier is its client id.
    private func decide(_ question: RegistryQuestion) -> LoginStep {
        decide(question.credentials)
    }

    /// The first message is answered with "go", the second with "done".
    private func judge(_ question: AuthQuestion) -> AuthReply {
        said.append(question.message)
        if question.isFirst { return .challenge(ScramServer(), Array("go".utf8)) }
        guard !proves.isEmpty else {
            return .decided(.refused([Reason(.badPassword)]), message: [], user: "")
        }
        var credentials = question.credentials
        credentials.user = proves
        return .decided(decide(credentials), message: Array("done".utf8), user: proves)
    }

    private func decide(_ credentials: Credentials) -> LoginStep {
        let parts = (credentials.user ?? "").text.split(atByte: "/")
        guard parts.count == 3, let number = UInt32(parts[0]), let person = Int64(parts[2]) else {
            return .refused([Reason(.unknownUser)])
        }
        var tenant = Tenant(id: "t\(number)")
        tenant.number = number
        var account: Account?
        var device: PrincipalDevice?
        if parts[1] == "device" {
            device = PrincipalDevice(number: person, identifier: credentials.clientID)
        } else {
            account = Account(
                tenant: number,
                name: "a\(person)",
                roles: parts[1] == "starter" ? [.deviceBootstrap] : [.messaging]
            )
            account?.number = person
        }
        var principal = Principal(
            name: credentials.user,
            clientID: credentials.clientID,
            method: method,
            listener: credentials.listener,
            tenant: tenant,
            policy: policies[number] ?? .standard,
            device: device,
            account: account
        )
        principal.reliance.tenant = number
        principal.reliance.device = device?.number
        principal.reliance.account = account?.number
        principal.reliance.changeNumber = changeNumber
        principal.reliance.endsAt = endsAt
        if method == .certificate {
            principal.reliance.anchor = 1
            principal.reliance.certificates = [
                CertificateMark(serial: "\(person)", issuerKey: [1, 2])
            ]
        }
        return .accepted(principal)
    }

    /// Something is withdrawn.
    func withdrawal(
        _ subject: IdentityChange.Subject,
        tenant: UInt32 = 1,
        isRemoval: Bool = false
    ) -> IdentityChange {
        changeNumber += 1
        return IdentityChange(
            number: changeNumber,
            tenant: tenant,
            subject: subject,
            isWithdrawal: true,
            isRemoval: isRemoval
        )
    }
}

extension Story {
    /// A client of a tenant that is connected; the CONNACK is taken off.
    func enter(
        _ clientID: String,
        as user: String,
        _ version: Version = .v5,
        clean: Bool = true,
        _ properties: [UInt8] = [],
        will: Wire.Will? = nil
    ) -> Player {
        let player = open(version)
        player.knock(clientID, as: user, clean: clean, properties, will: will)
        let answer = player.nextPacket()
        // The flags and the code follow one length byte here.
        precondition(answer.count > 3 && answer[3] == 0, "\(user) is refused: \(show(answer))")
        return player
    }
}

extension Player {
    /// CONNECT with a user name.
    func knock(
        _ clientID: String,
        as user: String,
        clean: Bool = true,
        _ properties: [UInt8] = [],
        will: Wire.Will? = nil
    ) {
        var options = Wire.Connect()
        options.clean = clean
        options.user = user
        options.properties = properties
        options.will = will
        send(Wire.connect(version, clientID, options))
    }
}
