// SPDX-License-Identifier: Apache-2.0
// Programs run by tests: started, listened to line by line with a bound on the wait, and ended
// by their own process id.

import Foundation
import Glibc
import Testing

/// A running program.
final class Program {
    let process = Process()
    private let output: LineReader
    private let errors: LineReader

    /// The built `sealwired`.
    static var daemon: String { built("sealwired") }

    /// A built program, beside the test bundle.
    static func built(_ name: String) -> String {
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        for _ in 0..<4 {
            let candidate = folder.appendingPathComponent(name).path
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
            folder.deleteLastPathComponent()
        }
        return URL(fileURLWithPath: #filePath).pathComponents.dropLast(3).joined(separator: "/")
            .replacingOccurrences(of: "//", with: "/") + "/.build/debug/\(name)"
    }

    init(_ path: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        let out = Pipe()
        let err = Pipe()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        var whole = ProcessInfo.processInfo.environment
        for (name, value) in environment { whole[name] = value }
        process.environment = whole
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = out
        process.standardError = err
        output = LineReader(out)
        errors = LineReader(err)
        try process.run()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// Starts the daemon and waits for its `ready` line.
    static func serve(
        _ file: String,
        environment: [String: String] = [:]
    ) throws -> (program: Program, ports: [String: Int]) {
        let program = try Program(daemon, ["run", "--config", file], environment: environment)
        let line = try program.line { $0.hasPrefix("ready") }
        return (program, ports(line))
    }

    /// The ports of a `ready` line, by listener.
    static func ports(_ line: String) -> [String: Int] {
        var ports: [String: Int] = [:]
        for word in line.split(separator: " ").dropFirst() {
            guard let name = word.split(separator: "=").first,
                let port = word.split(separator: ":").last.flatMap({ Int($0) })
            else { continue }
            ports[String(name)] = port
        }
        return ports
    }

    /// The next line of standard output that suits.
    func line(seconds: Double = 20, where suits: (String) -> Bool = { _ in true }) throws -> String
    {
        try output.next(seconds, suits)
    }

    /// The next line of standard error that suits.
    func errorLine(seconds: Double = 20, where suits: (String) -> Bool) throws -> String {
        try errors.next(seconds, suits)
    }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Waits for the end; gives the exit code and what was written and not read yet.
    func finish() -> (code: Int32, output: String, errors: String) {
        let out = output.rest()
        let err = errors.rest()
        process.waitUntilExit()
        return (process.terminationStatus, out, err)
    }

    /// Runs a program to its end.
    static func run(
        _ path: String,
        _ arguments: [String],
        environment: [String: String] = [:]
    ) throws -> (code: Int32, output: String, errors: String) {
        try Program(path, arguments, environment: environment).finish()
    }
}

/// Lines out of a pipe.
private final class LineReader {
    struct Nothing: Error, CustomStringConvertible {
        var description: String
    }

    private let pipe: Pipe
    private var bytes: [UInt8] = []

    init(_ pipe: Pipe) { self.pipe = pipe }

    func next(_ seconds: Double, _ suits: (String) -> Bool) throws -> String {
        let end = Date().addingTimeInterval(seconds)
        var passed: [String] = []
        while true {
            while let place = bytes.firstIndex(of: 10) {
                let line = String(decoding: bytes[..<place], as: UTF8.self)
                bytes.removeFirst(place + 1)
                if suits(line) { return line }
                passed.append(line)
            }
            let left = end.timeIntervalSinceNow
            guard left > 0, fill(Int32(left * 1000)) else {
                throw Nothing(description: "no such line came; there were \(passed)")
            }
        }
    }

    func rest() -> String {
        while fill(60_000) {}
        defer { bytes = [] }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func fill(_ milliseconds: Int32) -> Bool {
        var wait = pollfd(
            fd: pipe.fileHandleForReading.fileDescriptor,
            events: Int16(POLLIN),
            revents: 0
        )
        guard poll(&wait, 1, milliseconds) > 0 else { return false }
        var part = [UInt8](repeating: 0, count: 65_536)
        let count = read(wait.fd, &part, part.count)
        guard count > 0 else { return false }
        bytes.append(contentsOf: part[..<count])
        return true
    }
}
