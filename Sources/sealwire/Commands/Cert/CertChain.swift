// SPDX-License-Identifier: Apache-2.0
// `sealwire cert chain`: certificates in the order that TLS wants.

import SealPKI

enum CertChain {
    struct Options: Sendable {
        var file: String?
        var dropsRoot = false
    }

    static let verb = Verb<Options>(
        name: "cert chain",
        summary: "puts certificates in order, leaf to root, and says what is missing",
        usage: "[OPTIONS] FILE...",
        text: """
            Reads the certificates of all files and writes one chain as PEM: the leaf first, each
            followed by the one that signed it, whatever order they came in. Standard error says
            which certificate is missing at the end and which ones do not belong to the chain.
            """,
        defaults: Options(),
        flags: FlagTable([
            .value("-o", "--out", is: "FILE", "writes the PEM to FILE") {
                (options, value, _) throws(UsageError) in options.file = value
            },
            .on("--no-root", help: "leaves out the certificate that signed itself") {
                $0.dropsRoot = true
            },
        ]),
        words: WordRule(name: "FILE", count: 1...1000),
        examples: [
            "sealwire cert chain ca.crt device.crt intermediate.crt -o device-chain.pem"
        ],
        exitCodes: [
            ("0", "the chain is whole, up to a certificate that signed itself"),
            ("2", "a certificate is missing at its end; what there is was written"),
        ] + ToolExit.rows.dropFirst(),
        run: run
    )

    @MainActor
    private static func run(_ options: Options, _ words: [String]) async throws -> Int32 {
        let all = try words.flatMap { try CertSource.certificates($0) }
        let order = try ChainOrder(all)
        var chain = order.chain
        let last = try chain.last?.fields()
        if options.dropsRoot, chain.count > 1, order.missingIssuer == nil { chain.removeLast() }
        try CertSource.write(Array(chain.map(\.pem).joined()), to: options.file)
        for (place, one) in order.chain.enumerated() {
            note("\(place) \(try one.fields().subject.shown)")
        }
        for one in order.others {
            note("left out, it does not belong to the chain: \(try one.fields().subject.shown)")
        }
        guard let missing = order.missingIssuer else { return ToolExit.done }
        note("missing: the certificate of \(missing), which signed \(last?.subject.shown ?? "it")")
        return CertVerify.refused
    }

    @MainActor
    private static func note(_ text: String) { Terminal.note(TextTable.printable(text)) }
}
