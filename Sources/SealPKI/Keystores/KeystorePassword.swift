// SPDX-License-Identifier: Apache-2.0
// A password in the forms that keystores take it: UTF-8, UTF-16, UTF-16 with an end.

/// A password of a keystore or of a key in it.
struct KeystorePassword: Sendable {
    /// As it was given, in UTF-8: PBES2 takes it so.
    let bytes: [UInt8]
    /// UTF-16, the high byte first: JKS takes it so.
    let wide: [UInt8]

    /// The longest password, in bytes.
    static let bytesMax = 1024

    init(_ bytes: [UInt8]) throws(PKIError) {
        guard bytes.count <= Self.bytesMax else {
            throw PKIError(.badRequest, "a password has at most \(Self.bytesMax) bytes")
        }
        self.bytes = bytes
        var units: [UInt16] = []
        if let text = String(validating: bytes, as: UTF8.self) {
            units = Array(text.utf16)
        } else {
            // Not UTF-8: each byte is a character, as OpenSSL takes it, too.
            units = bytes.map(UInt16.init)
        }
        wide = units.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    }

    /// What PKCS #12 makes its older keys of (RFC 7292 B.1): UTF-16 with two zero bytes.
    ///
    /// Programs disagree about the password of no characters: some write the two zero bytes
    /// alone, others nothing.
    var readings: [[UInt8]] {
        let ended = wide + [0, 0]
        return wide.isEmpty ? [ended, []] : [ended]
    }
}

/// How many rounds may still be spent on making keys of passwords.
struct IterationBudget {
    private var left: Int
    private let limits: KeystoreLimits

    init(_ limits: KeystoreLimits) {
        self.limits = limits
        left = limits.iterationsMax
    }

    mutating func spend(_ count: Int, salt: Int) throws(PKIError) {
        guard count > 0 else {
            throw PKIError(.keystoreBroken, "the keystore is damaged: it asks for no iterations")
        }
        guard count <= left else {
            throw PKIError(
                .keystoreLimit,
                "the keystore wants its password turned more than \(limits.iterationsMax) times "
                    + "into a key, which is refused"
            )
        }
        guard salt <= limits.saltBytesMax else {
            throw PKIError(
                .keystoreLimit,
                "the keystore has a salt of \(salt) bytes; \(limits.saltBytesMax) are allowed"
            )
        }
        left -= count
    }
}
