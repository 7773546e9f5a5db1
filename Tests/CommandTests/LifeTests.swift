// SPDX-License-Identifier: Apache-2.0
// What a story cannot tell: signals, closed pipes, option files, help.

import Foundation
import Testing

@Suite("The life of a command")
struct LifeTests {
    private let broker: Broker
    private let topic = "y" + UUID().uuidString.prefix(8)

    init() throws { broker = try Broker.shared.get() }

    private var place: String { "-h 127.0.0.1 -p \(broker.port("port"))" }

    private func shell(_ script: String) throws -> Outcome {
        // Whoever waits in vain gives up before the test is killed.
        try Shell.run("/bin/sh", ["-c", script])
    }

    @Test("SIGINT ends sub in order: its will is not published, its code is 0")
    func interrupt() throws {
        let outcome = try shell(
            """
            S='\(Paths.program)'
            $S sub \(place) -t \(topic)/will -c -i will-\(topic) -q 1 -E
            $S sub \(place) -t \(topic)/x --will-topic \(topic)/will --will-payload w --will-qos 1 \
                -d > \(broker.folder)/\(topic).log &
            until grep -q SUBACK \(broker.folder)/\(topic).log; do sleep 0.05; done
            kill -INT $!
            wait $!
            echo "code $?"
            $S sub \(place) -t \(topic)/will -c -i will-\(topic) -q 1 -W 1
            echo "code $?"
            """
        )
        #expect(outcome.output == "code 0\ncode 27\n")
    }

    @Test("a closed pipe ends sub without a word")
    func closedPipe() throws {
        let outcome = try shell(
            """
            S='\(Paths.program)'
            for n in 1 2 3 4 5; do $S pub \(place) -t \(topic)/$n -m $n -r; done
            F=\(broker.folder)/\(topic).code
            { $S sub \(place) -t '\(topic)/+'; echo "code $?" > $F; } | head -n 1 > /dev/null &
            until [ -s $F ]; do $S pub \(place) -t \(topic)/1 -m again; sleep 0.05; done
            cat $F
            """
        )
        #expect(outcome.errors.isEmpty)
        #expect(outcome.output == "code 0\n")
    }

    @Test("output is there as soon as the message is")
    func flushing() throws {
        let outcome = try shell(
            """
            S='\(Paths.program)'
            $S pub \(place) -t \(topic) -m now -r
            $S sub \(place) -t \(topic) > \(broker.folder)/\(topic).out &
            until grep -q now \(broker.folder)/\(topic).out; do sleep 0.05; done
            kill $!
            wait $!
            echo "code $?"
            """
        )
        #expect(outcome.output == "code 0\n")
    }

    @Test("bench writes down each delivery when it is asked to")
    func benchSamples() throws {
        let outcome = try shell(
            """
            F=\(broker.folder)/\(topic).csv
            '\(Paths.program)' bench pairs \(place) --clients 2 --qos 1 --rate 100 --seconds 1 \
                --warmup 0 --samples $F > /dev/null
            echo "code $?"
            head -n 1 $F
            awk -F, 'NR > 1 && $1 > 0 && $2 > 0 { n++ }
                END { print (NR - 1 == n), (n >= 95 && n <= 101) }' $F
            """
        )
        #expect(outcome.output == "code 0\ndue_us,latency_us\n1 1\n")
    }

    @Test("options are read from mosquitto's files, and the command line wins")
    func optionFile() throws {
        let folder = broker.folder + "/config-\(topic)"
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
        let lines = """
            # my broker
            -h 127.0.0.1
            -p \(broker.port("port"))
            -t \(topic)/file
            -m from the file
            -r

            """
        try lines.write(toFile: folder + "/mosquitto_pub", atomically: true, encoding: .utf8)
        let environment = ["XDG_CONFIG_HOME": folder]
        #expect(try Shell.run(Paths.program, ["pub"], environment: environment).exitCode == 0)
        let other = try Shell.run(
            Paths.program,
            ["pub", "-t", "\(topic)/line", "-m", "from the line"],
            environment: environment
        )
        #expect(other.exitCode == 0)
        let named = try Shell.run(
            Paths.program,
            ["pub", "-o", folder + "/mosquitto_pub", "-t", "\(topic)/named"]
        )
        #expect(named.exitCode == 0)
        let all = try Shell.run(
            Paths.program,
            ["sub", "-h", "127.0.0.1", "-p", broker.port("port"), "-t", "\(topic)/+", "-C", "3"]
                + ["-v"]
        )
        #expect(
            Set(all.output.split(separator: "\n").map(String.init)) == [
                "\(topic)/file from the file", "\(topic)/line from the line",
                "\(topic)/named from the file",
            ]
        )
    }

    @Test("help has examples and exit codes", arguments: ["pub", "sub", "rr"])
    func help(command: String) throws {
        let asked = try Shell.run(Paths.program, ["help", command])
        #expect(asked.exitCode == 0)
        for part in ["Usage: sealwire \(command)", "\nOPTIONS\n", "\nEXAMPLES\n", "\nEXIT CODES\n"]
        {
            #expect(asked.output.contains(part))
        }
        let long = asked.output.split(separator: "\n").filter { $0.count > 100 }
        #expect(long.isEmpty)
        // mosquitto's tools leave with 1 here.
        let flag = try Shell.run(Paths.program, [command, "--help"])
        #expect(flag.exitCode == 1)
        #expect(flag.output == asked.output)
    }

    @Test("every flag of mosquitto's tools is known", arguments: ["pub", "sub", "rr"])
    func flags(command: String) throws {
        guard Paths.hasMosquitto else { return }
        let theirs = try Shell.run("/usr/bin/mosquitto_\(command)", ["--help"]).output
        let names = theirs.split(separator: "\n").compactMap { line -> String? in
            guard line.hasPrefix(" -"), let end = line.range(of: " : ") else { return nil }
            return line[..<end.lowerBound].trimmingCharacters(in: .whitespaces)
        }
        #expect(names.count > 20)
        for name in names {
            let outcome = try Shell.run(Paths.program, [command, name])
            #expect(!outcome.errors.contains("unknown option"), "\(name)")
        }
    }
}
