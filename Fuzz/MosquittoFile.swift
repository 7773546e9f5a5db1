// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a mosquitto.conf must never trap the import, nothing that cannot be carried over is
// lost without a note, and nobody gets in without a name whom the file does not let in.
// modules: SealBytes SealTelemetry SealMQTT SealBroker SealPKI SealServer/Configuration,Import

import SealServer

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns `count` readable bytes at `start` for the length of this call.
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let text = String(decoding: input, as: UTF8.self)
    let lineCount = input.count { $0 == 0x0A } + 1
    let result = run(text)
    precondition(run(text).sealwireConf == result.sealwireConf, "two answers to one file")
    for note in result.notes {
        precondition((0...lineCount).contains(note.line), "no such line")
        precondition(!note.message.isEmpty, "a note without a sentence")
    }
    do throws(ConfigurationErrors) {
        _ = try Configuration.load(Array(result.sealwireConf.utf8), file: "f", environment: [:])
    } catch {
        precondition(result.decidesAccess, "a result that is refused looks like a success")
        return 0
    }
    let lines = text.split(separator: "\n")
    precondition(
        result.decidesAccess || !result.sealwireConf.contains("anonymous = true")
            || lines.contains { $0.contains("allow_anonymous") }
            || !lines.contains { $0.hasPrefix("listener ") },
        "a listener lets in who has no name"
    )
    return 0
}

/// The import, with one file and one folder that exist.
private func run(_ text: String) -> ImportResult {
    MosquittoImport.run(
        text: text,
        path: "mosquitto.conf",
        readFile: { $0.hasSuffix("more.conf") ? "allow_anonymous false\n" : nil },
        listFolder: { $0.hasSuffix("conf.d") ? ["more.conf", "other"] : nil }
    )
}
