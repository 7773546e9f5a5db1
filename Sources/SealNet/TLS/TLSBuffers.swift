// SPDX-License-Identifier: Apache-2.0
// The memory between TLS and the socket: one set for each thread, lent to one step at a time.

internal import COpenSSL
internal import CSys
internal import SealPKI

/// A thread's ciphertext buffers, through which all its streams read and write.
///
/// Belongs to the thread that made it.
public final class TLSBuffers {
    // SAFETY: the state is allocated in `init` and freed in `deinit`; the BIO points to it, and a
    // stream that keeps the BIO longer binds itself anew before its next step.
    let state: UnsafeMutablePointer<seal_bio>
    let bio: OpaquePointer

    /// An output buffer that grew beyond this is given back when it is cleared.
    private static let keptBytesMax = 4 << 20
    private static let firstBytes = 64 << 10

    /// Makes the buffers; nil when there is no memory.
    public init?() {
        OpenSSLDoor.open()
        // SAFETY: both results are checked, and the state is freed when the BIO fails.
        guard let state = unsafe seal_bio_state_new(Self.firstBytes) else { return nil }
        guard let bio = unsafe seal_bio_new(state) else {
            unsafe seal_bio_state_free(state)
            return nil
        }
        self.state = state
        self.bio = bio
    }

    deinit {
        BIO_free(bio)
        // SAFETY: allocated in `init`; nobody reads through the BIO any more.
        unsafe seal_bio_state_free(state)
    }

    /// The ciphertext that waits to be sent; valid until the next step or `clearOutput`.
    public var output: UnsafeRawBufferPointer {
        // SAFETY: `out_count` bytes at `out` are initialised.
        unsafe UnsafeRawBufferPointer(start: state.pointee.out, count: state.pointee.out_count)
    }

    /// How many bytes of ciphertext wait.
    public var outputCount: Int {
        // SAFETY: the state lives as long as `self`.
        unsafe state.pointee.out_count
    }

    /// Forgets the ciphertext that waited.
    public func clearOutput() {
        // SAFETY: the state lives as long as `self`.
        unsafe state.pointee.out_count = 0
        if unsafe state.pointee.out_capacity > Self.keptBytesMax {
            unsafe seal_bio_shrink(state, Self.firstBytes)
        }
    }

    /// Lends ciphertext to the next step of `owner`.
    func lend(_ input: UnsafeRawBufferPointer, to owner: TLSStream) {
        // SAFETY: the step takes the loan back before it returns, while both are alive.
        unsafe state.pointee.in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe state.pointee.in_count = input.count
        unsafe state.pointee.owner = Unmanaged.passUnretained(owner).toOpaque()
    }

    /// Ends the loan; what was not read is copied.
    func takeBack() -> [UInt8]? {
        // SAFETY: `in_count` bytes at `in` are still lent.
        let left = unsafe state.pointee.in_count
        let rest =
            left == 0
            ? nil
            : unsafe [UInt8](UnsafeBufferPointer(start: state.pointee.in, count: left))
        unsafe state.pointee.in = nil
        unsafe state.pointee.in_count = 0
        unsafe state.pointee.owner = nil
        return rest
    }

    /// How many bytes of the loan are unread.
    var unread: Int {
        // SAFETY: the state lives as long as `self`.
        unsafe state.pointee.in_count
    }
}
