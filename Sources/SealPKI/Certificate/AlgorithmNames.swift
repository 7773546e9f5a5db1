// SPDX-License-Identifier: Apache-2.0
// The names that Java gives to signature algorithms, for interfaces that people know from there.

extension AlgorithmFields {
    /// The name in Java's words, such as `SHA256withECDSA`; dotted numbers when it has none.
    public var javaName: String { Self.javaNames[id.description] ?? id.description }

    private static let javaNames = [
        "1.2.840.113549.1.1.2": "MD2withRSA", "1.2.840.113549.1.1.4": "MD5withRSA",
        "1.2.840.113549.1.1.5": "SHA1withRSA", "1.3.14.3.2.29": "SHA1withRSA",
        "1.2.840.113549.1.1.10": "RSASSA-PSS", "1.2.840.113549.1.1.11": "SHA256withRSA",
        "1.2.840.113549.1.1.12": "SHA384withRSA", "1.2.840.113549.1.1.13": "SHA512withRSA",
        "1.2.840.113549.1.1.14": "SHA224withRSA", "1.2.840.10045.4.1": "SHA1withECDSA",
        "1.2.840.10045.4.3.1": "SHA224withECDSA", "1.2.840.10045.4.3.2": "SHA256withECDSA",
        "1.2.840.10045.4.3.3": "SHA384withECDSA", "1.2.840.10045.4.3.4": "SHA512withECDSA",
        "1.2.840.10040.4.3": "SHA1withDSA", "2.16.840.1.101.3.4.3.1": "SHA224withDSA",
        "2.16.840.1.101.3.4.3.2": "SHA256withDSA", "1.3.101.112": "Ed25519",
        "1.3.101.113": "Ed448",
    ]
}
