// SPDX-License-Identifier: Apache-2.0
// The table of logins over the true registry and true certificates: every row over every version of
// MQTT that can show it, and what stands around the table.

import Foundation
import SealBytes
import enum SealMQTT.ProtocolVersion
import Testing

@testable import SealBroker
@testable import SealServer
@testable import Stage

@Suite("The table of logins") struct LoginTableTests {
    @Test("what is shown, where, and what comes of it", arguments: LoginRow.all)
    func row(_ row: LoginRow) throws {
        var login = try LoginCase(isFull: row.isFull)
        try row.build(&login)
        if login.isDirect {
            check(row, login.step(), code: nil, isV5: true)
            return
        }
        for version in login.versions {
            let (step, code) = try login.connect(version)
            check(row, step, code: code, isV5: version == .v5)
        }
    }

    private func check(_ row: LoginRow, _ step: LoginStep, code: UInt8?, isV5: Bool) {
        switch row.outcome {
        case .login(let method, let user, let tenant, let clientID):
            guard case .accepted(let principal) = step else {
                Issue.record("\(row.name): \(step)")
                return
            }
            #expect(principal.method == method)
            #expect(principal.name == user)
            #expect(principal.tenantID == tenant)
            if let clientID { #expect(principal.clientID == clientID) }
            #expect(principal.reliance.tenant == principal.tenant)
            #expect(principal.tenant > 0)
            if let code { #expect(code == 0) }
        case .refused(let reason, let v311, let v5):
            guard case .refused(let reasons) = step else {
                Issue.record("\(row.name): \(step)")
                return
            }
            #expect(reasons.first?.code == reason)
            if let code { #expect(code == (isV5 ? v5 : v311)) }
            let answer = RefusalAnswer(reasons)
            #expect(answer.returnByte == v311)
            #expect(answer.reasonByte == v5)
        }
    }

    @Test("rows have names of their own, and there are enough of them")
    func names() {
        #expect(LoginRow.all.count >= 120)
    }

    @Test("every reason of a login that the registry decides is in the table")
    func complete() {
        var seen: Set<ReasonCode> = []
        for row in LoginRow.all {
            switch row.outcome {
            case .login(let method, _, _, _): seen.insert(method.reason)
            case .refused(let code, _, _): seen.insert(code)
            }
        }
        // Reasons of listeners that judge by files, of the exchange of SCRAM, of what happens
        // around a login: their tests are elsewhere.
        let elsewhere: Set<ReasonCode> = [
            .noPasswords, .certificateUntrusted, .certificateWithoutName,
            .certificateNameUnusable, .clientIDMismatch, .clientIDWithoutUser,
            .loginScram, .scramMalformed, .scramChannelBinding, .scramExtension,
            .scramAuthorization, .scramNonce, .tooManyGuesses, .loginsWaiting,
            .loginSourceChanged, .registryChanged,
            // Told beside a login, to the tenants that registered the same.
            .registrationStands, .registrationYields,
        ]
        let login = ReasonCode.allCases.filter { $0.rawValue.hasPrefix("login.") }
        let missing = Set(login).subtracting(seen).subtracting(elsewhere)
        #expect(missing.isEmpty, "\(missing.map(\.rawValue).sorted())")
        #expect(seen.isDisjoint(with: elsewhere))
    }

    // MARK: What a login stands on

    private func principal(_ build: (inout LoginCase) throws -> Void) throws -> Principal {
        var login = try LoginCase()
        try build(&login)
        guard case .accepted(let principal) = login.step() else {
            throw NotLetIn(step: login.step())
        }
        return principal
    }

    private struct NotLetIn: Error { var step: LoginStep }

    @Test(
        "a certificate's login stands on device, anchor and every certificate, and ends with them"
    )
    func relianceOfCertificate() throws {
        let all = LoginCase.certificates
        let found = try principal { $0.show(all.dev, all.root) }
        let leaf = all.dev.presented
        let root = all.root.presented
        #expect(found.device?.identifier == "dev")
        #expect(found.reliance.device == found.device?.number)
        #expect(found.reliance.anchor != nil)
        #expect(
            found.reliance.certificates == [
                CertificateMark(serial: leaf.serial, issuerKey: leaf.issuerKey),
                CertificateMark(serial: root.serial, issuerKey: root.issuerKey),
            ]
        )
        #expect(found.reliance.endsAt == min(leaf.notAfter, root.notAfter))
        #expect(found.roles == [.device])
        #expect(found.proof.contains(leaf.serial.text))
    }

    @Test("each kind of login stands on what it showed")
    func relianceOfOthers() throws {
        let all = LoginCase.certificates
        let pinned = try principal {
            $0.show(all.pinned)
            $0.clientID = "c"
        }
        #expect(pinned.reliance.credential != nil && pinned.reliance.anchor == nil)
        #expect(pinned.reliance.endsAt == all.pinned.presented.notAfter)
        let account = try principal {
            $0.show("acme/ann", "right")
            $0.clientID = "c"
        }
        #expect(account.reliance.account == account.account && account.account != nil)
        #expect(account.device == nil && account.roles == [.messaging])
        #expect(account.reliance.endsAt == nil)
        let user = try principal {
            $0.show("acme/device_word", "right")
            $0.clientID = "c"
        }
        #expect(user.reliance.credential != nil && user.reliance.device != nil)
        let token = try principal {
            $0.show("A1_TOKEN", nil)
            $0.clientID = "c"
        }
        #expect(token.reliance.credential != nil && token.reliance.device != nil)
        let jwt = try principal {
            $0.show("", try $0.token("device_dev", "device"))
            $0.clientID = "dev"
        }
        #expect(jwt.reliance.token != nil && jwt.reliance.device != nil)
        #expect(jwt.reliance.endsAt == TestCertificates.now + 3600)
    }

    @Test("a device below an anchor that registers is there afterwards, once, and in the audit")
    func registration() throws {
        let all = LoginCase.certificates
        var login = try LoginCase()
        login.show(all.autoDevice, all.auto)
        login.clientID = "newcomer"
        for _ in 0..<2 {
            guard case .accepted = login.step() else { throw NotLetIn(step: login.step()) }
        }
        let device = try login.registry.device(tenant: login.world.acme, identifier: "newcomer")
        #expect(device?.origin == .contact)
        #expect(device?.takesCertificates == true)
        let audit = try login.registry.audit(tenant: login.world.acme, PageRequest(limit: 1))
        #expect(audit.items.first?.author.name == "device_newcomer")
        #expect(audit.items.first?.author.source == "192.0.2.7")
    }

    @Test("of many first contacts at once each is let in, and there is one device")
    func racingRegistration() throws {
        let all = LoginCase.certificates
        var login = try LoginCase()
        login.show(all.autoDevice, all.auto)
        login.clientID = "newcomer"
        let numbers = Locked<[Int64?]>([])
        DispatchQueue.concurrentPerform(iterations: 16) { [login] _ in
            let step = login.step()
            numbers.withLock { numbers in
                if case .accepted(let principal) = step {
                    numbers.append(principal.device?.number)
                }
            }
        }
        #expect(numbers.withLock { $0.count } == 16)
        #expect(numbers.withLock { Set($0).count } == 1)
    }

    @Test("what is taken away during a login is told to it, because it counts from before")
    func changeNumber() throws {
        let all = LoginCase.certificates
        var login = try LoginCase()
        login.show(all.dev, all.root)
        let before = login.registry.changeNumber
        guard case .accepted(let found) = login.step() else { throw NotLetIn(step: login.step()) }
        #expect(found.reliance.changeNumber == before)
        let number = try login.device("dev").number
        var change = IdentityChange(
            number: before + 1,
            tenant: found.tenant,
            subject: .device(number),
            isWithdrawal: true
        )
        #expect(found.reliance.isWithdrawn(by: change))
        change.tenant += 1
        #expect(!found.reliance.isWithdrawn(by: change))
    }

    // MARK: No enumeration

    private final class CountingCheck: PasswordCheck {
        let asked = Locked<[PasswordHash]>([])

        func matches(_ password: [UInt8], _ hash: PasswordHash) -> Bool {
            asked.withLock { $0.append(hash) }
            return false
        }
    }

    @Test(
        "whoever is guessed, the answer costs one slow comparison",
        arguments: [
            "acme/nobody", "nowhere/ann", "ann", "acme/bare", "acme/device_nobody", "x",
            "acme/device_gen", "acme/ann",
        ]
    )
    func timing(_ user: Name) throws {
        var login = try LoginCase()
        login.show(user, "guess")
        let check = CountingCheck()
        let question = RegistryLogin.begin(
            Credentials(user: user, password: Array("guess".utf8), clientID: "c"),
            login.rules,
            login.environment
        )
        guard case .needsPasswordCheck(let asked) = question else {
            Issue.record("\(question)")
            return
        }
        guard case .refused(let reasons) = Login.finish(asked, matches: asked.isAnswered(by: check))
        else {
            Issue.record("let in")
            return
        }
        #expect(check.asked.withLock { $0.filter(\.isSlow).count } == 1)
        let sentence = try #require(reasons.first?.code.publicSentence)
        #expect(
            sentence == "the user name or the password is wrong" || user == "ann" || user == "x"
        )
    }

    @Test("an unknown user is refused even if the comparison said yes")
    func decoy() throws {
        let login = try LoginCase()
        let step = RegistryLogin.begin(
            Credentials(user: "acme/nobody", password: [1], clientID: "c"),
            login.rules,
            login.environment
        )
        guard case .needsPasswordCheck(let question) = step,
            case .refused(let reasons) = Login.finish(question, matches: true)
        else {
            Issue.record("\(step)")
            return
        }
        #expect(reasons.first?.code == .unknownUser)
        #expect(!question.isWorthRemembering)
    }

    @Test("a comparison is remembered by hash and password, each in its own bounds")
    func proofText() throws {
        let login = try LoginCase()
        func question(_ password: String, _ user: Name = "acme/ann") throws -> PasswordQuestion {
            let step = RegistryLogin.begin(
                Credentials(user: user, password: Array(password.utf8), clientID: "c"),
                login.rules,
                login.environment
            )
            guard case .needsPasswordCheck(let question) = step else { throw NotLetIn(step: step) }
            return question
        }
        let first = try question("right")
        #expect(first.isWorthRemembering)
        #expect(try first.proofText(first: 0) == question("right").proofText(first: 0))
        #expect(try first.proofText(first: 0) != question("righ").proofText(first: 0))
        #expect(
            try first.proofText(first: 0)
                != question("right", "acme/device_gen").proofText(first: 0)
        )
        #expect(try !question("right", "acme/device_gen").isWorthRemembering)
    }

    // MARK: New rules of the listener

    @Test("new rules of a listener send away whom they do not take any more")
    func renewal() throws {
        let all = LoginCase.certificates
        var old = AccessRules()
        old.source = .registry
        func code(_ who: Principal, _ change: (inout AccessRules) -> Void) -> ReasonCode? {
            var new = old
            change(&new)
            guard case .refused(let reasons) = Login.renew(who, old: old, new: new) else {
                return nil
            }
            return reasons.first?.code
        }
        let device = try principal { $0.show(all.dev, all.root) }
        #expect(code(device) { _ in } == nil)
        #expect(code(device) { $0.source = .files } == .loginSourceChanged)
        #expect(code(device) { $0.registry.tenant = "acme" } == nil)
        #expect(code(device) { $0.registry.tenant = "beta" } == .tenantOfListener)
        #expect(code(device) { $0.registry.chainLengthMax = 1 } == .chainTooLong)
        #expect(
            code(device) { $0.registry.takesTrustedCertificates = false } == .loginSourceChanged
        )
        #expect(
            code(device) { $0.registry.revoked = [device.reliance.certificates[0]] }
                == .certificateRevoked
        )
        #expect(
            code(device) {
                $0.registry.listsDue = [all.root.presented.subjectKey: 1]
            } == nil
        )
        let token = try principal {
            $0.show("A1_TOKEN", nil)
            $0.clientID = "c"
        }
        #expect(code(token) { $0.registry.takesAccessTokens = false } == .loginSourceChanged)
        let nobody = try principal {
            $0.rules.allowsAnonymous = true
            $0.rules.registry.tenant = "acme"
            $0.clientID = "c"
        }
        #expect(code(nobody) { $0.allowsAnonymous = true } == nil)
        #expect(code(nobody) { _ in } == .loginSourceChanged)
    }
}
