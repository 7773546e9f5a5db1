// SPDX-License-Identifier: Apache-2.0
// Writing PEM (RFC 7468): lines of 64 characters. Reading it is PEMDocument's.

internal import SealBytes

/// Writing PEM.
public enum PEMText {
    /// The block of some bytes.
    public static func block(_ label: String, _ bytes: [UInt8]) -> [UInt8] {
        var text = Array("-----BEGIN \(label)-----\n".utf8)
        var rest = Array(Base64.encode(bytes).utf8)[...]
        while !rest.isEmpty {
            text += rest.prefix(64)
            text.append(0x0A)
            rest = rest.dropFirst(64)
        }
        return text + Array("-----END \(label)-----\n".utf8)
    }
}
