// SPDX-License-Identifier: Apache-2.0
// The noun `ca` with its verbs.

enum AuthorityCommand {
    static let command = Command.noun(
        "ca",
        "an authority in a folder, in the form of openssl ca",
        [
            InitVerb.verb.command, IntermediateVerb.verb.command, IssueVerb.verb.command,
            SignVerb.verb.command, RevokeVerb.verb.command, RevocationListVerb.verb.command,
            ListVerb.verb.command, StatusVerb.verb.command, RenewVerb.verb.command,
            AdoptVerb.verb.command,
        ]
    )
}
