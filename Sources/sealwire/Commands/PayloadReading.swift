// SPDX-License-Identifier: Apache-2.0
// The bytes of a message, from where the options say.

import SealMQTT
import SealPKI

extension PayloadSource {
    /// MQTT 5.0 §2.1.4: what a packet can hold, less its topic.
    static let bytesMax = 268_435_455

    /// The whole message; nil when each line is one.
    func read() throws(UsageError) -> [UInt8]? {
        switch self {
        case .text(let text): return Array(text.utf8)
        case .empty: return []
        case .lines: return nil
        case .file(let path):
            do throws(PKIError) {
                return try Files.read(path, bytesMax: Self.bytesMax)
            } catch {
                throw UsageError(message: "the message cannot be read: \(error.reason)")
            }
        case .standardInput:
            var input = StandardInput()
            guard let bytes = input.rest(bytesMax: Self.bytesMax) else {
                throw UsageError(message: "the message is larger than MQTT allows")
            }
            return bytes
        }
    }
}
