// SPDX-License-Identifier: Apache-2.0
// Printing the messages of sub and rr, each at once.

import SealClient

/// Prints messages as the options say.
struct MessagePrinter {
    private let format: MessageFormat?
    private let showsTopic: Bool
    private let omitsNewline: Bool
    private let isQuiet: Bool

    init(_ options: MessagingOptions) throws(UsageError) {
        format = try options.format.map { (text) throws(UsageError) in try MessageFormat(text) }
        showsTopic = options.showsTopic
        omitsNewline = options.omitsNewline
        isQuiet = options.isQuiet
    }

    /// False when nobody reads the output any more.
    func print(_ message: MQTTMessage) -> Bool {
        var out: [UInt8]
        if let format {
            do throws(FormatFault) {
                out = try format.bytes(for: message, at: .now)
            } catch {
                if !isQuiet { Terminal.note("Error: \(error.reason)") }
                return true
            }
        } else if showsTopic {
            out = Array(message.topic.utf8) + [UInt8(ascii: " ")]
            out += message.payload.isEmpty ? Array("(null)".utf8) : message.payload
        } else {
            // An empty message prints nothing at all.
            if message.payload.isEmpty { return true }
            out = message.payload
        }
        if !omitsNewline { out.append(UInt8(ascii: "\n")) }
        return Terminal.write(out)
    }
}
