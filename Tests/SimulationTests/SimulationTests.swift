// SPDX-License-Identifier: Apache-2.0
// The simulation for some seconds, the planted bugs that it must find, and the proof that a seed
// tells the same story again. Documentation/testing.md says how to replay one.

import Foundation
import SealTesting
import Testing

/// What the environment asks for.
private enum Wish {
    static let values = ProcessInfo.processInfo.environment
    /// One seed, told again with its last events.
    static let seed = values["SEALWIRE_SIMULATE_SEED"].flatMap { UInt64($0) }
    /// How long to go on with new seeds.
    static let seconds = values["SEALWIRE_SIMULATE_SECONDS"].flatMap { Double($0) } ?? 10
    /// Where new seeds begin.
    static let first = values["SEALWIRE_SIMULATE_FROM"].flatMap { UInt64($0) } ?? 0
}

@Suite("Simulation", .serialized)
struct SimulationTests {
    private func run(_ seed: UInt64, _ sabotage: Sabotage? = nil) -> SimulationResult {
        Simulation(SimulationPlan(seed: seed, sabotage: sabotage)).run()
    }

    @Test("no seed finds a broken promise")
    func promises() {
        let end = Date().addingTimeInterval(Wish.seconds)
        var seed = Wish.seed ?? Wish.first
        var seen = (worlds: 0, owed: 0, received: 0, wills: 0)
        repeat {
            let result = run(seed)
            if let fault = result.fault {
                if Wish.seed != nil { for line in result.lastEvents { print(line) } }
                Issue.record("\(fault)\nreplay: make simulate SEED=\(seed)")
            }
            if Wish.seed != nil {
                print("trace \(String(result.traceHash, radix: 16))")
                return
            }
            seen.worlds += 1
            seen.owed += result.owed
            seen.received += result.received
            seen.wills += result.wills
            seed += 1
        } while Date() < end && (seen.worlds < 20_000 || Wish.first > 0)
        print("\(seen.worlds) worlds: \(seen.received) messages received, \(seen.owed) owed,")
        print("\(seen.wills) wills")
        // A ledger that owes nothing would find nothing.
        #expect(seen.owed > 100 * seen.worlds / 2)
        #expect(seen.wills > seen.worlds)
    }

    @Test("a planted bug is found", arguments: Sabotage.allCases)
    func planted(_ sabotage: Sabotage) {
        var found = 0
        for seed: UInt64 in 0..<30 where found < 2 {
            if run(seed, sabotage).fault != nil, run(seed).fault == nil { found += 1 }
        }
        #expect(found == 2, "\(sabotage) went unnoticed")
    }

    @Test("a seed tells the same story in another process")
    func replay() throws {
        guard Wish.seed == nil else { return }
        let first = try traceInAnotherProcess(11)
        let second = try traceInAnotherProcess(11)
        #expect(first == second)
        #expect(first.hasPrefix("trace "))
        #expect(try traceInAnotherProcess(12) != first)
    }

    private func traceInAnotherProcess(_ seed: UInt64) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        var arguments = Array(CommandLine.arguments.dropFirst())
        for name in ["--filter", "--skip"] {
            while let place = arguments.firstIndex(of: name) {
                arguments.removeSubrange(place..<min(place + 2, arguments.count))
            }
        }
        process.arguments = arguments + ["--filter", "SimulationTests.promises"]
        var environment = Wish.values
        environment["SEALWIRE_SIMULATE_SEED"] = String(seed)
        // Swift's tables have another order in each process, unless this is set.
        environment["SWIFT_DETERMINISTIC_HASHING"] = "1"
        process.environment = environment
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
        return lines.first { $0.hasPrefix("trace ") }.map(String.init) ?? ""
    }
}
