// SPDX-License-Identifier: Apache-2.0
// The certificates of a text as a login looks at them.

internal import SealBroker
internal import SealPKI

extension CertificateText {
    /// The certificates of a chain, the client's own first.
    static func presented(
        _ bytes: some Collection<UInt8>,
        countMax: Int
    ) throws(Fault) -> [PresentedCertificate] {
        let all = try read(bytes)
        guard all.count <= countMax else {
            throw Fault("it has more than \(countMax) certificates")
        }
        var chain: [PresentedCertificate] = []
        for der in all {
            do { chain.append(try PresentedCertificate(reading: der)) } catch {
                throw Fault(error.reason)
            }
        }
        return chain
    }
}
