// SPDX-License-Identifier: Apache-2.0
// Revocation lists of files as a set that a login looks certificates up in, and what a new set of
// lists takes away from those who are connected.

internal import SealAdmin
internal import SealBroker
internal import SealBytes
internal import SealPKI

/// What revocation lists say, as look-ups.
struct ListedRevocations: Sendable, Equatable {
    /// What is known of one certificate.
    enum Finding: Sendable, Equatable {
        /// No list names it.
        case fine
        /// A list names it.
        case revoked
        /// Its issuer has a list, and that is overdue: nobody knows.
        case overdue(since: Int64)
    }

    private(set) var revoked: Set<CertificateMark> = []
    /// When the newest list of each issuer is overdue, in seconds since 1970.
    private(set) var due: [[UInt8]: Int64] = [:]

    /// No lists.
    init() {}

    /// Takes lists together; of several of one issuer all entries count, and the latest date.
    ///
    /// The files are the operator's, so signatures are not asked for: the authorities of tenants
    /// are not known here.
    init(_ lists: [RevocationList]) throws(PKIError) {
        for list in lists {
            let fields = try list.fields()
            guard fields.deltaBase == nil else {
                // RFC 5280 §5.2.4: everybody revoked before would get in.
                throw PKIError(
                    .malformed,
                    "the list holds only the changes since another one; name the whole list"
                )
            }
            let issuer = PresentedCertificate.key(fields.issuer.der)
            due[issuer] = max(due[issuer] ?? .min, fields.nextUpdate ?? .min)
            take(fields.revokedSerials, of: issuer)
            for (other, serials) in fields.foreignSerials {
                take(serials, of: PresentedCertificate.key(other.der))
            }
        }
    }

    private mutating func take(_ serials: [String], of issuer: [UInt8]) {
        for serial in serials {
            revoked.insert(
                CertificateMark(
                    serial: Revocation.plainSerial(serial) ?? Name(serial),
                    issuerKey: issuer
                )
            )
        }
    }

    /// What the lists say about a certificate at a moment, in seconds since 1970.
    func finding(_ mark: CertificateMark, now: Int64) -> Finding {
        if revoked.contains(mark) { return .revoked }
        if let due = due[mark.issuerKey], due < now { return .overdue(since: due) }
        return .fine
    }

    /// Those that these lists revoke and older ones did not.
    func newlyRevoked(since older: ListedRevocations) -> Set<CertificateMark> {
        revoked.subtracting(older.revoked)
    }

    /// When the first of the lists is overdue.
    var firstDue: Int64? { due.values.min() }
}
