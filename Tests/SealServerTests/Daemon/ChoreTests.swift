// SPDX-License-Identifier: Apache-2.0
// What the caretaker does, piece by piece: system topics, changed files, arguments.

import Foundation
import SealTelemetry
import Testing

@testable import SealServer
@testable import Stage

@Suite("Chores") struct ChoreTests {
    private func sample(_ seconds: Int, messages: UInt64 = 0) -> SystemTopics.Sample {
        var counters = ShardCounters()
        counters.messagesReceived.add(qos: 0, messages)
        counters.payloadBytesReceived = 7
        counters.payloadBytesDelivered = 9
        counters.socketsAccepted = 2
        return SystemTopics.Sample(
            uptimeSeconds: seconds,
            counters: counters,
            residentBytes: 1000
        )
    }

    @Test("only system topics that changed are published again")
    func changedTopics() {
        var topics = SystemTopics()
        let first = topics.changes(sample(0))
        #expect(first.contains { $0 == ("$SYS/broker/uptime", "0 seconds") })
        #expect(first.contains { $0.topic == "$SYS/broker/retained messages/count" })
        let texts = Dictionary(first.map { ($0.topic, $0.payload) }) { $1 }
        #expect(texts["$SYS/broker/publish/bytes/received"] == "7")
        #expect(texts["$SYS/broker/publish/bytes/sent"] == "9")
        #expect(texts["$SYS/broker/connections/socket/count"] == "2")
        _ = topics.changes(sample(10))
        let third = topics.changes(sample(20))
        #expect(third.map(\.topic) == ["$SYS/broker/uptime"])
    }

    @Test("averages are events a minute: at once in one, slowly in fifteen")
    func averages() {
        var topics = SystemTopics()
        _ = topics.changes(sample(0))
        let changes = topics.changes(sample(60, messages: 600))
        func load(_ period: String) -> String? {
            changes.first { $0.topic == "$SYS/broker/load/messages/received/\(period)" }?.payload
        }
        // 600 in the last minute: 1 - 1/e of it, 1 - e^(-1/5), 1 - e^(-1/15).
        #expect(load("1min") == "379.27")
        #expect(load("5min") == "108.76")
        #expect(load("15min") == "38.70")
    }

    @Test(
        "numbers are written with two digits behind the point",
        arguments: [
            (0, "0.00"), (1.005, "1.00"), (1.25, "1.25"), (-2.5, "-2.50"), (12.999, "13.00"),
        ]
            as [(Double, String)]
    )
    func decimals(number: Double, text: String) {
        #expect(SystemTopics.decimal(number) == text)
    }

    @Test("a file that changed counts once it stays as it is, and once")
    func changedFiles() throws {
        let folder = try TestFolder()
        let path = "\(folder.path)/file"
        var files = WatchedFiles([path, "\(folder.path)/none"])
        var changes = [files.hasSettledChange()]
        try folder.write("file", "one")
        changes.append(files.hasSettledChange())
        try folder.write("file", "two")
        for _ in 0..<3 { changes.append(files.hasSettledChange()) }
        #expect(changes == [false, false, false, true, false])
    }

    @Test("a file added to a folder of authorities is a change")
    func changedFolder() throws {
        let folder = try TestFolder()
        var files = WatchedFiles([folder.path])
        try folder.write("other.pem", "x")
        let changes = [files.hasSettledChange(), files.hasSettledChange()]
        #expect(changes == [false, true])
    }

    @Test("flags take their value either way; words may follow --")
    func arguments() throws {
        let simple = try Arguments(["--a=1", "x", "--", "-y"], command: "t", values: ["--a"])
        #expect(simple.values == ["--a": "1"])
        #expect(simple.words == ["x", "-y"])
        #expect(throws: UsageError.self) {
            try Arguments(["--a"], command: "t", values: ["--a"])
        }
        #expect(throws: UsageError.self) {
            try Arguments(["--a", "1", "--a", "2"], command: "t", values: ["--a"])
        }
        #expect(throws: UsageError.self) { try Arguments(["--b"], command: "t") }
    }

    @Test("a log nobody reads makes nobody wait; what was lost is counted once it is read")
    func slowLog() throws {
        let pipe = Pipe()
        let writer = LogWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor) {
            Array("lost \($0)\n".utf8)
        }
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 1023) + [10]
        // One pipe and two whole rounds of waiting lines at most, so that some must be lost.
        let count = 3 * LogWriter.waitingBytesMax / line.count
        for _ in 0..<count { writer.put(line) }
        // The end of the log is seen when everything was written.
        Thread.detachNewThread {
            writer.flush(milliseconds: 60_000)
            try? pipe.fileHandleForWriting.close()
        }
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let lines = text.split(separator: "\n")
        let notes = lines.filter { $0.hasPrefix("lost ") }
        let lost = notes.compactMap { Int($0.dropFirst(5)) }.reduce(0, +)
        #expect(lost > 0)
        #expect(lines.count - notes.count + lost == count)
    }

    @Test("what the process uses is read from the kernel")
    func processFacts() {
        let facts = ProcessFacts.read()
        #expect(facts.residentBytes > 1 << 20)
        #expect(facts.openFileDescriptors > 2)
        let now = SystemClock.now.microseconds
        #expect(facts.start.microseconds < now)
        #expect(facts.start.microseconds > now - 86_400_000_000)
    }
}
