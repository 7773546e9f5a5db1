// SPDX-License-Identifier: Apache-2.0
// `sealwire cert roots`: where the system keeps the authorities it trusts.

import Glibc
import SealBytes
import SealPKI

enum CertRoots {
    struct Options: Sendable {
        var showsAll = false
        var isJSON = false
    }

    static let verb = Verb<Options>(
        name: "cert roots",
        summary: "finds the system's file of trusted authorities",
        usage: "[OPTIONS]",
        text: """
            Prints the path of the file that clients use with --tls-use-os-certs. --all lists every
            place that is looked at, in order, and what is there. The variable \
            \(SystemRoots.variable) names another file.
            """,
        defaults: Options(),
        flags: FlagTable([
            .on("--all", help: "lists every place") { $0.showsAll = true },
            .on("--json", help: "one JSON object") { $0.isJSON = true },
        ]),
        words: .none,
        examples: ["sealwire cert roots", "sealwire cert inspect --table $(sealwire cert roots)"],
        run: run
    )

    @MainActor
    private static func run(_ options: Options, _ words: [String]) async throws -> Int32 {
        let found = SystemRoots.find()
        if options.isJSON {
            let places = SystemRoots.places.map { place in
                JSONValue.pairs([
                    ("path", .string(place.path)), ("systems", .string(place.origin)),
                    ("present", .bool(access(place.path, R_OK) == 0)),
                ])
            }
            Terminal.write(
                JSONValue.pairs([
                    ("path", .string(orNull: found?.path)), ("places", .array(places)),
                ]).line + "\n"
            )
        } else if options.showsAll {
            var table = TextTable(head: ["PATH", "PRESENT", "SYSTEMS"])
            for place in SystemRoots.places {
                let isThere = access(place.path, R_OK) == 0
                table.rows.append([place.path, isThere ? "yes" : "no", place.origin])
            }
            Terminal.write(table.rendered)
        }
        guard !options.isJSON, !options.showsAll else {
            return found == nil ? ToolExit.failed : ToolExit.done
        }
        let (place, certificates) = try SystemRoots.load()
        Terminal.write(place.path + "\n")
        Terminal.note("\(certificates.count) certificates; the place of \(place.origin)")
        return ToolExit.done
    }
}
