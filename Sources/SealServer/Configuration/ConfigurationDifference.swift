// SPDX-License-Identifier: Apache-2.0
// What changed between two configurations, key by key, and when it takes effect. Made of the rows
// of the settings table, so that no setting can be forgotten.

/// One changed key.
public struct SettingChange: Sendable, Equatable {
    /// The key with its section: `limits.packet-bytes`, `listener.mqtts.port`.
    public var path: String
    /// The old value as written in a file; empty when there was none.
    public var old: String
    /// The new value as written in a file; empty when there is none.
    public var new: String
    /// When the new value takes effect.
    public var applies: Applies

    /// A line for people.
    public var text: String {
        let when = applies == .restart ? "needs restart" : "applies now"
        let whom = applies == .newConnections ? ", to new connections" : ""
        return "\(path): \(old.isEmpty ? "none" : old) -> \(new.isEmpty ? "none" : new) "
            + "(\(when)\(whom))"
    }
}

extension Configuration {
    /// Every key in which two configurations differ; listeners are compared by name.
    public static func difference(
        from old: Configuration,
        to new: Configuration
    ) -> [SettingChange] {
        var changes: [SettingChange] = []
        for listener in new.listeners {
            guard let before = old.listeners.first(where: { $0.name == listener.name }) else {
                changes.append(
                    SettingChange(
                        path: "listener.\(listener.name)",
                        old: "",
                        new: "added",
                        applies: .restart
                    )
                )
                continue
            }
            let prefix = "listener.\(listener.name)"
            changes += rowChanges(ListenerSettings.settings, before, listener, prefix)
            changes += identityChanges(before, listener, prefix)
        }
        for listener in old.listeners
        where !new.listeners.contains(where: { $0.name == listener.name }) {
            changes.append(
                SettingChange(
                    path: "listener.\(listener.name)",
                    old: "present",
                    new: "removed",
                    applies: .restart
                )
            )
        }
        for section in sections { changes += rowChanges(section.rows, old, new, section.name) }
        return changes
    }

    private static func identityChanges(
        _ old: ListenerSettings,
        _ new: ListenerSettings,
        _ prefix: String
    ) -> [SettingChange] {
        var changes: [SettingChange] = []
        for index in 0..<max(old.identities.count, new.identities.count) {
            let before = index < old.identities.count ? old.identities[index] : ListenerIdentity()
            let after = index < new.identities.count ? new.identities[index] : ListenerIdentity()
            changes += rowChanges(
                ListenerIdentity.settings,
                before,
                after,
                "\(prefix).identity.\(index + 1)"
            )
        }
        return changes
    }

    private static func rowChanges<Part>(
        _ rows: [Setting<Part>],
        _ old: Part,
        _ new: Part,
        _ prefix: String
    ) -> [SettingChange] {
        rows.compactMap { row in
            let before = row.get(old)
            let after = row.get(new)
            guard before != after else { return nil }
            return SettingChange(
                path: "\(prefix).\(row.name)",
                old: row.kind.write(before),
                new: row.kind.write(after),
                applies: row.applies
            )
        }
    }

    /// The running configuration after a reload: new values where they apply, old ones where a
    /// restart is needed.
    public static func merged(running old: Configuration, with new: Configuration) -> Configuration
    {
        var result = new
        result.listeners = old.listeners.map { before in
            // With and without TLS have different rules: half of each would be neither.
            guard var after = new.listeners.first(where: { $0.name == before.name }),
                after.isTLS == before.isTLS
            else { return before }
            for row in ListenerSettings.settings where row.applies == .restart {
                row.put(&after, row.get(before))
            }
            return after
        }
        for section in sections {
            for row in section.rows where row.applies == .restart {
                row.put(&result, row.get(old))
            }
        }
        return result
    }
}
