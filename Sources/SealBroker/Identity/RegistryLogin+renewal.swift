// SPDX-License-Identifier: Apache-2.0
// A client of a tenant judged again, after the rules of its listener changed. What changed in the
// registry itself is told by `IdentityChange`s.

/// Why somebody is not let in.
struct LoginRefusal: Error, Sendable {
    /// The reasons, the most telling first.
    var reasons: [Reason]

    init(_ code: ReasonCode, _ detail: String = "") {
        reasons = [Reason(code, detail: detail)]
    }

    init(_ reasons: [Reason]) { self.reasons = reasons }
}

extension RegistryLogin {
    /// The same client with the new rules, or why it must go.
    static func renew(_ principal: Principal, _ new: AccessRules) -> LoginStep {
        let rules = new.registry
        if let tenant = rules.tenant, tenant != principal.tenantID {
            return .refused([Reason(.tenantOfListener, detail: principal.tenantID.text)])
        }
        if !rules.takes(principal.method), principal.method != .anonymous || !new.allowsAnonymous {
            return .refused([Reason(.loginSourceChanged, detail: principal.method.rawValue)])
        }
        let path = principal.reliance.certificates
        if principal.method == .certificate, path.count > rules.chainLengthMax {
            return .refused([Reason(.chainTooLong, detail: "\(path.count) certificates")])
        }
        if let mark = path.first(where: rules.revoked.contains) {
            return .refused([Reason(.certificateRevoked, detail: "serial \(mark.serial)")])
        }
        return .accepted(principal)
    }
}

extension RegistryLoginRules {
    /// Logins of this kind are taken; whether anonymous ones are, stands elsewhere.
    func takes(_ method: LoginMethod) -> Bool {
        switch method {
        case .certificate: takesTrustedCertificates
        case .pinnedCertificate: takesPinnedCertificates
        case .accessToken: takesAccessTokens
        case .basic, .password, .scram: takesPasswords
        case .jwt: takesWebTokens
        case .anonymous: false
        }
    }
}
