// SPDX-License-Identifier: Apache-2.0
// The registry under load: `fill` makes many devices in one change, for whoever wants to kill it
// meanwhile; `measure` compares the look-ups of a login in a small registry and in a large one.

import Glibc

/// Prints a line at once, also into a pipe.
func say(_ text: String) {
    var line = Array((text + "\n").utf8)
    _ = write(1, &line, line.count)
}

let words = CommandLine.arguments.dropFirst()
do {
    switch (words.first, words.dropFirst().first, words.dropFirst(2).first.flatMap { Int($0) }) {
    case ("fill", let path?, let count?):
        try Fill.crowd(path, count)
    case ("measure", let folder?, let count):
        if try !Measurement(folder: folder, devices: count ?? 1_000_000).run() {
            say("registry-bench: a bound is not held")
            exit(1)
        }
    default:
        say("usage: registry-bench fill PATH COUNT | measure FOLDER [DEVICES]")
        exit(64)
    }
} catch {
    say("registry-bench: error: \(error)")
    exit(70)
}
