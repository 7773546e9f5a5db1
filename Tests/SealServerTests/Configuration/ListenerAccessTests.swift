// SPDX-License-Identifier: Apache-2.0
// From settings to the rules of the login.

import SealBroker
import Testing

@testable import SealServer

@Suite("The access rules of a listener") struct ListenerAccessTests {
    private let files: [String: [UInt8]] = [
        "/p": Array("bad line\n".utf8), "/a": Array("topic read a\n".utf8),
        "/x": Array("topic read a/#/b\n".utf8),
    ]

    @Test("settings become rules")
    func rules() throws {
        var listener = ListenerSettings()
        listener.passwordFile = "/p"
        listener.aclFile = "/a"
        listener.identity = .commonName
        listener.clientCertificates = .require
        listener.clientIDRule = .fromIdentity
        listener.sysTopics = .users
        listener.sysUsers = ["m"]
        let (rules, warnings) = try listener.accessRules { files[$0] }
        #expect(rules.identity == .commonName)
        #expect(rules.clientIDRule == .fromIdentity)
        #expect(rules.sysReaders == .users(["m"]))
        #expect(rules.passwords?.count == 0)
        #expect(!rules.policy.allowsEverything)
        #expect(!rules.allowsAnonymous)
        #expect(warnings.map(\.place) == ["/p:1:1"])
    }

    @Test("a missing file or a faulty ACL line gives no rules at all")
    func faults() {
        var listener = ListenerSettings()
        listener.passwordFile = "/none"
        listener.aclFile = "/x"
        let error = #expect(throws: ConfigurationErrors.self) {
            _ = try listener.accessRules { files[$0] }
        }
        #expect(error?.errors.map(\.code) == [.fileUnreadable, .accessFile])
    }
}
