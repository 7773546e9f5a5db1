// SPDX-License-Identifier: Apache-2.0
// The words of refusals about user names, passwords, tenants and tokens.

extension ReasonCatalogue {
    /// Users, passwords and tenants.
    static func user(_ code: ReasonCode) -> Words? {
        switch code {
        case .unknownUser:
            (
                "there is no such user",
                "add it to the password file with mosquitto_passwd, or as an account or device of "
                    + "the tenant"
            )
        case .badPassword: ("the password is wrong", "give the client the right one, or set a new")
        case .passwordMissing:
            ("a user name came without password", "give the client its password")
        case .passwordNotSet:
            ("the user has no password", "set one, or connect with another credential")
        case .noPasswords:
            (
                "the listener has no password file, so no user name can be checked",
                "set password-file, or connect with a certificate"
            )
        case .passwordsNotTaken:
            (
                "the listener takes no user names",
                "connect with a certificate, or let the listener take passwords or tokens"
            )
        case .accountDisabled: ("the account is disabled", "enable it")
        case .messagingForbidden:
            (
                "the account may not use the messaging protocols",
                "give it ROLE_MESSAGING"
            )
        case .accessTokenUnknown:
            (
                "no device has this access token, and there is no password",
                "take the token from the device's credentials, or give a password"
            )
        case .anonymousForbidden:
            (
                "the listener takes no clients without credentials",
                "give the client a user and a password, or set anonymous = true"
            )
        case .tooManyGuesses:
            (
                "too many logins failed from this address",
                "wait a minute, and correct the credentials of what connects from there"
            )
        default: tenant(code)
        }
    }

    private static func tenant(_ code: ReasonCode) -> Words? {
        switch code {
        case .tenantMissing:
            (
                "the user name does not tell the tenant, and the listener has none of its own",
                "write tenant/user, or set tenant of the listener"
            )
        case .tenantUnknown: ("there is no such tenant", "correct the name before the user name")
        case .tenantDisabled: ("the tenant is disabled", "let the management tenant enable it")
        case .tenantOfListener:
            (
                "the listener belongs to another tenant",
                "connect to a listener of this tenant, or to one of all tenants"
            )
        default: nil
        }
    }

    /// Tokens and enhanced authentication.
    static func token(_ code: ReasonCode) -> Words? {
        switch code {
        case .tokenMalformed:
            ("the token is not one of ours", "send a token as it was given, whole")
        case .tokenKeyUnknown:
            ("the token is signed with a key that is not kept any more", "fetch a new token")
        case .tokenSignature:
            ("the signature of the token is not right", "fetch a new token")
        case .tokenExpired: ("the token has expired", "fetch a new token before half of its life")
        case .tokenNotYetValid:
            ("the token is not valid yet", "check the clocks of both sides")
        case .tokenWithdrawn: ("the token was withdrawn", "log in again")
        case .tokenEnded:
            (
                "what the token was given for has ended: a new password, a credential that was "
                    + "changed, being disabled, or logging out",
                "log in again"
            )
        case .tokenUsed:
            (
                "the refresh token was used before, so everything that came of its login has ended",
                "log in again; if nobody did this on purpose, the token was stolen"
            )
        case .tokenUnbound:
            ("the token is of a version that did not bind tokens to their owner", "log in again")
        case .tokenUse:
            ("the token is not for logging in", "use the access token instead of the other one")
        case .tokenSubjectGone:
            ("the token's user is gone or disabled", "register the device or enable the account")
        case .tokenUserMismatch:
            (
                "the user name is not the token's",
                "leave the user name away, or send that of the token"
            )
        case .scramMalformed:
            ("the SCRAM message cannot be read", "see RFC 5802 for its form")
        case .scramChannelBinding:
            (
                "the client asks for channel binding, which is not offered",
                "use SCRAM-SHA-256 without binding"
            )
        case .scramExtension:
            ("the client demands an extension of SCRAM", "switch it off")
        case .scramAuthorization:
            ("the client wants to act for another user", "leave the authorization name away")
        case .scramNonce:
            ("the nonce of the last message is not that of the exchange", "begin anew")
        default: nil
        }
    }
}
