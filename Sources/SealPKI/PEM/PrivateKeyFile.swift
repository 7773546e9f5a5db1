// SPDX-License-Identifier: Apache-2.0
// Private keys in files as people have them: any block of a PEM file, or DER. The keys themselves
// are in Keys.

internal import COpenSSL
internal import CSys

extension PrivateKey {
    /// Reads the first private key of a file in PEM or DER.
    ///
    /// PKCS #8, also encrypted, PKCS #1 and SEC 1 are read, the last two also with the old
    /// encryption of PEM; text and blocks of other kinds around the key do not matter.
    public init(file bytes: [UInt8], passphrase: [UInt8]? = nil) throws(PKIError) {
        guard PEMDocument.isLikely(bytes) else {
            try self.init(binary: bytes, passphrase: passphrase)
            return
        }
        let blocks = try PEMDocument(bytes).blocks
        guard let block = blocks.first(where: \.isPrivateKey) else {
            let labels = Set(blocks.map(\.shownLabel)).sorted().joined(separator: ", ")
            throw PKIError(
                .noPEM,
                "there is no private key in the file, only \(labels)",
                hint: "a private key begins with a line like -----BEGIN PRIVATE KEY-----"
            )
        }
        // Broken base64 and a missing end get words of our own.
        _ = try block.decoded()
        if block.label == "OPENSSH PRIVATE KEY" {
            throw PKIError(
                .unsupportedKey,
                "this is a key of OpenSSH's own form",
                hint: "ssh-keygen -p -m PKCS8 -f FILE rewrites it"
            )
        }
        try self.init(pem: block.text, passphrase: passphrase)
    }

    /// Whether the bytes may be a key in DER.
    static func looksLikeDER(_ bytes: [UInt8]) -> Bool {
        var reader = DERReader(bytes)
        guard var fields = try? reader.sequence("the key"), reader.isAtEnd else { return false }
        return fields.tag == DERTag.integer
            && (try? fields.count("the version")).map { $0 <= 1 }
                == true
            || isEncryptedDER(bytes)
    }

    /// Whether the bytes are EncryptedPrivateKeyInfo (RFC 5958 §3).
    private static func isEncryptedDER(_ bytes: [UInt8]) -> Bool {
        var reader = DERReader(bytes)
        guard var fields = try? reader.sequence("the key"),
            (try? AlgorithmFields(reading: &fields, "the encryption")) != nil
        else { return false }
        return fields.tag == DERTag.octetString
    }

    private init(binary bytes: [UInt8], passphrase: [UInt8]?) throws(PKIError) {
        guard Self.looksLikeDER(bytes) else {
            if bytes.first == DERTag.sequence {
                throw PKIError(.malformed, "the file is no private key in DER")
            }
            throw CertificateFile.foreign(bytes)
        }
        if Self.isEncryptedDER(bytes) {
            // The same bytes as PEM go the way of encrypted keys.
            try self.init(pem: Self.armored(bytes), passphrase: passphrase)
            return
        }
        OpenSSLDoor.open()
        // SAFETY: OpenSSL reads at most `count` bytes.
        let read = unsafe bytes.withUnsafeBufferPointer { raw -> OpaquePointer? in
            var position = raw.baseAddress
            return unsafe d2i_AutoPrivateKey(nil, &position, raw.count)
        }
        guard let read else {
            let why = OpenSSLDoor.takeErrors() ?? "no reason given"
            throw PKIError(.malformed, "the private key cannot be read: \(why)")
        }
        OpenSSLDoor.forgetErrors()
        self.init(adopting: read)
    }

    private static func armored(_ bytes: [UInt8]) -> [UInt8] {
        PEMText.block("ENCRYPTED PRIVATE KEY", bytes)
    }

    /// The public half as PEM (SubjectPublicKeyInfo).
    public func publicPEM() throws(PKIError) -> [UInt8] {
        let text = OpenSSLDoor.written { PEM_write_bio_PUBKEY($0, pointer) == 1 }
        guard let text else {
            let why = OpenSSLDoor.takeErrors() ?? "no reason given"
            throw PKIError(.cryptography, "the public key cannot be written: \(why)")
        }
        return text
    }

    /// The public half as DER (SubjectPublicKeyInfo).
    public func publicDER() throws(PKIError) -> [UInt8] {
        guard let block = try PEMDocument(try publicPEM()).blocks.first else {
            throw PKIError(.cryptography, "the public key cannot be written")
        }
        return try block.decoded()
    }

    /// The key as unencrypted PKCS #8 in DER.
    public func der() throws(PKIError) -> [UInt8] {
        let text = try pem()
        guard let block = try PEMDocument(text).blocks.first else {
            throw PKIError(.cryptography, "the private key cannot be written")
        }
        return try block.decoded()
    }
}
