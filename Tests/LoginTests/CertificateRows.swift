// SPDX-License-Identifier: Apache-2.0
// Rows about certificates below authorities that tenants trust.

import SealPKI

@testable import SealBroker
@testable import Stage

private let given = LoginCase.certificates
private let byCertificate = Outcome.login(
    .certificate,
    user: "device_dev",
    tenant: "acme",
    clientID: "dev"
)

extension LoginRow {
    static let certificates: [LoginRow] = [
        LoginRow("a certificate with the trusted one behind it", byCertificate) {
            $0.show(given.dev, given.root)
        },
        LoginRow("the client id with its type", byCertificate) {
            $0.show(given.dev, given.root)
            $0.clientID = "d:dev"
        },
        LoginRow("the client id with type and template", byCertificate) {
            $0.show(given.dev, given.root)
            $0.clientID = "d:dev:template"
        },
        LoginRow("no client id: the common name becomes it", byCertificate) {
            $0.show(given.dev, given.root)
            $0.clientID = ""
        },
        LoginRow("a lone certificate whose issuer is uploaded", byCertificate) {
            $0.show(given.dev)
        },
        LoginRow("user name and password beside it are not looked at", byCertificate) {
            $0.show(given.dev, given.root)
            $0.show("acme/ann", "wrong")
        },
        LoginRow("an access token beside it is not looked at", byCertificate) {
            $0.show(given.dev, given.root)
            $0.show("A1_TOKEN", nil)
        },
        LoginRow(
            "a common name with characters of topics",
            .login(
                .certificate,
                user: "device_plant/7+#",
                tenant: "acme",
                clientID: "plant/7+#"
            )
        ) {
            $0.show(given.slashed, given.root)
            $0.clientID = "plant/7+#"
        },
        LoginRow("a certificate that is its own trust anchor", byCertificate) {
            $0.show(given.selfSigned)
            let anchor = try given.selfSigned.anchor($0.world.acme)
            try $0.change { (writer) throws(RegistryError) in _ = try writer.add(anchor) }
        },
        LoginRow("another client id than the common name", .closed(.clientIDNotDevice)) {
            $0.show(given.dev, given.root)
            $0.clientID = "word"
        },
        LoginRow("a client id of another connection type", .closed(.clientIDNotDevice)) {
            $0.show(given.dev, given.root)
            $0.clientID = "x:dev"
        },
        LoginRow("a client id with too many parts", .closed(.clientIDNotDevice)) {
            $0.show(given.dev, given.root)
            $0.clientID = "d:dev:t:u"
        },
        LoginRow("a client id that only begins like the name", .closed(.clientIDNotDevice)) {
            $0.show(given.dev, given.root)
            $0.clientID = "dev2"
        },
        LoginRow("no common name", .closed(.commonNameMissing)) {
            $0.show(given.nameless, given.root)
        },
        LoginRow("a colon in the common name", .closed(.commonNameColon)) {
            $0.show(given.colon, given.root)
            $0.clientID = "a:b"
        },
        LoginRow("a control character in the common name", .closed(.commonNameUnusable)) {
            $0.show(given.control, given.root)
        },
        LoginRow("a device nobody registered", .closed(.deviceUnknown)) {
            $0.show(given.stranger, given.root)
            $0.clientID = "stranger"
        },
        LoginRow(
            "a device nobody registered, below an anchor that registers",
            .login(.certificate, user: "device_newcomer", tenant: "acme", clientID: "newcomer")
        ) {
            $0.show(given.autoDevice, given.auto)
            $0.clientID = "newcomer"
        },
        LoginRow(
            "registration where there is no room",
            .later(.registrationFailed),
            isFull: true
        ) {
            $0.show(given.autoDevice, given.auto)
            $0.clientID = "newcomer"
        },
        LoginRow("a disabled device", .closed(.deviceDisabled)) {
            $0.show(given.offDevice, given.root)
            $0.clientID = "off"
        },
        LoginRow(
            "a device registered with a password",
            .closed(.deviceTakesNoCertificates)
        ) {
            $0.show(given.passwordDevice, given.root)
            $0.clientID = "word"
        },
        LoginRow("a disabled anchor", .closed(.anchorDisabled)) {
            $0.show(given.belowOff, given.off)
        },
        LoginRow("an expired anchor", .closed(.anchorExpired)) {
            $0.show(given.belowOld, given.old)
        },
        LoginRow("an anchor that is not valid yet", .closed(.anchorNotYetValid)) {
            $0.show(given.belowYoung, given.young)
        },
        LoginRow("a disabled tenant", .closed(.tenantDisabled)) {
            $0.show(given.closedDevice, given.closed)
        },
        LoginRow("a registry that does not answer", .later(.registryFailed)) {
            $0.show(given.dev, given.root)
            try $0.breakDevices()
        },
    ]

    static let chains: [LoginRow] = [
        LoginRow("an authority nobody trusts", .closed(.anchorUnknown)) {
            $0.show(given.nobodysDevice, given.nobodys)
        },
        LoginRow("a self-signed certificate nobody knows", .closed(.anchorUnknown)) {
            $0.show(given.unknown)
        },
        LoginRow("an intermediate authority where two are allowed", .closed(.chainTooLong)) {
            $0.show(given.subLeaf, given.sub, given.root)
        },
        LoginRow("an intermediate authority where three are allowed", byCertificate) {
            $0.show(given.subLeaf, given.sub, given.root)
            $0.rules.registry.chainLengthMax = 3
        },
        LoginRow("the intermediate authority is uploaded: the nearest counts", byCertificate) {
            $0.show(given.subLeaf, given.sub, given.root)
            let anchor = try given.sub.anchor($0.world.acme)
            try $0.change { (writer) throws(RegistryError) in _ = try writer.add(anchor) }
        },
        LoginRow("more certificates than anybody needs", .closed(.chainTooLong)) {
            $0.chain = Array(repeating: given.root.presented, count: 11)
            $0.chain[0] = given.dev.presented
        },
        LoginRow("the uploaded root is not sent", .closed(.anchorNotSent)) {
            $0.show(given.subLeaf, given.sub)
            $0.rules.registry.chainLengthMax = 3
        },
        LoginRow("another root is sent than the issuer's", .closed(.anchorNotSent)) {
            $0.show(given.dev, given.unknown)
        },
        LoginRow("a certificate of another key with the issuer's name", .closed(.chainBroken)) {
            $0.show(given.forged, given.root)
        },
        LoginRow("the same alone", .closed(.chainBroken)) { $0.show(given.forged) },
        LoginRow("an expired certificate", .closed(.certificateExpired)) {
            $0.show(given.expired, given.root)
        },
        LoginRow("a certificate of tomorrow", .closed(.certificateNotYetValid)) {
            $0.show(given.future, given.root)
        },
        LoginRow("a server's certificate", .closed(.certificatePurpose)) {
            $0.show(given.server, given.root)
        },
        LoginRow("a key of 1024 bits", .closed(.certificateWeak)) {
            $0.show(given.weak, given.root)
        },
        LoginRow("bytes that are no certificate", .closed(.certificateMalformed)) {
            $0.chain = [given.garbage, given.root.presented]
        },
        LoginRow("an issuer that is no authority", .closed(.issuerNotAuthority)) {
            $0.show(given.fakeLeaf, given.fakeIssuer)
        },
        LoginRow("an authority below one that may have none", .closed(.pathLength)) {
            $0.show(given.shortLeaf, given.shortSub, given.shortRoot)
            $0.rules.registry.chainLengthMax = 3
        },
        LoginRow("a name the authority may not issue for", .closed(.nameConstraints)) {
            $0.show(given.outside, given.constrained)
        },
        LoginRow("a revoked certificate", .closed(.certificateRevoked)) {
            $0.show(given.dev, given.root)
            try $0.revoke(given.dev.presented, $0.world.acme)
        },
        LoginRow("a serial revoked for any issuer", .closed(.certificateRevoked)) {
            $0.show(given.dev, given.root)
            try $0.revoke(given.dev.presented, $0.world.acme, anyIssuer: true)
        },
        LoginRow("the same serial revoked in another tenant", byCertificate) {
            $0.show(given.dev, given.root)
            try $0.revoke(given.dev.presented, $0.world.beta)
        },
        LoginRow("a serial that another issuer revoked", byCertificate) {
            $0.show(given.dev, given.root)
            var mark = given.dev.presented
            mark.issuerKey = given.other.presented.subjectKey
            try $0.revoke(mark, $0.world.acme)
        },
        LoginRow("the anchor itself is revoked", .closed(.certificateRevoked)) {
            $0.show(given.dev, given.root)
            try $0.revoke(given.root.presented, $0.world.acme)
        },
        LoginRow("the anchor of a lone certificate is revoked", .closed(.certificateRevoked)) {
            $0.show(given.dev)
            try $0.revoke(given.root.presented, $0.world.acme)
        },
        LoginRow("a revoked certificate that has expired", .closed(.certificateRevoked)) {
            $0.show(given.expired, given.root)
            try $0.revoke(given.expired.presented, $0.world.acme)
        },
        LoginRow("a certificate on the listener's list", .closed(.certificateRevoked)) {
            $0.show(given.dev, given.root)
            let shown = given.dev.presented
            $0.rules.registry.revoked = [
                CertificateMark(serial: shown.serial, issuerKey: shown.issuerKey)
            ]
        },
        LoginRow("an issuer whose list is overdue", .closed(.revocationListOverdue)) {
            $0.show(given.dev, given.root)
            $0.rules.registry.listsDue = [
                given.root.presented.subjectKey: TestCertificates.now - 1
            ]
        },
        LoginRow("an issuer whose list is due later", byCertificate) {
            $0.show(given.dev, given.root)
            $0.rules.registry.listsDue = [
                given.root.presented.subjectKey: TestCertificates.now + 1
            ]
        },
    ]

    static let sharedAnchors: [LoginRow] = [
        LoginRow(
            "another tenant uploads the intermediate authority, which leads nobody away",
            byCertificate
        ) {
            $0.show(given.subLeaf, given.sub, given.root)
            $0.rules.registry.chainLengthMax = 3
            let anchor = try given.sub.anchor($0.world.beta)
            try $0.change { (writer) throws(RegistryError) in _ = try writer.add(anchor) }
        },
        LoginRow("the same, and the first tenant proved to hold the root's key", byCertificate) {
            $0.show(given.subLeaf, given.sub, given.root)
            $0.rules.registry.chainLengthMax = 3
            let anchor = try given.sub.anchor($0.world.beta)
            let (acme, root) = ($0.world.acme, given.root.presented.sha256)
            try $0.change { (writer) throws(RegistryError) in
                _ = try writer.add(anchor)
                for var own in try writer.directory.anchors(sha256: root, tenant: acme) {
                    own.proof.isValid = true
                    try writer.replace(own)
                }
            }
        },
        LoginRow("two tenants trust it and none is named: the older one stands", byCertificate) {
            $0.show(given.sharedDevice, given.shared)
        },
        LoginRow(
            "two tenants trust it and the user name is one",
            .login(.certificate, user: "device_dev", tenant: "beta", clientID: "dev")
        ) {
            $0.show(given.sharedDevice, given.shared)
            $0.show("beta", nil)
        },
        LoginRow("the tenant before the user name", byCertificate) {
            $0.show(given.sharedDevice, given.shared)
            $0.show("acme/device_dev", "x")
        },
        LoginRow("the id of a tenant that does not trust it is a user name", byCertificate) {
            $0.show(given.sharedDevice, given.shared)
            $0.show("closed", nil)
        },
        LoginRow("before a user name it is not", .closed(.anchorOfOtherTenant)) {
            $0.show(given.dev, given.root)
            $0.show("beta/device_dev", nil)
        },
        LoginRow("a user name that is no tenant's", byCertificate) {
            $0.show(given.sharedDevice, given.shared)
            $0.show("somebody", nil)
        },
        LoginRow(
            "the tenant by the host name of the request",
            .login(.certificate, user: "device_dev", tenant: "beta", clientID: "dev")
        ) {
            $0.show(given.sharedDevice, given.shared)
            $0.hint = "beta"
            $0.isDirect = true
        },
        LoginRow(
            "the listener is for one of them",
            .login(.certificate, user: "device_dev", tenant: "beta", clientID: "dev")
        ) {
            $0.show(given.sharedDevice, given.shared)
            $0.rules.registry.tenant = "beta"
        },
        LoginRow("one of two tenants proved that it has the key", byCertificate) {
            $0.show(given.provenDevice, given.proven)
        },
        LoginRow(
            "the younger of two tenants proved it",
            .login(.certificate, user: "device_dev", tenant: "beta", clientID: "dev")
        ) {
            $0.show(given.sharedDevice, given.shared)
            let (beta, shared) = ($0.world.beta, given.shared.presented.sha256)
            try $0.change { (writer) throws(RegistryError) in
                for var own in try writer.directory.anchors(sha256: shared, tenant: beta) {
                    own.proof.isValid = true
                    try writer.replace(own)
                }
            }
        },
        LoginRow(
            "the listener is for a tenant that does not trust it",
            .closed(.anchorOfOtherTenant)
        ) {
            $0.show(given.dev, given.root)
            $0.rules.registry.tenant = "beta"
        },
        LoginRow(
            "one tenant trusts it: whatever the user is called",
            .login(.certificate, user: "device_dev", tenant: "beta", clientID: "dev")
        ) {
            $0.show(given.otherDevice, given.other)
            $0.show("acme", nil)
        },
    ]
}

extension LoginCase {
    mutating func revoke(
        _ certificate: PresentedCertificate,
        _ tenant: UInt32,
        anyIssuer: Bool = false
    ) throws {
        let revocation = Revocation(
            tenant: tenant,
            serial: certificate.serial,
            issuerKey: anyIssuer ? [] : certificate.issuerKey,
            revokedAt: 1_700_000_000_000
        )
        try change { (writer) throws(RegistryError) in
            try writer.revoke(revocation, keepsOldDate: true)
        }
    }
}
