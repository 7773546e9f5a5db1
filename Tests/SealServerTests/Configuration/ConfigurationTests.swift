// SPDX-License-Identifier: Apache-2.0
// The typed configuration: defaults, limits, faults with places, environment, difference.

import Foundation
import Testing

@testable import SealServer

@Suite("The configuration") struct ConfigurationTests {
    static let listener = "[[listener]]\nname = \"m\"\ncertificate = \"c\"\nkey = \"k\"\n"

    private func load(
        _ text: String,
        _ environment: [String: String] = [:],
        file: String = "/etc/s/s.conf"
    ) throws -> LoadedConfiguration {
        try Configuration.load(Array(text.utf8), file: file, environment: environment)
    }

    private func faults(
        _ text: String,
        _ environment: [String: String] = [:]
    ) -> [ConfigurationError] {
        do {
            _ = try load(text, environment)
            return []
        } catch { return (error as? ConfigurationErrors)?.errors ?? [] }
    }

    @Test("the smallest file gives every default")
    func smallest() throws {
        let loaded = try load(Self.listener)
        var expected = Configuration()
        var listener = ListenerSettings()
        listener.name = "m"
        listener.certificate = "/etc/s/c"
        listener.key = "/etc/s/k"
        expected.listeners = [listener]
        #expect(loaded.configuration == expected)
        #expect(loaded.configuration.listeners[0].addresses == ["0.0.0.0", "::"])
        #expect(loaded.origins["listener.0.certificate"]?.line == 3)
        #expect(loaded.warnings.map(\.code) == [.nobodyCanLogIn])
    }

    @Test("the default file passes its own check")
    func defaultFile() throws {
        let text = Configuration.defaultText()
        let loaded = try load(text)
        #expect(loaded.warnings.isEmpty)
        var expected = Configuration()
        expected.listeners = loaded.configuration.listeners
        #expect(loaded.configuration == expected)
        let missing = loaded.unreadableFiles { _ in false }
        #expect(missing.map(\.code) == [.fileUnreadable, .fileUnreadable, .fileUnreadable])
        #expect(missing.allSatisfy { $0.line > 0 })
    }

    @Test("the default file without its certificate says what is missing")
    func defaultFileWithoutCertificate() {
        let text = Configuration.defaultText().split(
            separator: "\n",
            omittingEmptySubsequences: false
        ).map { $0.hasPrefix("certificate =") || $0.hasPrefix("key =") ? "# \($0)" : String($0) }
            .joined(separator: "\n")
        let found = faults(text)
        #expect(found.map(\.code) == [.certificateMissing])
        #expect(found.first?.message == "listener mqtts has no certificate and no key")
        #expect(found.first?.line ?? 0 > 0)
    }

    @Test("every commented line of the default file is itself a setting that is understood")
    func defaultLines() throws {
        var keys = 0
        for line in Configuration.defaultText().split(separator: "\n") {
            guard let match = line.wholeMatch(of: /# ([a-z-]+ = .+)/) else { continue }
            keys += 1
            let document = try TOMLDocument.parse(Array(match.1.utf8))
            let pair = try #require(document.sections.first?.pairs.first)
            var kinds: [SettingKind] = []
            for row in ListenerSettings.settings where row.name == pair.key {
                kinds.append(row.kind)
            }
            for row in ListenerIdentity.settings where row.name == pair.key {
                kinds.append(row.kind)
            }
            for row in Configuration.sections.flatMap(\.rows) where row.name == pair.key {
                kinds.append(row.kind)
            }
            #expect(kinds.contains { (try? $0.read(pair.value.kind)) != nil }, "\(line)")
        }
        let all =
            ListenerSettings.settings.count + ListenerIdentity.settings.count
            + Configuration.sections.flatMap(\.rows).count
        #expect(keys == all - 4)
    }

    @Test("the reference page is the one in Documentation")
    func referencePage() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = root.appending(path: "Documentation/configuration.md")
        let expected = Configuration.referencePage()
        if ProcessInfo.processInfo.environment["SEALWIRE_WRITE_DOCS"] == "1" {
            try Data(expected.utf8).write(to: page)
        }
        let found = try String(contentsOf: page, encoding: .utf8)
        #expect(
            found == expected,
            "run make docs"
        )
    }

    @Test("every integer, time and size is taken at both limits and refused beyond them")
    func limits() {
        for section in Configuration.sections {
            for row in section.rows {
                let range: ClosedRange<Int>
                switch row.kind {
                case .integer(let limits), .seconds(let limits), .bytes(let limits): range = limits
                default: continue
                }
                func text(_ value: Int) -> String {
                    Self.listener + "[\(section.name)]\n\(row.name) = \(value)\n"
                }
                #expect(faults(text(range.lowerBound)).isEmpty, "\(row.name)")
                #expect(faults(text(range.upperBound)).isEmpty, "\(row.name)")
                #expect(faults(text(range.lowerBound - 1)).map(\.code) == [.outOfRange])
                #expect(faults(text(range.upperBound + 1)).map(\.code) == [.outOfRange])
            }
        }
    }

    @Test("defaults lie within their limits and names are unique")
    func defaults() {
        for section in Configuration.sections {
            #expect(Set(section.rows.map(\.name)).count == section.rows.count)
            for row in section.rows {
                if case .integer(let value) = row.get(Configuration()),
                    case .integer(let range) = row.kind
                {
                    #expect(range.contains(value), "\(row.name)")
                }
                #expect(row.summary.hasSuffix("."), "\(row.name)")
            }
        }
        let names = ListenerSettings.settings.map(\.name)
        #expect(Set(names).count == names.count)
    }

    @Test(
        "faults of single settings",
        arguments: [
            ("[limit]\n", .unknownSection, 5, 1, "did you mean [limits]?"),
            ("[limits]\npacket-byte = 1\n", .unknownKey, 6, 1, "did you mean packet-bytes?"),
            ("[limits]\npacket_bytes = 5000\n", .unknownKey, 6, 1, "did you mean packet-bytes?"),
            ("[log]\nport = 1\n", .unknownKey, 6, 1, "port belongs under [[listener]]"),
            ("[limits]\nconnections = \"many\"\n", .wrongType, 6, 15, nil),
            ("[limits]\npacket-bytes = \"2MB/s\"\n", .badQuantity, 6, 16, nil),
            ("[drain]\nseconds = \"5 min\"\n", .badQuantity, 6, 11, nil),
            ("[log]\nlevel = \"inf\"\n", .notAChoice, 6, 9, "did you mean \"info\"?"),
            ("[metrics]\nbind = \"example.org\"\n", .badAddress, 6, 8, nil),
            ("[metrics]\nbind = []\n", .outOfRange, 6, 8, nil),
            ("[metrics]\nenabled = 1\n", .wrongType, 6, 11, nil),
            ("[listener]\n", .duplicateTable, 5, 1, nil),
            ("[[limits]]\n", .syntax, 5, 1, "write [limits]"),
            ("ciphers = 3\n", .wrongType, 5, 11, nil),
            ("alpn = [\"mqtt\", 3]\n", .wrongType, 5, 8, nil),
        ] as [(String, ConfigurationCode, Int, Int, String?)]
    )
    func single(
        _ text: String,
        _ code: ConfigurationCode,
        _ line: Int,
        _ column: Int,
        _ hint: String?
    ) throws {
        let first = try #require(faults(Self.listener + text).first)
        #expect(first.code == code)
        #expect(first.line == line)
        #expect(first.column == column)
        if let hint { #expect(first.hint == hint) }
    }

    @Test(
        "rules between settings",
        arguments: [
            ("", .noListener), ("[[listener]]\n", .listenerName),
            ("[[listener]]\nname = \"a b\"\ncertificate='c'\nkey='k'\n", .listenerName),
            ("[[listener]]\nname = \"a\"\ncertificate='c'\n", .keyMissing),
            ("[[listener]]\nname = \"a\"\ntls = false\n", .plaintextOnNetwork),
            (listener + listener, .duplicateListener),
            (listener + "[[listener]]\nname='b'\ncertificate='c'\nkey='k'\n", .sameAddress),
            (
                listener + "[[listener]]\nname='b'\ncertificate='c'\nkey='k'\nbind='127.0.0.1'\n",
                .sameAddress
            ),
            (listener + "client-certificates = 'require'\n", .trustMissing),
            (listener + "client-certificates = 'ask'\nidentity = 'cn'\n", .trustMissing),
            (listener + "identity = 'cn'\n", .identityWithoutCertificates),
            (listener + "client-id-rule = 'equals-identity'\n", .clientIDRuleWithoutIdentity),
            (listener + "mount-point = 'a/#'\n", .badMountPoint),
            (listener + "keystore = 's'\n", .twoIdentities),
            (listener + "keystore-alias = 'x'\n", .keystoreMissing),
            (listener + "keystore-password-file = 'x'\n", .keystoreMissing),
            (listener + "truststore-password-file = 'x'\n", .keystoreMissing),
            (listener + "[[listener.identity]]\nkeystore='s'\nkey='k'\n", .twoIdentities),
            (
                "[[listener]]\nname='p'\ntls=false\nbind='localhost'\nkeystore='c'\n",
                .tlsSettingWithoutTLS
            ),
            (listener + "[[listener.identity]]\ncertificate = 'c'\n", .keyMissing),
            (listener + "[[listener.identity]]\n", .certificateMissing),
            (
                "[[listener]]\nname='p'\ntls=false\nbind='localhost'\ncertificate='c'\n",
                .tlsSettingWithoutTLS
            ),
        ] as [(String, ConfigurationCode)]
    )
    func rules(_ text: String, _ code: ConfigurationCode) throws {
        let found = faults(text)
        #expect(found.contains { $0.code == code }, "\(found.map(\.text))")
    }

    @Test("a keystore stands for certificate and key, a truststore for trust-files")
    func keystores() throws {
        let loaded = try load(
            """
            [[listener]]
            name = "m"
            keystore = "server.p12"
            keystore-alias = "serveralias"
            keystore-password-file = "store.pass"
            key-passphrase-file = "key.pass"
            truststore = "trust.jks"
            truststore-password-file = "trust.pass"
            client-certificates = "require"
            identity = "cn"
            [[listener.identity]]
            keystore = "other.jks"
            """
        )
        #expect(loaded.warnings.isEmpty)
        #expect(loaded.configuration.listeners[0].keystore == "/etc/s/server.p12")
        // All of them are watched.
        #expect(
            loaded.files.map(\.path) == [
                "/etc/s/key.pass", "/etc/s/server.p12", "/etc/s/store.pass", "/etc/s/trust.jks",
                "/etc/s/trust.pass", "/etc/s/other.jks",
            ]
        )
    }

    @Test("plain text on the network needs the second word and is warned of")
    func plaintext() throws {
        let plain = "[[listener]]\nname='p'\nport=1883\ntls=false\nanonymous=true\n"
        #expect(try load(plain + "bind = 'localhost'\n").warnings.isEmpty)
        #expect(try load(plain + "bind = ['127.0.0.9', '::1']\n").warnings.isEmpty)
        #expect(faults(plain + "bind = ['127.0.0.1', '10.0.0.1']\n").count == 1)
        let loaded = try load(plain + "plaintext = 'on-the-network'\n")
        #expect(loaded.warnings.map(\.code) == [.plaintextOnNetwork])
    }

    @Test("listeners on different addresses or families may share a port")
    func sharedPort() throws {
        let second = "[[listener]]\nname='b'\ncertificate='c'\nkey='k'\n"
        _ = try load(Self.listener + "bind='127.0.0.1'\n" + second + "bind='127.0.0.2'\n")
        _ = try load(Self.listener + "bind='0.0.0.0'\n" + second + "bind='::'\n")
        _ = try load(Self.listener + "port=0\n" + second + "port=0\n")
    }

    @Test("the environment wins over the file")
    func environment() throws {
        let loaded = try load(
            Self.listener + "port = 1\n[limits]\npacket-bytes = 4096\n",
            [
                "SEALWIRE_LIMITS_PACKET_BYTES": "2MiB", "SEALWIRE_LISTENER_PORT": "8884",
                "SEALWIRE_LISTENER_M_BIND": "127.0.0.1,::1", "SEALWIRE_CONTEXT": "x",
                "SEALWIRE_LISTENER_ANONYMOUS": "true", "HOME": "/",
            ]
        )
        #expect(loaded.configuration.limits.packetBytes == 2_097_152)
        #expect(loaded.configuration.listeners[0].port == 8884)
        #expect(loaded.configuration.listeners[0].bind == ["127.0.0.1", "::1"])
        #expect(loaded.configuration.listeners[0].allowsAnonymous)
        #expect(loaded.origins["limits.packet-bytes"]?.file == "environment")
    }

    @Test("the environment alone can be a configuration")
    func environmentAlone() throws {
        let loaded = try load(
            "",
            ["SEALWIRE_LISTENER_CERTIFICATE": "/c", "SEALWIRE_LISTENER_KEY": "/k"]
        )
        #expect(loaded.configuration.listeners.map(\.name) == ["default"])
        #expect(faults("", ["SEALWIRE_LISTENER_CERTIFICATE": "/c"]).map(\.code) == [.keyMissing])
    }

    @Test("faults of the environment name the variable")
    func environmentFaults() throws {
        let found = faults(
            Self.listener,
            ["SEALWIRE_LIMITS_PACKET_BYTE": "1", "SEALWIRE_LISTENER_PORT": "70000"]
        )
        #expect(found.map(\.code) == [.environment, .outOfRange])
        #expect(found[0].hint == "did you mean SEALWIRE_LIMITS_PACKET_BYTES?")
        #expect(found[1].message == "SEALWIRE_LISTENER_PORT must be from 0 to 65535")
        #expect(found[1].file == "environment")
    }

    @Test("a listener named like the start of a setting does not take that setting")
    func environmentNames() throws {
        let text = "[[listener]]\nname='tls'\ncertificate='c'\nkey='k'\n"
        let loaded = try load(
            text,
            ["SEALWIRE_LISTENER_TLS_MINIMUM": "1.3", "SEALWIRE_LISTENER_TLS_PORT": "5"]
        )
        #expect(loaded.configuration.listeners[0].tlsMinimum == .tls13)
        #expect(loaded.configuration.listeners[0].port == 5)
    }

    @Test("several faults are reported at once")
    func several() {
        let found = faults("[limits]\nx = 1\nconnections = 0\n[lag]\n")
        #expect(found.map(\.code) == [.unknownKey, .outOfRange, .unknownSection])
        #expect(found[1].place == "/etc/s/s.conf:3:15")
    }

    @Test("the difference names each changed key and when it applies")
    func difference() throws {
        let old = try load(Self.listener + "[limits]\npacket-bytes='2MiB'\n").configuration
        let new = try load(
            Self.listener + "port=9\nmax-qos=1\n[[listener]]\nname='b'\ntls=false\n"
                + "bind='::1'\n[shards]\ncount=2\n"
        ).configuration
        let changes = Configuration.difference(from: old, to: new)
        #expect(
            changes.map(\.text) == [
                "listener.m.port: 8883 -> 9 (needs restart)",
                "listener.m.max-qos: 2 -> 1 (applies now, to new connections)",
                "listener.b: none -> added (needs restart)",
                "limits.packet-bytes: \"2MiB\" -> \"1MiB\" (applies now, to new connections)",
                "shards.count: 0 -> 2 (needs restart)",
            ]
        )
        #expect(Configuration.difference(from: new, to: new).isEmpty)
        let merged = Configuration.merged(running: old, with: new)
        #expect(merged.listeners.map(\.name) == ["m"])
        #expect(merged.listeners[0].port == 8883)
        #expect(merged.listeners[0].qosMax == 1)
        #expect(merged.limits.packetBytes == 1_048_576)
        #expect(merged.shards.count == 0)
    }

    @Test("shards are counted by the machine unless told")
    func shards() {
        #expect([1, 2, 3, 8].map { ShardSettings().count(cores: $0) } == [1, 1, 3, 8])
        var two = ShardSettings()
        two.count = 2
        #expect(two.count(cores: 1) == 2)
    }

    @Test(
        "quantities are read and written",
        arguments: [
            ("30s", 30), ("5m", 300), ("1h", 3600), ("7d", 604_800), ("45", 45), ("", nil),
            ("5 m", nil), ("-5s", nil), ("s", nil), ("5S", nil), ("1.5h", nil), ("٣s", nil),
            ("99999999999999999w", nil),
        ] as [(String, Int?)]
    )
    func quantities(_ text: String, _ seconds: Int?) {
        #expect(Quantity.seconds(text) == seconds)
        if let seconds {
            #expect(Quantity.seconds(Quantity.text(seconds: seconds)) == seconds)
            #expect(Quantity.bytes(Quantity.text(bytes: seconds)) == seconds)
        }
    }

    @Test("every code has a hint and its own number")
    func codes() {
        for code in ConfigurationCode.allCases {
            #expect(!code.hint.isEmpty)
            #expect(code.rawValue.wholeMatch(of: /SW-01\d\d/) != nil)
        }
    }
}
