// SPDX-License-Identifier: Apache-2.0
// `sealwire device import`: many devices from one file of separated values.

import SealBytes
import SealClient
import SealPKI

enum DeviceImport {
    /// The largest file.
    static let bytesMax = 256 << 20

    static let command = Verb<RemoteOptions>.remote(
        "device import",
        "makes or changes many devices from a file",
        usage: "[OPTIONS] FILE",
        text: """
            Sends FILE, whose first line names its columns, separated by tab, semicolon or comma:
            ID, and as needed AUTH_TYPE (BASIC or CERTIFICATES), CREDENTIALS, TENANT, NAME, TYPE,
            PATH, ICCID, IDTYPE, SHELL, and any others, which become properties. A device that is
            there already takes what its row says. Rows that are refused do not stop the others.
            """,
        effect: .changes,
        words: .one("FILE"),
        hasTenant: false,
        examples: ["sealwire device import devices.csv", "sealwire device import - --json"]
    ) { remote, words in
        let bytes = try read(words[0])
        var request = RESTRequest(.post, "/devicecontrol/bulkNewDeviceRequests")
        request.setFile(
            bytes,
            name: "file",
            fileName: words[0].split(separator: "/").last.map(String.init) ?? "devices.csv",
            type: "text/csv",
            boundary: "sealwire-" + Hex.encode(try Cryptography.randomBytes(16))
        )
        guard let done = try remote.change(request) else { return RemoteExit.done }
        let failedCount = done.json["numberOfFailed"]?.int64 ?? 0
        if remote.options.isJSON {
            Output.answer(done.json)
        } else {
            report(done, remote.options)
        }
        return failedCount == 0 ? RemoteExit.done : RemoteExit.no
    }.command

    private static func read(_ path: String) throws -> [UInt8] {
        guard path == "-" else { return try Files.read(path, bytesMax: bytesMax) }
        var input = StandardInput()
        guard let bytes = input.rest(bytesMax: bytesMax) else {
            throw CommandFailure(RemoteExit.badContent, "more than \(bytesMax) bytes come in")
        }
        return bytes
    }

    private static func report(_ done: Remote.Outcome, _ options: RemoteOptions) {
        func count(_ name: String) -> Int64 { done.json[name]?.int64 ?? 0 }
        let created = count("numberOfCreated")
        Output.say(
            "\(Output.count(count("numberOfAll"), "row")): "
                + "\(Output.count(created, "device")) made, "
                + "\(count("numberOfSuccessful") - created) changed, "
                + "\(count("numberOfFailed")) refused\(done.endedText)",
            options
        )
        for failure in done.json["failedCreationList"]?.elements ?? [] {
            Terminal.note(TextTable.printable("refused: \(Output.cell(failure["failureReason"]))"))
        }
    }
}
