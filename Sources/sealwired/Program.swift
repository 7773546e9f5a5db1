// SPDX-License-Identifier: Apache-2.0
// The daemon's command line: which word does what, exit codes and printing, nothing else.

internal import Glibc
internal import SealServer

@main
struct Program {
    static func main() {
        exit(DaemonCommand.run(Array(CommandLine.arguments.dropFirst())))
    }
}
