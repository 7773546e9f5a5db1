// SPDX-License-Identifier: Apache-2.0
// Ciphertext that has to wait or to cross threads is copied out of the shared buffer.

extension TLSBuffers {
    /// The waiting ciphertext, copied; the buffer is empty afterwards.
    func takeOutput() -> [UInt8] {
        guard outputCount > 0 else { return [] }
        // SAFETY: the output is valid until it is cleared below.
        let copy = unsafe [UInt8](output)
        clearOutput()
        return copy
    }
}
