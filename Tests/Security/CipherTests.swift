// SPDX-License-Identifier: Apache-2.0
// Lists of cipher suites: what can never be chosen is refused when the configuration is checked,
// and does not wait for the first client that finds nothing in common.

import Testing

@testable import SealServer

@Suite("The ciphers of a configuration") struct CipherTests {
    private func faults(_ key: String, _ value: String) -> [ConfigurationError] {
        let text = """
            [[listener]]
            name = "a"
            certificate = "a"
            key = "b"
            anonymous = true
            \(key) = "\(value)"
            """
        do {
            _ = try Configuration.load(Array(text.utf8), file: "s.conf", environment: [:])
            return []
        } catch { return error.errors }
    }

    @Test(
        "what can be chosen is taken",
        arguments: [
            "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384:AES128-GCM-SHA256",
            "HIGH:!aNULL", "ECDHE+AESGCM:-AES256:@STRENGTH", "ECDHE-RSA-CHACHA20-POLY1305, HIGH",
            "DEFAULT:!RC4", "ECDHE+AES128:ECDHE+AES256",
        ]
    )
    func good(list: String) { #expect(faults("ciphers", list).isEmpty) }

    @Test(
        "what can never be chosen is refused with its name",
        arguments: [
            "NULL-SHA256", "aNULL", "ADH-AES128-GCM-SHA256", "AECDH-AES128-SHA", "RC4-SHA",
            "DES-CBC3-SHA", "PSK-AES128-GCM-SHA256", "SRP-AES-128-CBC-SHA",
            "DHE-DSS-AES128-GCM-SHA256", "DHE-RSA-AES128-GCM-SHA256", "eNULL", "EXPORT", "NONSENSE",
            "TLS_AES_128_GCM_SHA256", "ecdhe-rsa-aes128-gcm-sha256",
        ]
    )
    func never(name: String) throws {
        let found = try #require(faults("ciphers", "ECDHE-RSA-AES128-GCM-SHA256:\(name)").first)
        #expect(found.message.contains(name))
        #expect(!found.hint.isEmpty)
        #expect(found.line == 6)
        #expect(!faults("ciphers", name).isEmpty)
    }

    @Test("a list that takes everything away again is refused")
    func nothingLeft() { #expect(!faults("ciphers", "HIGH:!ALL").isEmpty) }

    @Test(
        "a lower security level is not set by the list",
        arguments: ["@SECLEVEL=0", "@SECLEVEL=1"]
    )
    func level(word: String) {
        #expect(!faults("ciphers", "HIGH:\(word)").isEmpty)
        #expect(faults("ciphers", "HIGH:@SECLEVEL=2").isEmpty)
    }

    @Test("the suites of TLS 1.3, too")
    func suites() throws {
        #expect(faults("ciphersuites", "TLS_AES_256_GCM_SHA384").isEmpty)
        #expect(faults("ciphersuites", "TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256").isEmpty)
        for name in ["TLS_NOTHING", "ECDHE-RSA-AES128-GCM-SHA256", "NULL"] {
            let found = faults("ciphersuites", "TLS_AES_128_GCM_SHA256:\(name)").first
            #expect(found?.message.contains(name) == true)
        }
    }
}
