// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a configuration must never trap; it is taken whole or its faults have places.
// modules: SealBytes SealTelemetry SealMQTT SealBroker SealPKI SealServer/Configuration

import SealServer

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns `count` readable bytes at `start` for the length of this call.
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let lineCount = input.count { $0 == 0x0A } + 1
    do throws(ConfigurationErrors) {
        let document = try TOMLDocument.parse(input, file: "f")
        for section in document.sections {
            precondition((1...lineCount).contains(section.position.line), "no such line")
            for pair in section.pairs {
                precondition(section.position.line <= pair.position.line, "a key above its table")
                precondition(pair.position.column >= 1 && pair.position.column <= count, "a column")
            }
        }
    } catch {
        check(error, lineCount)
    }
    let first = outcome(of: input, lineCount)
    precondition(first == outcome(of: input, lineCount), "two answers to one file")
    return 0
}

/// The configuration, or the places of its faults.
private func outcome(of input: [UInt8], _ lineCount: Int) -> String {
    do throws(ConfigurationErrors) {
        let loaded = try Configuration.load(input, file: "f", environment: [:])
        return "\(loaded.configuration)"
    } catch {
        check(error, lineCount)
        return error.text
    }
}

private func check(_ found: ConfigurationErrors, _ lineCount: Int) {
    precondition(!found.errors.isEmpty, "refused without a reason")
    for error in found.errors {
        precondition(error.line <= lineCount, "no such line")
        precondition(!error.message.isEmpty, "a fault without a sentence")
    }
}
