// SPDX-License-Identifier: Apache-2.0
// From the settings of a listener to the rules its clients are judged by. Not here: reading files;
// the caller gives their bytes, and keeps the old rules when there are faults.

public import SealBroker
internal import SealBytes

extension ListenerSettings {
    /// The rules of access, or what is wrong with the files; `read` gives the bytes of a file.
    ///
    /// A faulty line of a password file shuts out one user and is a warning; a faulty line of an
    /// ACL file could open a door and is an error.
    public func accessRules(
        read: (String) -> [UInt8]?
    ) throws(ConfigurationErrors) -> (rules: AccessRules, warnings: [ConfigurationError]) {
        var rules = AccessRules()
        var faults: [ConfigurationError] = []
        var warnings: [ConfigurationError] = []
        rules.allowsAnonymous = allowsAnonymous
        if usesRegistry {
            rules.source = .registry
            rules.registry.tenant = tenant.isEmpty ? nil : Name(tenant)
            rules.registry.precedence = preferred
            rules.registry.chainLengthMax = chainLengthMax
            let takesCertificates = isTLS && clientCertificates != .off
            rules.registry.takesPinnedCertificates = takesCertificates
            rules.registry.takesTrustedCertificates = takesCertificates
            rules.registry.demand =
                switch isTLS ? clientCertificates : .off {
                case .off, .ask: .nothing
                case .verify: .goodIfShown
                case .require: .good
                }
            // A request's own field names who calls.
            if service == .api { rules.registry.precedence = .password }
            // An API has roles for each call.
            rules.registry.needsMessagingRole = service == .mqtt
        }
        rules.identity = isTLS ? identity : .none
        rules.clientIDRule = clientIDRule
        rules.sysReaders =
            switch sysTopics {
            case .off: .nobody
            case .on: .everybody
            case .users: .users(Set(sysUsers.map { Name($0) }))
            }
        if let passwordFile {
            if let bytes = read(passwordFile) {
                let table = PasswordTable(parsing: bytes, file: passwordFile)
                warnings = table.faults.map(Self.error)
                rules.passwords = table
            } else {
                faults.append(Self.unreadable(passwordFile))
            }
        }
        if let aclFile {
            if let bytes = read(aclFile) {
                let (policy, found) = Policy.parse(bytes, file: aclFile)
                if let policy { rules.policy = policy }
                faults += found.map(Self.error)
            } else {
                faults.append(Self.unreadable(aclFile))
            }
        }
        guard faults.isEmpty else { throw ConfigurationErrors(faults) }
        return (rules, warnings)
    }

    private static func error(_ fault: AccessFileFault) -> ConfigurationError {
        ConfigurationError(
            .accessFile,
            file: fault.file,
            line: fault.line,
            column: 1,
            message: fault.message
        )
    }

    private static func unreadable(_ path: String) -> ConfigurationError {
        ConfigurationError(.fileUnreadable, file: path, message: "\(path) cannot be read")
    }
}
