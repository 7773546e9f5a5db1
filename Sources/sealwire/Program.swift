// SPDX-License-Identifier: Apache-2.0
// The command line's first word, and the exit status.

internal import Glibc

@main
struct Program {
    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        if words.first == "bench" { exit(BenchCommand.run(Array(words.dropFirst()))) }
        exit(64)
    }
}
