// SPDX-License-Identifier: Apache-2.0
// A daemon with a registry and its REST API, as `sealwired init` makes one, for the program.

import Foundation
import SealPKI
import SealTelemetry

@testable import SealServer

/// A daemon as a first installation is, on free ports.
final class LiveServer: Sendable {
    let folder: String
    let passwords: [String: String]
    private let daemon: Daemon

    /// The certificates of devices that are made beside the daemon's.
    static let devices = ["sensor-1", "sensor-2"]

    init() throws {
        folder = NSTemporaryDirectory() + "seal-live-\(UUID().uuidString)"
        var starter = StarterFolder(path: folder)
        starter.devices = Self.devices
        try starter.prepare()
        var settings = RegistrySettings()
        settings.folder = starter.registryFolder
        passwords = try Self.prepare(settings, starter)
        var configuration = StarterConfiguration(heading: "A test.")
        configuration.bind = ["127.0.0.1"]
        configuration.port = 0
        configuration.apiPort = 0
        try starter.writeConfiguration(configuration)
        var loaded = try Configuration.load(
            try Files.read(starter.configurationFile),
            file: starter.configurationFile,
            environment: [:]
        ).configuration
        loaded.metrics.isEnabled = false
        loaded.shards.count = 1
        daemon = try Daemon(loaded, logger: .silent())
    }

    /// A registry with its first operators; it is closed again before the daemon opens it.
    private static func prepare(
        _ settings: RegistrySettings,
        _ starter: StarterFolder
    ) throws -> [String: String] {
        let pool = LoginPool(named: "live", threads: 1)
        defer { pool.stop() }
        let service = try IdentityService.open(
            settings,
            quick: pool,
            slow: pool,
            logger: .silent(),
            counters: DaemonCounters()
        )
        let secrets = try service?.prepare(
            FirstRun(tenant: "t1"),
            trusting: try starter.authorityCertificate(),
            enrols: false
        )
        let all = (secrets?.passwords ?? []).map { ($0.user, $0.password) }
        return Dictionary(uniqueKeysWithValues: all)
    }

    deinit {
        daemon.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    var url: String { "https://127.0.0.1:\(daemon.apiPorts.first?.port ?? 0)" }

    var port: UInt16 { daemon.ports.first?.port ?? 0 }

    /// Runs the program; {folder} and {port} stand for this daemon's.
    func run(
        _ line: String,
        input: String = "",
        environment: [String: String] = [:]
    ) throws -> Outcome {
        let words = ["folder": folder, "port": String(port), "url": url]
        return try Shell.run(
            Paths.program,
            Shell.split(line).map { Shell.fill($0, words) },
            input: input,
            environment: ["HOME": folder + "/home"].merging(environment) { $1 }
        )
    }

    /// Runs the program beside the test, on a thread of its own: those of tests may all be busy.
    func start(_ line: String) -> Beside {
        let beside = Beside()
        Thread.detachNewThread { [self] in
            let outcome = Result { try run(line) }
            beside.end(outcome)
        }
        return beside
    }

    /// Logs in as an operator; the context has the name of the tenant.
    func login(_ user: String) throws -> Outcome {
        let tenant = user.split(separator: "/").first ?? ""
        return try run(
            "login {url} --cafile {folder}/ca.crt --user \(user) --name \(tenant) "
                + "--password-env SECRET",
            environment: ["SECRET": passwords[user] ?? ""]
        )
    }
}

/// A program that runs beside a test.
final class Beside: @unchecked Sendable {
    private let done = DispatchSemaphore(value: 0)
    private var result: Result<Outcome, any Error>?

    func end(_ result: Result<Outcome, any Error>) {
        self.result = result
        done.signal()
    }

    /// Waits for its end.
    func outcome() throws -> Outcome {
        done.wait()
        guard let result else { throw CancellationError() }
        return try result.get()
    }
}
