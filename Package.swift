// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// Settings every Swift target of the house shares.
let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
    // Dynamic exclusivity checks cost 40 % of the instructions of a delivery. Debug builds and
    // tests keep them, and the static check always stays.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

func room(_ name: String, _ needs: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: needs, swiftSettings: house)
}

func program(_ name: String, _ needs: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: needs, swiftSettings: house)
}

func tests(_ name: String, _ needs: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: needs, swiftSettings: house)
}

let package = Package(
    name: "sealwire",
    products: [
        .executable(name: "sealwired", targets: ["sealwired"]),
        .executable(name: "sealwire", targets: ["sealwire"]),
        .library(name: "SealClient", targets: ["SealClient"]),
        .library(name: "SealPKI", targets: ["SealPKI"]),
    ],
    targets: [
        // C behind its doors.
        .systemLibrary(
            name: "COpenSSL",
            pkgConfig: "libssl libcrypto",
            providers: [.apt(["libssl-dev"])]
        ),
        .systemLibrary(
            name: "CArgon2",
            pkgConfig: "libargon2",
            providers: [.apt(["libargon2-dev"])]
        ),
        .systemLibrary(
            name: "CSQLite",
            pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"])]
        ),
        .target(name: "CSys", cSettings: [.define("_GNU_SOURCE")]),

        // Ground floor.
        room("SealBytes"),
        room("SealTelemetry", ["SealBytes"]),

        // Protocols.
        room("SealMQTT", ["SealBytes"]),
        room("SealHTTP", ["SealBytes"]),

        // The domain, and the doors to the outside.
        room("SealBroker", ["SealBytes", "SealTelemetry", "SealMQTT"]),
        room("SealPKI", ["COpenSSL", "CArgon2", "CSys", "SealBytes"]),
        room("SealNet", ["COpenSSL", "CSys", "SealBytes", "SealPKI", "SealTelemetry"]),
        room("SealStore", ["CSQLite", "SealBytes", "SealTelemetry", "SealBroker"]),

        // The administration: request in, response out.
        room(
            "SealAdmin",
            ["SealBytes", "SealTelemetry", "SealHTTP", "SealBroker", "SealPKI"]
        ),

        // Products of their own.
        room("SealClient", ["SealBytes", "SealMQTT", "SealHTTP", "SealPKI", "SealNet"]),

        // The roof.
        room(
            "SealServer",
            [
                "SealBytes", "SealTelemetry", "SealMQTT", "SealHTTP", "SealBroker", "SealPKI",
                "SealNet", "SealStore", "SealAdmin", "CSys",
            ]
        ),

        // The workshop.
        room("SealTesting", ["SealBytes", "SealMQTT", "SealBroker", "SealPKI"]),

        // It measures the registry, and is killed while it fills one.
        .executableTarget(
            name: "registry-bench",
            dependencies: ["SealStore", "SealBroker", "SealBytes"],
            path: "Benchmarks/registry",
            swiftSettings: house
        ),

        program("sealwired", ["SealServer", "SealTelemetry"]),
        program("sealwire", ["SealClient", "SealPKI", "SealMQTT", "SealHTTP", "SealBytes"]),

        // Where tests play: stories on the wire, logins over a registry, a desk for the API.
        .target(
            name: "Stage",
            dependencies: [
                "SealTesting", "SealAdmin", "SealBroker", "SealBytes", "SealHTTP", "SealMQTT",
                "SealNet", "SealPKI", "SealServer", "SealStore", "SealTelemetry",
            ],
            path: "Tests/Stage",
            swiftSettings: house
        ),

        tests("SealBytesTests", ["SealBytes"]),
        tests("SealTelemetryTests", ["SealTelemetry"]),
        tests("SealHTTPTests", ["SealHTTP"]),
        tests("SealMQTTTests", ["SealMQTT", "SealBytes"]),
        tests("SealBrokerTests", ["SealBroker", "SealMQTT", "SealBytes", "SealTelemetry"]),
        tests(
            "SealAdminTests",
            [
                "Stage", "SealAdmin", "SealStore", "SealBroker", "SealPKI", "SealHTTP", "SealBytes",
                "SealTelemetry",
            ]
        ),
        tests(
            "SealServerTests",
            [
                "Stage", "SealStore", "SealServer", "SealAdmin", "SealBroker", "SealPKI", "SealNet",
                "SealTelemetry", "SealHTTP", "SealBytes",
            ]
        ),
        tests("SealPKITests", ["SealPKI", "SealBytes", "COpenSSL", "CSys"]),
        .testTarget(
            name: "SealStoreTests",
            dependencies: [
                "SealStore", "SealBroker", "SealBytes", "SealTelemetry", "registry-bench",
            ],
            exclude: ["Dumps"],
            swiftSettings: house
        ),
        tests(
            "LoginTests",
            [
                "Stage", "SealAdmin", "SealBroker", "SealServer", "SealStore", "SealPKI",
                "SealMQTT", "SealBytes",
            ]
        ),
        tests("SealNetTests", ["SealNet", "SealPKI", "SealBytes"]),
        tests(
            "SealClientTests",
            [
                "SealClient", "SealMQTT", "SealNet", "SealPKI", "SealServer", "SealTelemetry",
                "SealHTTP", "SealBytes",
            ]
        ),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "sealwire", "SealPKI", "SealServer", "SealTelemetry", "SealHTTP", "SealNet",
                "SealBytes",
            ],
            exclude: ["Scripts", "Java"],
            swiftSettings: house
        ),
        tests(
            "WireTests",
            [
                "Stage", "SealTesting", "SealBroker", "SealBytes", "SealServer", "SealNet",
                "SealPKI", "SealTelemetry",
            ]
        ),
        .testTarget(
            name: "SecurityTests",
            dependencies: [
                "Stage", "SealTesting", "SealAdmin", "SealBroker", "SealBytes", "SealHTTP",
                "SealMQTT", "SealNet", "SealPKI", "SealServer", "SealStore", "SealTelemetry",
                "COpenSSL", "CSys",
            ],
            path: "Tests/Security",
            swiftSettings: house
        ),
        tests("SimulationTests", ["SealTesting"]),
        tests("ArchitectureTests", []),
    ],
    cLanguageStandard: .gnu11
)
