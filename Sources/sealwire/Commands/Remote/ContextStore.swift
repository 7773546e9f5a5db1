// SPDX-License-Identifier: Apache-2.0
// The servers that somebody has logged in to: `~/.config/sealwire/contexts.json`, readable by
// nobody else. Tokens are in it, passwords and keys never.

import Glibc
import SealBytes
import SealPKI

/// One server as somebody knows it.
struct SavedContext: Sendable {
    var name: String
    /// Where the server is.
    var url: String
    /// The tenant of the account.
    var tenant: String
    /// The account.
    var user: String
    /// What calls are made with.
    var token: String
    /// When the token ends, as the server wrote it.
    var expiresAt: String
    /// Whom to trust; nil is whom the system trusts.
    var authorityFile: String?
    /// A certificate to show in TLS.
    var certificateFile: String?
    /// The key of that certificate.
    var keyFile: String?

    /// As it is kept.
    var json: JSONValue {
        var members: JSONObject = [
            "name": .string(name), "url": .string(url), "tenant": .string(tenant),
            "user": .string(user), "token": .string(token), "expiresAt": .string(expiresAt),
        ]
        if let authorityFile { members["caFile"] = .string(authorityFile) }
        if let certificateFile { members["certificate"] = .string(certificateFile) }
        if let keyFile { members["key"] = .string(keyFile) }
        return .object(members)
    }

    /// As it is shown: without the token.
    var shown: JSONObject {
        var members = json.members ?? JSONObject()
        members["token"] = nil
        return members
    }

    init(
        name: String,
        url: String,
        tenant: String,
        user: String,
        token: String,
        expiresAt: String
    ) {
        self.name = name
        self.url = url
        self.tenant = tenant
        self.user = user
        self.token = token
        self.expiresAt = expiresAt
    }

    init?(_ json: JSONValue) {
        guard let name = json["name"]?.text, let url = json["url"]?.text,
            let tenant = json["tenant"]?.text, let user = json["user"]?.text,
            let token = json["token"]?.text
        else { return nil }
        self.init(
            name: name,
            url: url,
            tenant: tenant,
            user: user,
            token: token,
            expiresAt: json["expiresAt"]?.text ?? ""
        )
        authorityFile = json["caFile"]?.text
        certificateFile = json["certificate"]?.text
        keyFile = json["key"]?.text
    }
}

/// All servers that somebody knows.
struct ContextStore {
    /// Them, in the order they came.
    private(set) var all: [SavedContext] = []
    /// The one that is used when none is named.
    private(set) var current: String?
    private let path: String

    /// Reads the file; without one there are none.
    init() throws(CommandFailure) {
        path = try Self.filePath()
        var about = stat()
        // SAFETY: the out-parameter is a local variable.
        guard unsafe stat(path, &about) == 0 else { return }
        guard about.st_mode & 0o077 == 0 else {
            throw CommandFailure(
                RemoteExit.configuration,
                "\(path) holds tokens and others may read it",
                hint: "chmod 600 \(path), then log in again"
            )
        }
        let content: JSONValue
        do {
            content = try JSONValue(parsing: try Files.read(path, bytesMax: 1 << 20))
        } catch {
            throw CommandFailure(
                RemoteExit.configuration,
                "\(path) cannot be read: \(error)",
                hint: "remove the file and log in again"
            )
        }
        current = content["current"]?.text
        all = (content["contexts"]?.elements ?? []).compactMap(SavedContext.init)
    }

    private static func filePath() throws(CommandFailure) -> String {
        if let folder = variable("XDG_CONFIG_HOME"), folder.hasPrefix("/") {
            return folder + "/sealwire/contexts.json"
        }
        guard let home = variable("HOME"), !home.isEmpty else {
            throw CommandFailure(
                RemoteExit.configuration,
                "HOME is not set, so there is no place for contexts"
            )
        }
        return home + "/.config/sealwire/contexts.json"
    }

    static func variable(_ name: String) -> String? {
        // SAFETY: the text is copied at once.
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// The context that is meant: the one named, that of `SEALWIRE_CONTEXT`, or the current one.
    func wanted(_ name: String?) throws(CommandFailure) -> SavedContext {
        guard let wanted = name ?? Self.variable("SEALWIRE_CONTEXT") ?? current else {
            throw CommandFailure(
                RemoteExit.configuration,
                "there is no server to talk to",
                hint: "sealwire login https://host:port --user TENANT/USER"
            )
        }
        guard let found = all.first(where: { $0.name == wanted }) else {
            throw Self.unknown(wanted)
        }
        return found
    }

    private static func unknown(_ name: String) -> CommandFailure {
        CommandFailure(
            RemoteExit.configuration,
            "there is no context '\(name)'",
            hint: "sealwire ctx list shows them all"
        )
    }

    /// Keeps a context, in the place of one of the same name, and makes it the current one.
    mutating func keep(_ context: SavedContext) throws(CommandFailure) {
        if let index = all.firstIndex(where: { $0.name == context.name }) {
            all[index] = context
        } else {
            all.append(context)
        }
        current = context.name
        try save()
    }

    /// Makes another one the current one.
    mutating func use(_ name: String) throws(CommandFailure) {
        guard all.contains(where: { $0.name == name }) else { throw Self.unknown(name) }
        current = name
        try save()
    }

    /// Forgets one.
    mutating func remove(_ name: String) throws(CommandFailure) {
        guard let index = all.firstIndex(where: { $0.name == name }) else {
            throw Self.unknown(name)
        }
        all.remove(at: index)
        if current == name { current = nil }
        try save()
    }

    private func save() throws(CommandFailure) {
        let content: JSONValue = [
            "v": 1, "current": .string(orNull: current), "contexts": .array(all.map(\.json)),
        ]
        let folder = path.prefix { _ in true }.split(separator: "/").dropLast()
        var made = ""
        for part in folder {
            made += "/" + part
            _ = mkdir(made, 0o700)
        }
        do {
            try Files.write(content.bytes + [UInt8(ascii: "\n")], to: path, mode: 0o600)
        } catch {
            throw CommandFailure(RemoteExit.configuration, error.reason)
        }
    }
}
