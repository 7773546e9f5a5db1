// SPDX-License-Identifier: Apache-2.0
// What a client sent in the handshake, as plain values for the login. Nothing is remembered: taking
// a certificate apart is cheaper than keeping those of all who are connected.

internal import SealAdmin
internal import SealBroker
internal import SealNet

/// The certificates of a handshake.
enum PresentedChain {
    /// The client's own certificate first, then what it sent beside it, in its order.
    static func of(_ peer: PeerCertificate) -> [PresentedCertificate] {
        [PresentedCertificate(taking: peer.certificate, peer.fingerprint)]
            + peer.sentAuthorities.map { PresentedCertificate(taking: $0) }
    }
}
