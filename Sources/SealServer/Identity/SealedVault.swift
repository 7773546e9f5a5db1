// SPDX-License-Identifier: Apache-2.0
// The vault of the registry: AES-256-GCM under the key of a file that lies outside of it.

internal import SealBroker
internal import SealPKI

/// Seals what the registry keeps and must read again.
struct SealedVault: Vault {
    private let box: SealedBox

    /// Seals under a key.
    init(_ key: VaultKey) throws(PKIError) { box = try SealedBox(key) }

    func seal(_ bytes: [UInt8]) throws(RegistryError) -> [UInt8] {
        do throws(PKIError) {
            return try box.seal(bytes)
        } catch {
            throw RegistryError(.invalid, "a secret could not be sealed: \(error.reason)")
        }
    }

    func open(_ sealed: [UInt8]) -> [UInt8]? { try? box.open(sealed) }
}
