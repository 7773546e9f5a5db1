// SPDX-License-Identifier: Apache-2.0
// `sealwire bench`: measures a broker from outside and prints what it found. How it is measured
// is SealClient's.

internal import Glibc
internal import SealClient
internal import SealPKI

/// The command `bench`.
enum BenchCommand {
    static let command = Command(
        name: "bench",
        summary: "measures a broker: messages, connections, memory, latency",
        run: { run($0) },
        help: { usage + "\n" }
    )

    /// Runs with the words after `bench`; answers the exit status.
    static func run(_ words: [String]) -> Int32 {
        if words.isEmpty || words.contains("--help") {
            print(usage)
            return words.isEmpty ? 64 : 0
        }
        do {
            let flags = try BenchFlags(words)
            let result = try Bench.measure(flags.settings)
            if let file = flags.samplesFile {
                try Files.write(samples(result), to: file, mode: 0o644)
            }
            let report = BenchReport(settings: flags.settings, result: result)
            switch flags.output {
            case .text: print(report.text)
            case .json: print(report.json)
            case .csv: print(report.csv)
            }
            if let failure = result.firstFailure { complain(failure) }
            return result.isClean ? 0 : 1
        } catch let error as BenchUsageError {
            complain(error.reason)
            return 64
        } catch {
            complain("\(error)")
            return 1
        }
    }

    /// A line for each delivery: when its message was due and how long it took, in microseconds.
    private static func samples(_ result: BenchResult) -> [UInt8] {
        var lines = Array("due_us,latency_us\n".utf8)
        for one in result.samples {
            lines += Array("\(one.due / 1000),\(one.nanoseconds / 1000)\n".utf8)
        }
        return lines
    }

    private static func complain(_ sentence: String) {
        let line = Array("sealwire bench: \(sentence)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }

    static let usage = """
        sealwire bench ROW [flags]: measures a broker; the figures compare within one run only

        rows
          pairs     each publisher has a subscriber of its own
          fanin     --clients publishers, --others subscribers that get everything
          fanout    --others publishers, --clients subscribers that each get everything
          connect   connections made and ended, --parallel at once
          idle      --clients connections that do nothing: memory for each

        load
          --clients N (50)  --others N (1)  --qos 0|1|2  --size BYTES (64)
          --window N (64)   messages of a publisher that some subscriber has not got
          --inflight N (64) messages of a publisher not acknowledged, QoS 1 and 2
          --rate N          messages a second by all publishers together; latencies then count
                            from the moment a message was due
          --seconds N (5)   --warmup N (1)
          --parallel N (16) connections being made at once
          --sources N       come from N addresses of the loopback network
          --subscribe       idle connections subscribe
          --retry           refused connections are tried again
          --bursts N        N windows of each publisher, in step with the server, which is
                            halted in between: the same work in every run
          --topic-prefix TEXT (bench)

        connection
          --host, -h  --port, -p  --protocol 3.1.1|5  --username, -u  --password, -P
          --tls  --cafile FILE  --capath FOLDER  --tls-use-os-certs  --tls-version 1.2|1.3
          --insecure  the server's name is not checked    --no-check  nothing is checked
          --cert FILE --key FILE
          --keystore FILE  --keystore-alias NAME  --keystore-password-file FILE
          --key-password-file FILE  --truststore FILE  --truststore-password-file FILE
          --identities FOLDER  clients take the NAME.crt and NAME.key in it in turn
          --identity-ids       and NAME as client id
          --issuer-cert FILE --issuer-key FILE --identity-count N (1000)
                               devices that are missing in the folder are made
          --identity-prefix TEXT (device-)  how their names begin, before a number

        output
          --server-pid PID  processor time and memory of the server, on this machine
          --json  --csv
          --samples FILE    each delivery: when its message was due, on the system's monotonic
                            clock, and how long it took, in microseconds (4,000,000 at most)
        """
}
