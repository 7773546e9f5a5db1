// SPDX-License-Identifier: Apache-2.0
// The stable codes of decisions about access. Their words are in `ReasonCatalogue`, what a client
// is answered in `RefusalAnswer`.

/// The stable codes of decisions about access.
public enum ReasonCode: String, Sendable, CaseIterable {
    // What a login succeeded by.
    case loginCertificate = "login.certificate"
    case loginPinnedCertificate = "login.pinned-certificate"
    case loginPassword = "login.password"
    case loginAccessToken = "login.access-token"
    case loginBasic = "login.mqtt-basic"
    case loginJWT = "login.jwt"
    case loginScram = "login.scram"
    case loginAnonymous = "login.anonymous"

    // User names and passwords.
    case unknownUser = "login.unknown-user"
    case badPassword = "login.bad-password"
    case passwordMissing = "login.password-missing"
    case passwordNotSet = "login.password-not-set"
    case noPasswords = "login.no-passwords"
    case passwordsNotTaken = "login.passwords-not-taken"
    case accountDisabled = "login.account-disabled"
    case messagingForbidden = "login.messaging-forbidden"
    case accessTokenUnknown = "login.access-token-unknown"
    case anonymousForbidden = "login.anonymous-forbidden"
    case tooManyGuesses = "login.too-many-guesses"

    // Tenants.
    case tenantMissing = "login.tenant-missing"
    case tenantUnknown = "login.tenant-unknown"
    case tenantDisabled = "login.tenant-disabled"
    case tenantOfListener = "login.tenant-of-listener"

    // JSON Web Tokens.
    case tokenMalformed = "login.token-malformed"
    case tokenKeyUnknown = "login.token-key-unknown"
    case tokenSignature = "login.token-signature"
    case tokenExpired = "login.token-expired"
    case tokenNotYetValid = "login.token-not-yet-valid"
    case tokenWithdrawn = "login.token-withdrawn"
    case tokenUse = "login.token-use"
    case tokenSubjectGone = "login.token-subject-gone"
    case tokenUserMismatch = "login.token-user-mismatch"

    // Enhanced authentication.
    case scramMalformed = "login.scram-malformed"
    case scramChannelBinding = "login.scram-channel-binding"
    case scramExtension = "login.scram-extension"
    case scramAuthorization = "login.scram-authorization"
    case scramNonce = "login.scram-nonce"

    // Certificates whose fields or fingerprints a listener judges by files.
    case certificateNeeded = "login.certificate-needed"
    case certificateUntrusted = "login.certificate-untrusted"
    case certificateWithoutName = "login.certificate-without-name"
    case certificateNameUnusable = "login.certificate-name-unusable"

    // Chains and trust anchors.
    case certificateNotRegistered = "login.certificate-not-registered"
    case anchorUnknown = "login.anchor-unknown"
    case anchorNotSent = "login.anchor-not-sent"
    case registrationStands = "login.registration-stands"
    case registrationYields = "login.registration-yields"
    case anchorOfOtherTenant = "login.anchor-of-other-tenant"
    case certificateOfOtherTenant = "login.certificate-of-other-tenant"
    case anchorDisabled = "login.anchor-disabled"
    case anchorExpired = "login.anchor-expired"
    case anchorNotYetValid = "login.anchor-not-yet-valid"
    case certificateMalformed = "login.certificate-malformed"
    case certificateExpired = "login.certificate-expired"
    case certificateNotYetValid = "login.certificate-not-yet-valid"
    case certificateWeak = "login.certificate-weak"
    case certificatePurpose = "login.certificate-purpose"
    case certificateRevoked = "login.certificate-revoked"
    case revocationListOverdue = "login.revocation-list-overdue"
    case chainBroken = "login.chain-broken"
    case chainTooLong = "login.chain-too-long"
    case issuerNotAuthority = "login.issuer-not-authority"
    case pathLength = "login.path-length"
    case nameConstraints = "login.name-constraints"

    // The device a credential names.
    case commonNameMissing = "login.common-name-missing"
    case commonNameColon = "login.common-name-colon"
    case commonNameUnusable = "login.common-name-unusable"
    case deviceUnknown = "login.device-unknown"
    case deviceDisabled = "login.device-disabled"
    case deviceTakesNoCertificates = "login.device-takes-no-certificates"
    case registrationFailed = "login.registration-failed"

    // Client ids.
    case clientIDMismatch = "login.client-id-mismatch"
    case clientIDWithoutUser = "login.client-id-without-user"
    case clientIDNotDevice = "login.client-id-not-device"
    case clientIDOfDevice = "login.client-id-of-device"

    // The login itself.
    case loginsWaiting = "login.too-many-waiting"
    case registryFailed = "login.registry-failed"
    case registryChanged = "login.registry-changed"
    case loginSourceChanged = "login.source-changed"

    // What a connection stood on was taken back.
    case withdrawnTenant = "withdrawn.tenant"
    case withdrawnAccount = "withdrawn.account"
    case withdrawnDevice = "withdrawn.device"
    case withdrawnCredential = "withdrawn.credential"
    case withdrawnAnchor = "withdrawn.anchor"
    case withdrawnCertificate = "withdrawn.certificate"
    case withdrawnToken = "withdrawn.token"
    case withdrawnByTime = "withdrawn.by-time"
    case kicked = "withdrawn.kicked"

    // Topics.
    case accessUnrestricted = "access.unrestricted"
    case accessRule = "access.acl-allowed"
    case accessDenied = "access.acl-denied"
    case accessNoRule = "access.acl-no-rule"
    case accessNotDenied = "access.subscription-not-denied"
    case accessUnsafeName = "access.unsafe-name"
    case accessOwnTenant = "access.own-tenant"
    case accessRuleAllows = "access.rule-allows"
    case accessRuleDenies = "access.rule-denies"
    case accessOtherDevice = "access.other-device"
    case accessReserved = "access.reserved-topic"
    case sysReadOnly = "access.sys-read-only"
    case sysForbidden = "access.sys-forbidden"

    // CONNECT.
    case serverShuttingDown = "connect.server-shutting-down"
    case protocolVersion = "connect.protocol-version"
    case authenticationMethod = "connect.authentication-method"
    case willQoS = "connect.will-qos"
    case willRetain = "connect.will-retain"
    case clientIDTooLong = "connect.client-id-too-long"
    case userNameTooLong = "connect.user-name-too-long"
    case memoryClient = "connect.client-memory"
    case memoryTenant = "connect.tenant-memory"
    case memoryDaemon = "connect.memory"
    case willTopicTooLong = "connect.will-topic-too-long"
    case connectionsPerTenant = "connect.connections-per-tenant"
    case sessionsStored = "connect.sessions-stored"
    case tenantsMax = "connect.tenants"
    case anotherIdentity = "connect.another-identity"

    // Calls of the API.
    case apiCredentialsMissing = "api.credentials-missing"
    case apiCredentialsWrong = "api.credentials-wrong"
    case apiAuthorizationMalformed = "api.authorization-malformed"
    case apiRoleMissing = "api.role-missing"
    case apiForeignTenant = "api.foreign-tenant"
    case apiManagementOnly = "api.management-only"
    case apiPasswordChangeDue = "api.password-change-due"
    case apiChainUnreadable = "api.chain-unreadable"
    case apiChainForeign = "api.chain-foreign"
    case apiNoSuchCall = "api.no-such-call"
    case apiMethod = "api.method-not-allowed"
    case apiNotAcceptable = "api.not-acceptable"
    case apiMediaType = "api.media-type"
    case apiBodyTooLarge = "api.body-too-large"
    case apiBodyMalformed = "api.body-malformed"
    case apiBodyInvalid = "api.body-invalid"
    case apiParameterInvalid = "api.parameter-invalid"
    case apiUnknownTenant = "api.unknown-tenant"
    case apiUnknownObject = "api.unknown-object"
    case apiDuplicate = "api.duplicate"
    case apiConflict = "api.conflict"
    case apiLimit = "api.limit"
    case apiOptionFixed = "api.option-fixed"
    case apiOptionValue = "api.option-value"
    case apiBulkFile = "api.bulk-file"
    case apiCredentialsRefused = "api.credentials-refused"
    case apiOwnSecretNeeded = "api.own-secret-needed"
    case apiStorage = "api.storage"
    case apiBulkRunning = "api.bulk-running"
    case apiEnding = "api.ending"
    case apiUnexpected = "api.unexpected"

    // Certificates a tenant trusts or revokes.
    case trustUnreadable = "trust.unreadable"
    case trustVersion = "trust.version"
    case trustNotAuthority = "trust.not-authority"
    case trustExpired = "trust.expired"
    case trustDefective = "trust.defective"
    case trustCodeMissing = "trust.code-missing"
    case trustCodeExpired = "trust.code-expired"
    case trustProofWrong = "trust.proof-wrong"
    case trustProofOfCertificates = "trust.proof-of-certificates"
    case trustPending = "trust.pending"
    case trustRevocationInvalid = "trust.revocation-invalid"
    case trustAuthorityMissing = "trust.authority-missing"
    case trustAuthorityExists = "trust.authority-exists"

    // Devices that are registered one by one.
    case registrationOfCertificateDevice = "registration.certificate-device"
    case registrationExists = "registration.exists"
    case registrationWaiting = "registration.waiting"
    case registrationToken = "registration.security-token"
    case registrationOrder = "registration.order"

    // Devices that fetch their certificates here.
    case enrolmentGrace = "enrolment.grace"
    case enrolmentTenantUnknown = "enrolment.tenant-unknown"
    case enrolmentNoAuthority = "enrolment.no-authority"
    case enrolmentCodeExpired = "enrolment.code-expired"
    case enrolmentNoDevice = "enrolment.no-device"
    case enrolmentRequestUnreadable = "enrolment.request-unreadable"
    case enrolmentSignature = "enrolment.signature"
    case enrolmentName = "enrolment.name"
    case enrolmentAuthorityWanted = "enrolment.authority-wanted"
    case enrolmentWeakKey = "enrolment.weak-key"

    /// What happened, as a sentence without full stop.
    public var sentence: String { ReasonCatalogue.entry(self).sentence }
    /// What to do about it.
    public var hint: String { ReasonCatalogue.entry(self).hint }

    /// The sentence for the client itself.
    ///
    /// It does not tell which users and tokens exist.
    public var publicSentence: String {
        switch self {
        case .unknownUser, .badPassword, .passwordNotSet, .accessTokenUnknown, .tenantUnknown,
            .tokenSubjectGone, .certificateOfOtherTenant:
            "the user name or the password is wrong"
        default: sentence
        }
    }

    /// Somebody may have guessed: such refusals are counted against the source.
    public var isGuess: Bool {
        switch self {
        case .unknownUser, .badPassword, .passwordNotSet, .accessTokenUnknown, .tenantUnknown,
            .tenantMissing, .tokenMalformed, .tokenKeyUnknown, .tokenSignature, .tokenSubjectGone,
            .tokenUserMismatch, .scramNonce:
            true
        default: false
        }
    }
}
