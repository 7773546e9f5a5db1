// SPDX-License-Identifier: Apache-2.0
// mosquitto.conf files and what becomes of them: the result is loaded by our own reader each time.

import Testing

@testable import SealBroker
@testable import SealServer

@Suite("The import of mosquitto.conf") struct MosquittoImportTests {
    private func run(
        _ text: String,
        files: [String: String] = [:],
        folders: [String: [String]] = [:]
    ) -> ImportResult {
        MosquittoImport.run(
            text: text,
            path: "m.conf",
            readFile: { files[$0] },
            listFolder: { folders[$0] }
        )
    }

    private func load(_ result: ImportResult) throws -> Configuration {
        try Configuration.load(Array(result.sealwireConf.utf8), file: "/s/s.conf").configuration
    }

    private func decisive(_ result: ImportResult) -> [Int] {
        result.notes.filter(\.decidesAccess).map(\.line)
    }

    @Test("an empty file serves this machine only, and everybody on it")
    func empty() throws {
        let result = run("# nothing\n\n")
        let found = try load(result)
        #expect(found.listeners.count == 1)
        #expect(found.listeners[0].port == 1883)
        #expect(found.listeners[0].addresses == ["127.0.0.1", "::1"])
        #expect(!found.listeners[0].isTLS)
        #expect(found.listeners[0].allowsAnonymous)
        #expect(found.limits.packetBytes == 2_000_000)
        #expect(found.limits.receiveMaximum == 20)
        #expect(found.limits.inFlightMaximum == 20)
        #expect(found.limits.sessionExpirySecondsMax == 4_294_967_295)
        #expect(result.notes.isEmpty)
    }

    @Test("with a listener nobody is anonymous unless told")
    func listener() throws {
        let result = run("listener 1884 127.0.0.1\n")
        let found = try load(result)
        #expect(found.listeners.map(\.name) == ["mqtt-1884"])
        #expect(found.listeners[0].addresses == ["127.0.0.1"])
        #expect(!found.listeners[0].allowsAnonymous)
        #expect(!result.decidesAccess)
        #expect(try load(run("port 1885\n")).listeners[0].allowsAnonymous == false)
        #expect(try load(run("bind_address 127.0.0.1\n")).listeners[0].allowsAnonymous == false)
        #expect(try load(run("listener 1\nallow_anonymous true\n")).listeners[0].allowsAnonymous)
    }

    @Test("a plain listener on the network is carried over with a warning")
    func plain() throws {
        let result = run("listener 1883\nallow_anonymous true\n")
        let found = try load(result)
        #expect(found.listeners[0].addresses == ["0.0.0.0", "::"])
        #expect(found.listeners[0].plaintext == .onTheNetwork)
        #expect(result.notes.count == 1)
        #expect(!result.decidesAccess)
    }

    @Test("mutual TLS is carried over")
    func mutualTLS() throws {
        let result = run(
            """
            listener 8883 ::1
            cafile /c/ca.pem
            capath /c/ca.d
            certfile /c/cert.pem
            keyfile /c/key.pem
            require_certificate true
            use_identity_as_username true
            use_subject_as_username true
            use_username_as_clientid true
            crlfile /c/crl.pem
            disable_client_cert_date_checks true
            tls_version tlsv1.3
            ciphers HIGH:!aNULL
            ciphers_tls1.3 TLS_AES_128_GCM_SHA256
            max_connections 7
            max_qos 1
            max_topic_alias 3
            mount_point site/
            accept_protocol_versions 4, 5
            acl_file /c/acl
            """,
            files: ["/c/acl": "topic read a\n"]
        )
        let found = try #require(try load(result).listeners.first)
        var expected = ListenerSettings()
        expected.name = "mqtts-8883"
        expected.bind = ["::1"]
        expected.trustFiles = ["/c/ca.pem"]
        expected.trustFolders = ["/c/ca.d"]
        expected.certificate = "/c/cert.pem"
        expected.key = "/c/key.pem"
        expected.clientCertificates = .require
        expected.identity = .commonName
        expected.clientIDRule = .fromIdentity
        expected.crlFiles = ["/c/crl.pem"]
        expected.checksClientDates = false
        expected.tlsMinimum = .tls13
        expected.ciphers = "HIGH:!aNULL"
        expected.ciphersuites = "TLS_AES_128_GCM_SHA256"
        expected.connectionsMax = 7
        expected.qosMax = 1
        expected.topicAliasMaximum = 3
        expected.mountPoint = "site/"
        expected.protocols = [.v311, .v5]
        expected.aclFile = "/c/acl"
        #expect(found == expected)
        #expect(result.notes.isEmpty)
        let old = run("listener 1884 ::1\nmaximum_qos 0\n")
        #expect(try load(old).listeners[0].qosMax == 0 && old.notes.isEmpty)
    }

    @Test("the subject becomes the user name, and without a demand nobody is asked")
    func certificateModes() throws {
        let tls = "listener 8883\ncafile /ca\ncertfile /c\nkeyfile /k\n"
        let off = try load(run(tls)).listeners[0]
        #expect(off.clientCertificates == .off)
        #expect(off.trustFiles == ["/ca"])
        let subject = run(tls + "require_certificate true\nuse_subject_as_username true\n")
        #expect(try load(subject).listeners[0].identity == .distinguishedName)
        let gate = try load(run(tls + "require_certificate true\n")).listeners[0]
        #expect(gate.clientCertificates == .require)
        #expect(gate.identity == .none)
        let strange = run(tls + "use_identity_as_username true\n")
        #expect(strange.decidesAccess)
        #expect(try load(strange).listeners[0].clientCertificates == .require)
    }

    @Test("security options belong to all listeners, or to each with per_listener_settings")
    func perListener() throws {
        let files = ["/p": "", "/q": "", "/a": ""]
        let all = "listener 1 ::1\nallow_anonymous true\npassword_file /p\nlistener 2 ::1\n"
        let shared = try load(run(all + "acl_file /a\n", files: files)).listeners
        #expect(shared.map(\.allowsAnonymous) == [true, true])
        #expect(shared.map(\.passwordFile) == ["/p", "/p"])
        #expect(shared.map(\.aclFile) == ["/a", "/a"])
        let own = try load(
            run(
                "per_listener_settings true\n" + all + "password_file /q\n"
                    + "listener 3 ::1\nacl_file /a\n",
                files: files
            )
        ).listeners
        #expect(own.map(\.allowsAnonymous) == [true, false, false])
        #expect(own.map(\.passwordFile) == ["/p", "/q", nil])
        #expect(own.map(\.aclFile) == [nil, nil, "/a"])
        let newer = try load(
            run("listener 1 ::1\nlistener_allow_anonymous true\nlistener 2 ::1\n")
        ).listeners
        #expect(newer.map(\.allowsAnonymous) == [true, false])
    }

    @Test("the default listener opens beside others when it has options")
    func defaultListener() throws {
        let both = try load(run("port 1890\nlistener 1891 127.0.0.1\n")).listeners
        #expect(both.map(\.port) == [1890, 1891])
        // Security options before the first listener do not open it.
        let one = try load(
            run("per_listener_settings true\nallow_anonymous true\nlistener 1891 ::1\n")
        )
        #expect(one.listeners.map(\.port) == [1891])
        #expect(!one.listeners[0].allowsAnonymous)
    }

    @Test("limits are carried over, and no limit becomes our highest with a warning")
    func limits() throws {
        let result = run(
            """
            max_inflight_messages 30
            max_queued_messages 0
            max_queued_bytes 5000
            max_packet_size 0
            max_keepalive 600
            global_max_connections 5000
            persistent_client_expiration 2w
            retain_available false
            sys_interval 60
            log_type error
            log_type warning
            """
        )
        let found = try load(result)
        #expect(found.limits.receiveMaximum == 30)
        #expect(found.limits.inFlightMaximum == 30)
        #expect(found.limits.queuedMessages == 100_000_000)
        #expect(found.limits.queuedBytes == 5000)
        #expect(found.limits.packetBytes == 268_435_460)
        #expect(found.limits.keepAliveSecondsMax == 600)
        #expect(found.limits.connections == 5000)
        #expect(found.limits.sessionExpirySecondsMax == 1_209_600)
        #expect(found.limits.retainedMessages == 0)
        #expect(found.sys.intervalSeconds == 60)
        #expect(found.log.level == .warning)
        #expect(result.notes.count == 3)
        let raised = result.notes.count { $0.message.hasPrefix("no limit becomes our highest") }
        #expect(raised == 2)
        #expect(!result.decidesAccess)
    }

    @Test(
        "what is lost without deciding who may connect is only noted",
        arguments: [
            "persistence true", "persistence_location /x/", "autosave_interval 5",
            "log_dest file /x", "log_timestamp true", "pid_file /x", "user mosquitto",
            "connection b\naddress x\ntopic # both 0\nremote_username u\nbridge_cafile /x",
            "listener 9001 ::1\nprotocol websockets", "listener 0 /run/m.sock",
            "queue_qos0_messages true", "memory_limit 5", "websockets_log_level 1",
            "global_max_clients 5",
        ]
    )
    func harmless(_ text: String) throws {
        let result = run("listener 1 ::1\n" + text + "\n")
        #expect(result.notes.count == 1)
        #expect(result.notes.first?.line == 2 || result.notes.first?.line == 3)
        #expect(!result.decidesAccess)
        #expect(try load(result).listeners.map(\.port) == [1])
    }

    @Test(
        "what decides who may connect says so, with its line",
        arguments: [
            "plugin /x.so", "auth_plugin /x.so", "auth_opt_x y", "plugin_opt_x y",
            "psk_file /x", "global_plugin /x", "nonsense 1", "allow_anonymous",
            "allow_anonymous yes", "allow_zero_length_clientid false",
            "include_dir /nowhere",
        ]
    )
    func decisive(_ text: String) throws {
        let result = run("listener 1 ::1\n" + text + "\n")
        #expect(decisive(result).first == 2)
        #expect(try load(result).listeners.map(\.port) == [1])
    }

    @Test(
        "a listener that cannot be said in our words is left out or closed",
        arguments: [
            ("listener 2\nprotocol strange", [1]), ("listener x", [1]),
            ("listener 2\npsk_hint h", [1]), ("listener 2\ncertfile /c", [1]),
            ("listener 2\ncertfile /c\nkeyfile /k\nrequire_certificate true", [1]),
            ("listener 2\ncertfile /c\nkeyfile /k\ntls_keyform engine", [1]),
            ("listener 2\nenable_proxy_protocol 2", [1]),
            ("listener 2 broker.example", [1, 2]), ("listener 2\nbind_interface eth0", [1, 2]),
        ] as [(String, [Int])]
    )
    func closed(_ text: String, _ ports: [Int]) throws {
        let result = run("listener 1 ::1\n" + text + "\n")
        #expect(result.decidesAccess)
        let found = try load(result).listeners
        #expect(found.map(\.port) == ports)
        #expect(found.allSatisfy { $0.addresses.allSatisfy(NetworkAddress.isLoopback) })
    }

    @Test("a result without any listener decides who may connect")
    func nothingLeft() {
        let result = run("listener 9001\nprotocol websockets\n")
        #expect(result.decidesAccess)
    }

    @Test("a result our own check refuses never looks like a success")
    func refused() {
        let result = run("listener 1 ::1\nmount_point a/#\n")
        #expect(result.decidesAccess)
        #expect(result.notes.contains { $0.message.contains("mount-point") })
    }

    @Test("included files are read in the order of their bytes")
    func includes() throws {
        let result = run(
            "include_dir /d\n",
            files: ["/d/Z.conf": "listener 1 ::1\n", "/d/a.conf": "listener 2 ::1\n"],
            folders: ["/d": ["a.conf", "x.txt", "Z.conf"]]
        )
        #expect(try load(result).listeners.map(\.port) == [1, 2])
        #expect(result.notes.isEmpty)
        let missing = run("include_dir /d/\n", folders: ["/d/": ["a.conf"]])
        #expect(missing.decidesAccess)
        let nested = run(
            "include_dir /d\n",
            files: ["/d/a.conf": "include_dir /d\n"],
            folders: ["/d": ["a.conf"]]
        )
        #expect(nested.decidesAccess)
        #expect(nested.notes.first?.file == "/d/a.conf")
    }

    @Test("password and ACL files are looked at before they are needed")
    func accessFiles() {
        let text = "listener 1 ::1\npassword_file /p\nacl_file /a\nlistener 2 ::1\n"
        let result = run(
            text,
            files: ["/p": "a:plain\n", "/a": "topic a\npattern read x%u\n"]
        )
        #expect(result.notes.map(\.text).sorted().map { $0.prefix(5) } == ["/a:2:", "/p:1:"])
        #expect(result.decidesAccess)
        let unread = run(text)
        #expect(unread.notes.count == 2)
        #expect(!unread.decidesAccess)
    }

    @Test("text cannot break out of its line")
    func quoting() throws {
        let result = run("listener 1 ::1\npassword_file /p\"\\ x\n")
        #expect(try load(result).listeners[0].passwordFile == "/p\"\\ x")
    }

    @Test("damaged files end in a result")
    func damage() {
        let bytes = Array("listener 1 ::1\ncertfile /c\nkeyfile /k\nmax_qos 1\n".utf8)
        for index in bytes.indices {
            for bit in 0..<7 {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                let result = run(String(decoding: damaged, as: UTF8.self))
                let isLoaded = (try? load(result)) != nil
                #expect(isLoaded || result.decidesAccess)
            }
        }
    }
}
