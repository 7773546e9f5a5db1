// SPDX-License-Identifier: Apache-2.0
// The plan of the house: which module may import which. The compiler does not stop an undeclared
// import between our own targets, so this table does.

enum LayeringRule {
    /// Modules and what they may import of ours; ground floor first.
    static let rooms: [(name: String, needs: Set<String>)] = [
        ("CSys", []),
        ("COpenSSL", []),
        ("CArgon2", []),
        ("CSQLite", []),
        ("SealBytes", []),
        ("SealTelemetry", ["SealBytes"]),
        ("SealMQTT", ["SealBytes"]),
        ("SealHTTP", ["SealBytes"]),
        ("SealBroker", ["SealBytes", "SealTelemetry", "SealMQTT"]),
        ("SealPKI", ["COpenSSL", "CArgon2", "CSys", "SealBytes"]),
        ("SealNet", ["COpenSSL", "CSys", "SealBytes", "SealPKI", "SealTelemetry"]),
        ("SealStore", ["CSQLite", "SealBytes", "SealTelemetry", "SealBroker"]),
        ("SealAdmin", ["SealBytes", "SealTelemetry", "SealHTTP", "SealBroker", "SealPKI"]),
        ("SealClient", ["SealBytes", "SealMQTT", "SealHTTP", "SealPKI", "SealNet"]),
        (
            "SealServer",
            [
                "SealBytes", "SealTelemetry", "SealMQTT", "SealHTTP", "SealBroker", "SealPKI",
                "SealNet", "SealStore", "SealAdmin", "CSys",
            ]
        ),
        ("SealTesting", ["SealBytes", "SealMQTT", "SealBroker", "SealPKI"]),
        ("sealwired", ["SealServer", "SealTelemetry"]),
        ("sealwire", ["SealClient", "SealPKI", "SealMQTT", "SealHTTP", "SealBytes"]),
    ]

    /// Rooms that do no I/O, read no clock and roll no dice.
    static let pureRooms: Set<String> = [
        "SealBytes", "SealTelemetry", "SealMQTT", "SealHTTP", "SealBroker",
        "SealAdmin",
    ]

    /// What the toolchain brings.
    ///
    /// The C library at the doors only, locks and atomics where threads meet, Foundation nowhere.
    static func systemModules(of room: String) -> Set<String> {
        // SealBytes has the lock, so that threads may meet; itself it starts none.
        if room == "SealTelemetry" || room == "SealBytes" { return ["Synchronization"] }
        return pureRooms.contains(room) ? [] : ["Glibc", "Synchronization"]
    }

    static func check(_ file: SourceFile) -> [Finding] {
        guard let room = file.room else { return [] }
        guard let row = rooms.first(where: { $0.name == room }) else {
            return [
                Finding(
                    path: file.path,
                    line: 1,
                    advice: "\(room) is not in the plan; add a row to LayeringRule and to "
                        + "ARCHITECTURE.md"
                )
            ]
        }
        let allowed = row.needs.union(systemModules(of: room))
        return file.code.enumerated().compactMap { index, line in
            guard let module = imported(line), !allowed.contains(module) else { return nil }
            let hint = module == "Foundation" ? "use Glibc or write it" : "imports point down"
            return Finding(
                path: file.path,
                line: index + 1,
                advice: "\(room) may not import \(module): \(hint)"
            )
        }
    }

    /// The module of an import line, without the submodule.
    private static func imported(_ line: String) -> String? {
        let words = line.split(separator: " ")
        guard let position = words.firstIndex(of: "import"), words.count > position + 1,
            words[..<position].allSatisfy({ $0.hasPrefix("@") || levels.contains($0) })
        else { return nil }
        let kinds: Set<Substring> = ["struct", "class", "enum", "func", "var", "let", "protocol"]
        let name = kinds.contains(words[position + 1]) ? words.last : words[position + 1]
        return name?.split(separator: ".").first.map(String.init)
    }

    private static let levels: Set<Substring> = [
        "public", "package", "internal", "fileprivate", "private",
    ]
}
