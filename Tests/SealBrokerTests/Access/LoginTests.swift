// SPDX-License-Identifier: Apache-2.0
// The login: which credential counts, what is refused with which reason, and whom it makes.

import Foundation
import Testing

@testable import SealBroker
import SealBytes

@Suite("The login") struct LoginTests {
    /// Takes a password for right when it is "right".
    private struct FixedCheck: PasswordCheck {
        func matches(_ password: [UInt8], _ hash: PasswordHash) -> Bool {
            password == Array("right".utf8)
        }
    }

    private let passwords = PasswordTable(
        parsing: Array("ann:\(PasswordTableTests.argon)\n".utf8),
        file: "pw"
    )

    private func rules(_ change: (inout AccessRules) -> Void) -> AccessRules {
        var rules = AccessRules()
        change(&rules)
        return rules
    }

    private func certificate(_ isTrusted: Bool = true) -> CertificateSummary {
        CertificateSummary(
            commonName: "dev1",
            distinguishedName: "CN=dev1,O=x",
            dnsNames: ["d.example", "e"],
            uris: ["urn:dev:1"],
            emails: ["a@b"],
            ipAddresses: ["10.0.0.1"],
            fingerprint: "ab12",
            isTrusted: isTrusted
        )
    }

    private func run(_ credentials: Credentials, _ rules: AccessRules) -> LoginStep {
        Login.run(credentials, rules, FixedCheck())
    }

    private func principal(_ credentials: Credentials, _ rules: AccessRules) -> Principal? {
        if case .accepted(let principal) = run(credentials, rules) { principal } else { nil }
    }

    private func reason(_ credentials: Credentials, _ rules: AccessRules) -> ReasonCode? {
        if case .refused(let reasons) = run(credentials, rules) {
            reasons.first?.code
        } else {
            nil
        }
    }

    private func user(_ name: String, _ password: String?) -> Credentials {
        Credentials(user: Name(name), password: password.map { Array($0.utf8) }, clientID: "c1")
    }

    @Test("without any rule nobody comes in")
    func closed() {
        #expect(reason(Credentials(), AccessRules()) == .anonymousForbidden)
        #expect(reason(user("ann", "right"), AccessRules()) == .noPasswords)
        #expect(
            reason(Credentials(certificate: certificate()), AccessRules()) == .anonymousForbidden
        )
    }

    @Test("passwords are checked by the table")
    func password() throws {
        let rules = rules { $0.passwords = passwords }
        let found = try #require(principal(user("ann", "right"), rules))
        #expect(found.name == "ann")
        #expect(found.clientID == "c1")
        #expect(found.method == .password)
        #expect(found.isUnrestricted)
        #expect(reason(user("ann", "wrong"), rules) == .badPassword)
        #expect(reason(user("bob", "right"), rules) == .unknownUser)
        #expect(reason(user("ann", nil), rules) == .passwordMissing)
        #expect(reason(user("", "right"), rules) == .unknownUser)
        #expect(reason(Credentials(), rules) == .anonymousForbidden)
    }

    @Test("an unknown user costs a comparison like a known one")
    func decoy() {
        let rules = rules { $0.passwords = passwords }
        guard case .needsPasswordCheck(let question) = Login.begin(user("bob", "x"), rules) else {
            Issue.record("answered at once")
            return
        }
        #expect(question.hash == passwords.hash(of: "ann"))
        guard case .refused(let reasons) = Login.finish(question, matches: true) else {
            Issue.record("accepted")
            return
        }
        #expect(reasons.map(\.code) == [.unknownUser])
    }

    @Test("a wrong password is refused even where anonymous clients are taken")
    func wrongAndAnonymous() {
        let rules = rules {
            $0.passwords = passwords
            $0.allowsAnonymous = true
        }
        #expect(reason(user("ann", "wrong"), rules) == .badPassword)
        #expect(principal(Credentials(), rules)?.method == .anonymous)
    }

    @Test("a name nobody can check is not believed")
    func unchecked() {
        let rules = rules { $0.allowsAnonymous = true }
        let found = principal(user("admin", "x"), rules)
        #expect(found?.name == nil)
        #expect(found?.method == .anonymous)
    }

    @Test(
        "each field of the certificate can name the user",
        arguments: [
            (.commonName, "dev1"), (.distinguishedName, "CN=dev1,O=x"), (.sanDNS, "d.example"),
            (.sanURI, "urn:dev:1"), (.sanEmail, "a@b"), (.sanIP, "10.0.0.1"),
            (.fingerprint, "ab12"),
        ] as [(CertificateIdentity, String)]
    )
    func identities(_ identity: CertificateIdentity, _ name: String) {
        let rules = rules { $0.identity = identity }
        let found = principal(Credentials(certificate: certificate()), rules)
        #expect(found?.name == Name(name))
        #expect(found?.method == .certificate)
        let empty = CertificateSummary(fingerprint: "", isTrusted: true)
        #expect(reason(Credentials(certificate: empty), rules) == .certificateWithoutName)
    }

    @Test("the certificate counts before user name and password")
    func certificateFirst() {
        let rules = rules {
            $0.identity = .commonName
            $0.passwords = passwords
        }
        var both = user("ann", "wrong")
        both.certificate = certificate()
        #expect(principal(both, rules)?.name == "dev1")
        #expect(principal(user("ann", "right"), rules)?.name == "ann")
        #expect(reason(Credentials(), rules) == .certificateNeeded)
    }

    @Test("a certificate nobody vouches for names nobody, unless it is pinned")
    func untrusted() throws {
        let shown = Credentials(certificate: certificate(false))
        #expect(reason(shown, rules { $0.identity = .commonName }) == .certificateUntrusted)
        #expect(reason(shown, rules { $0.identity = .fingerprint }) == .certificateUntrusted)
        let policy = try #require(
            Policy.parse(Array("user ab12\ntopic read a".utf8), file: "f").policy
        )
        let pinned = rules {
            $0.identity = .fingerprint
            $0.policy = policy
        }
        #expect(principal(shown, pinned)?.name == "ab12")
        // A common name in the ACL is no pin: anybody can write it into a certificate.
        let named = try #require(Policy.parse(Array("user dev1".utf8), file: "f").policy)
        let unpinned = rules {
            $0.identity = .commonName
            $0.policy = named
        }
        #expect(reason(shown, unpinned) == .certificateUntrusted)
    }

    @Test("names with control characters are refused", arguments: ["a\u{0}b", "\n", "a\u{7F}"])
    func unusable(_ name: String) {
        let shown = CertificateSummary(commonName: Name(name), fingerprint: "", isTrusted: true)
        let rules = rules { $0.identity = .commonName }
        #expect(reason(Credentials(certificate: shown), rules) == .certificateNameUnusable)
    }

    @Test("a certificate that names nobody does not replace a user")
    func namelessCertificate() {
        let shown = Credentials(certificate: certificate())
        #expect(reason(shown, rules { $0.passwords = passwords }) == .anonymousForbidden)
        let open = rules { $0.allowsAnonymous = true }
        #expect(principal(shown, open)?.name == nil)
    }

    @Test("the client id can be tied to the user name")
    func clientIDs() {
        var shown = Credentials(certificate: certificate(), clientID: "other")
        let equal = rules {
            $0.identity = .commonName
            $0.clientIDRule = .equalsIdentity
        }
        #expect(reason(shown, equal) == .clientIDMismatch)
        shown.clientID = "dev1"
        #expect(principal(shown, equal)?.clientID == "dev1")
        shown.clientID = "other"
        let from = rules {
            $0.identity = .commonName
            $0.clientIDRule = .fromIdentity
        }
        #expect(principal(shown, from)?.clientID == "dev1")
        let anonymous = rules {
            $0.allowsAnonymous = true
            $0.clientIDRule = .fromIdentity
        }
        #expect(reason(Credentials(), anonymous) == .clientIDWithoutUser)
    }

    @Test("$SYS is read by whom the listener lets, and written by nobody")
    func sys() throws {
        let topic = Array("$SYS/broker/uptime".utf8)
        func ask(_ readers: SysReaders, _ name: String, _ act: AccessAct) -> ReasonCode? {
            let rules = rules {
                $0.passwords = passwords
                $0.sysReaders = readers
            }
            return principal(user(name, "right"), rules)?.decide(act, topic: topic)
                .reasons.first?.code
        }
        #expect(ask(.everybody, "ann", .deliver) == .accessUnrestricted)
        #expect(ask(.nobody, "ann", .deliver) == .sysForbidden)
        #expect(ask(.nobody, "ann", .subscribe) == .sysForbidden)
        #expect(ask(.users(["ann"]), "ann", .deliver) == .accessUnrestricted)
        #expect(ask(.users(["bob"]), "ann", .deliver) == .sysForbidden)
        #expect(ask(.everybody, "ann", .publish) == .sysReadOnly)
    }

    @Test("after a change of rules clients that no longer pass are named, others get the new rules")
    func renewal() throws {
        func renew(
            _ method: LoginMethod,
            _ name: String?,
            _ old: AccessRules,
            _ new: AccessRules
        )
            -> LoginStep
        {
            let principal = Principal(
                name: name.map { Name($0) },
                clientID: "c",
                method: method,
                listener: "l",
                policy: .everything,
                readsSys: true
            )
            return Login.renew(principal, old: old, new: new)
        }
        func code(_ step: LoginStep) -> ReasonCode? {
            if case .refused(let reasons) = step { reasons.first?.code } else { nil }
        }
        let open = rules { $0.allowsAnonymous = true }
        #expect(code(renew(.anonymous, nil, open, open)) == nil)
        #expect(code(renew(.anonymous, nil, open, AccessRules())) == .anonymousForbidden)

        let other = PasswordTable(
            parsing: Array(
                "ann:\(PasswordTableTests.argon.replacing("t=3", with: "t=4"))\n".utf8
            ),
            file: "f"
        )
        let known = rules { $0.passwords = passwords }
        #expect(code(renew(.password, "ann", known, known)) == nil)
        #expect(
            code(renew(.password, "ann", known, rules { $0.passwords = other })) == .badPassword
        )
        #expect(code(renew(.password, "bob", known, known)) == .unknownUser)
        #expect(code(renew(.password, "ann", known, open)) == .unknownUser)

        let named = rules { $0.identity = .commonName }
        #expect(code(renew(.certificate, "d", named, named)) == nil)
        #expect(code(renew(.certificate, "d", named, open)) == .certificateNeeded)
        let policy = try #require(Policy.parse(Array("user ab".utf8), file: "f").policy)
        let pinned = rules {
            $0.identity = .fingerprint
            $0.policy = policy
        }
        let unpinned = rules { $0.identity = .fingerprint }
        #expect(code(renew(.certificate, "ab", pinned, unpinned)) == .certificateUntrusted)

        var tied = named
        tied.clientIDRule = .equalsIdentity
        #expect(code(renew(.certificate, "d", named, tied)) == .clientIDMismatch)
        var closed = named
        closed.policy = policy
        closed.sysReaders = .nobody
        guard case .accepted(let renewed) = renew(.certificate, "d", named, closed) else {
            Issue.record("refused")
            return
        }
        #expect(!renewed.isUnrestricted)
        #expect(!renewed.readsSys)
    }

    @Test("every reason has a sentence, every refusal a hint")
    func catalogue() {
        #expect(Set(ReasonCode.allCases.map(\.sentence)).count == ReasonCode.allCases.count)
        for entry in ReasonCatalogue.entries {
            #expect(!entry.sentence.isEmpty)
            #expect(!entry.sentence.hasSuffix("."))
            #expect(entry.hint.isEmpty == !entry.isRefusal, "\(entry.code)")
        }
    }

    @Test("the page of reasons is the one in Documentation")
    func referencePage() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = root.appending(path: "Documentation/reasons.md")
        if ProcessInfo.processInfo.environment["SEALWIRE_WRITE_DOCS"] == "1" {
            try Data(ReasonCatalogue.page().utf8).write(to: page)
        }
        let found = try String(contentsOf: page, encoding: .utf8)
        #expect(found == ReasonCatalogue.page(), "run make docs")
    }
}
