// SPDX-License-Identifier: Apache-2.0
// What a change of the registry means for those who are connected: what a principal relies on, and
// which changes take it away.

public import SealBytes

/// Something in the registry was changed.
public struct IdentityChange: Sendable, Equatable {
    /// What it is about.
    public enum Subject: Sendable, Equatable {
        case tenant(UInt32)
        case account(Int64)
        case anchor(Int64)
        case device(Int64)
        case credential(Int64)
        case revocation(tenant: UInt32, serial: Name, issuerKey: [UInt8])
        case token(id: Name)
        case policy(tenant: UInt32)
        case option(tenant: UInt32)
    }

    /// Its number; later ones are higher.
    public var number: UInt64
    /// The tenant it happened in.
    public var tenant: UInt32
    /// What it is about.
    public var subject: Subject
    /// Whoever relies on the subject must go; if not, only caches are concerned.
    public var isWithdrawal: Bool
    /// The subject is gone for good, and so are its stored sessions.
    public var isRemoval: Bool

    /// Makes the value.
    public init(
        number: UInt64,
        tenant: UInt32,
        subject: Subject,
        isWithdrawal: Bool,
        isRemoval: Bool = false
    ) {
        self.number = number
        self.tenant = tenant
        self.subject = subject
        self.isWithdrawal = isWithdrawal
        self.isRemoval = isRemoval
    }
}

/// What came of changes besides their being stored.
public struct ChangeEffect: Sendable, Equatable {
    /// Connections that were ended.
    public var endedConnections = 0
    /// Microseconds until the last shard had ended them.
    public var microseconds: UInt64 = 0

    /// Nothing.
    public init() {}
}

/// A certificate of a chain as revocations name it.
public struct CertificateMark: Sendable, Hashable {
    /// The serial number as in `Revocation`.
    public var serial: Name
    /// SHA-256 of the issuer's name in DER.
    public var issuerKey: [UInt8]

    /// Makes the value.
    public init(serial: Name, issuerKey: [UInt8]) {
        self.serial = serial
        self.issuerKey = issuerKey
    }
}

/// What a login stands on.
///
/// When one of it is withdrawn, the client goes.
public struct Reliance: Sendable, Equatable {
    /// The number of changes when the look-ups of the login began.
    public var changeNumber: UInt64 = 0
    /// The tenant.
    public var tenant: UInt32 = 0
    /// The account.
    public var account: Int64?
    /// The device.
    public var device: Int64?
    /// The credential.
    public var credential: Int64?
    /// The pinned certificate beside another credential.
    public var pinned: Int64?
    /// The trust anchor.
    public var anchor: Int64?
    /// The certificates from the leaf up to the anchor.
    public var certificates: [CertificateMark] = []
    /// The token.
    public var token: Name?
    /// When it ends by itself (certificate, token), in seconds since 1970; nil for never.
    public var endsAt: Int64?

    /// Stands on nothing.
    public init() {}

    /// Whether a change takes away what this stands on.
    public func isWithdrawn(by change: IdentityChange) -> Bool {
        guard change.isWithdrawal, change.tenant == tenant else { return false }
        switch change.subject {
        case .tenant(let number): return number == tenant
        case .account(let number): return number == account
        case .anchor(let number): return number == anchor
        case .device(let number): return number == device
        case .credential(let number): return number == credential || number == pinned
        case .token(let id): return id == token
        case .revocation(let number, let serial, let issuerKey):
            return number == tenant
                && certificates.contains { mark in
                    mark.serial == serial && (issuerKey.isEmpty || mark.issuerKey == issuerKey)
                }
        case .policy, .option: return false
        }
    }
}
