// SPDX-License-Identifier: Apache-2.0
// Whether who calls may do this call, and in which tenant it happens.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// Judges roles and tenants by the row of the table.
struct Authorization {
    let context: AdminContext

    /// The tenant that is meant; nil for calls that ask for no credentials.
    func tenant(
        of operation: Operation,
        _ caller: Caller?,
        named id: Name?,
        _ request: AdminRequest,
        _ now: Int64
    ) throws(APIError) -> Tenant? {
        guard let caller else { return nil }
        do throws(APIError) {
            let tenant = try meant(operation.admission.reach, caller, id)
            if caller.account?.mustChangePassword == true, !operation.isOpenBeforePasswordChange {
                throw APIError(.forbidden, .apiPasswordChangeDue)
            }
            guard caller.holds(operation.admission.roles) else {
                let names = operation.admission.roles.map(\.rawValue).sorted()
                throw APIError(.forbidden, .apiRoleMissing, names.joined(separator: " or "))
            }
            return tenant
        } catch {
            if error.status == .forbidden { note(error, operation, caller, request, now) }
            throw error
        }
    }

    private func meant(
        _ reach: Admission.Reach,
        _ caller: Caller,
        _ id: Name?
    ) throws(APIError) -> Tenant {
        if reach == .management, !caller.tenant.isManagement {
            throw APIError(.forbidden, .apiManagementOnly)
        }
        guard let id, id != caller.tenant.id else { return caller.tenant }
        // Only the management tenant learns which others exist.
        guard caller.tenant.isManagement else {
            throw APIError(.forbidden, .apiForeignTenant, id.text)
        }
        let registry = context.registry
        let tenant = try asking { () throws(RegistryError) in try registry.tenant(id: id) }
        guard let tenant else { throw APIError(.notFound, .apiUnknownTenant, id.text) }
        if reach == .own { throw APIError(.forbidden, .apiForeignTenant, id.text) }
        return tenant
    }

    private func note(
        _ error: APIError,
        _ operation: Operation,
        _ caller: Caller,
        _ request: AdminRequest,
        _ now: Int64
    ) {
        var record = DecisionRecord(
            time: now &* 1000,
            act: "call",
            isAllowed: false,
            reasons: [error.reason]
        )
        record.tenant = caller.tenant.number
        record.protocolName = "http"
        record.listener = request.listener
        record.peer = request.peerAddress
        record.user = caller.user
        record.device = caller.device?.identifier ?? .empty
        record.subject = Name(operation.id)
        context.sessions.note(record)
    }
}
