// SPDX-License-Identifier: Apache-2.0
// The C door: start-up, the error queue as text, and owners that free what OpenSSL allocated.

internal import COpenSSL
internal import CSys
internal import Glibc

/// Entry to OpenSSL; every path into the library passes `open` first.
package enum OpenSSLDoor {
    /// Sets the library up once.
    package static func open() { seal_openssl_start() }

    /// Takes the errors that wait in this thread's queue, the first one as a sentence.
    package static func takeErrors() -> String? {
        let code = ERR_peek_error()
        guard code != 0 else { return nil }
        ERR_clear_error()
        // SAFETY: the reason string is a constant of the library; NULL is handled.
        if let reason = unsafe ERR_reason_error_string(code) {
            return unsafe String(cString: reason)
        }
        return "error \(code)"
    }

    /// Why the encryption of a key cannot be undone whatever the passphrase is; nil when it can.
    ///
    /// The first error that waits says it, and stays in the queue.
    static func unreadableEncryption() -> String? {
        let code = ERR_peek_error()
        guard seal_err_unreadable_encryption(code) == 1 else { return nil }
        // SAFETY: the reason string is a constant of the library; NULL is handled.
        let text = unsafe ERR_reason_error_string(code)
        return unsafe text.map { unsafe String(cString: $0) } ?? "unsupported"
    }

    /// Forgets the errors that wait in this thread's queue.
    package static func forgetErrors() { ERR_clear_error() }

    /// Runs `body` with a memory BIO over the bytes.
    static func withReader<Result>(
        _ bytes: [UInt8],
        _ body: (OpaquePointer) -> Result
    ) -> Result? {
        guard bytes.count < Int(Int32.max) else { return nil }
        // SAFETY: the BIO reads the array's storage only inside the closure and is freed in it.
        return unsafe bytes.withUnsafeBytes { raw -> Result? in
            guard let bio = unsafe BIO_new_mem_buf(raw.baseAddress ?? nil, Int32(raw.count))
            else { return nil }
            defer { BIO_free(bio) }
            return body(bio)
        }
    }

    /// The bytes that `body` wrote into a memory BIO.
    static func written(_ body: (OpaquePointer) -> Bool) -> [UInt8]? {
        guard let bio = BIO_new(BIO_s_mem()) else { return nil }
        defer { BIO_free(bio) }
        guard body(bio) else { return nil }
        var count = 0
        // SAFETY: the memory belongs to the BIO, which lives until the end of this function.
        guard let start = unsafe seal_bio_memory(bio, &count) else { return [] }
        return unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    }
}

/// Owns one reference to a certificate.
// SAFETY: the certificate is never changed after it was put here; OpenSSL's readers may run
// in several threads at once.
final class X509Owner: @unchecked Sendable {
    let pointer: OpaquePointer

    init(adopting pointer: OpaquePointer) { self.pointer = pointer }

    deinit { X509_free(pointer) }
}

/// Owns one reference to a key.
// SAFETY: the key is never changed after it was put here, and OpenSSL locks its caches.
final class KeyOwner: @unchecked Sendable {
    let pointer: OpaquePointer

    init(adopting pointer: OpaquePointer) { self.pointer = pointer }

    deinit { EVP_PKEY_free(pointer) }
}

/// Owns one reference to a revocation list.
// SAFETY: the list is never changed after it was put here.
final class CRLOwner: @unchecked Sendable {
    let pointer: OpaquePointer

    init(adopting pointer: OpaquePointer) { self.pointer = pointer }

    deinit { X509_CRL_free(pointer) }
}

/// Owns one reference to a certificate request.
// SAFETY: the request is never changed after it was put here.
final class RequestOwner: @unchecked Sendable {
    let pointer: OpaquePointer

    init(adopting pointer: OpaquePointer) { self.pointer = pointer }

    deinit { X509_REQ_free(pointer) }
}
