// SPDX-License-Identifier: Apache-2.0
// The noun `keystore` with its verbs.

enum KeystoreNoun {
    static let command = Command.noun(
        "keystore",
        "keystores and truststores of Java and OpenSSL: JKS and PKCS #12",
        [
            CreateStoreVerb.verb.command, ListStoreVerb.verb.command,
            ImportKeyVerb.verb.command, ImportTrustVerb.verb.command,
            ExportEntryVerb.verb.command, ConvertStoreVerb.verb.command,
            ChangePasswordVerb.verb.command, DeleteEntryVerb.verb.command,
            RenameEntryVerb.verb.command,
        ]
    )
}
