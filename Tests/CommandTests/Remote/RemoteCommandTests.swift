// SPDX-License-Identifier: Apache-2.0
// The commands that talk to a server: what they ask, what they print, and how they end.

import Foundation
import SealBytes
import SealHTTP
import SealPKI
import Testing

@Suite("Commands that talk to a server")
struct RemoteCommandTests {
    @Test("login keeps a token that nobody else can read, and no password")
    func login() throws {
        let stage = try APIStage()
        let done = try stage.login("--name plant --json")
        #expect(done.exitCode == 0, "\(done.errors)")
        let shown = try JSONValue(parsing: Array(done.output.utf8))
        #expect(shown["v"] == 1 && shown["name"] == "plant" && shown["tenant"] == "t1")
        #expect(shown["user"] == "t1/ada" && shown["token"] == nil)
        let path = stage.home + "/.config/sealwire/contexts.json"
        let kept = try String(contentsOfFile: path, encoding: .utf8)
        #expect(kept.contains(APIStage.token) && !kept.contains("s3cret"))
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        let list = try stage.run("ctx list")
        #expect(list.output.contains("*") && list.output.contains("plant"))
        #expect(!list.output.contains(APIStage.token))
    }

    @Test("a wrong password, no user and a file that others may read each end in their own way")
    func badLogins() throws {
        let stage = try APIStage()
        let wrong = try stage.run(
            "login \(stage.url) --user t1/ada --password-env SECRET",
            environment: ["SECRET": "wrong"]
        )
        #expect(wrong.exitCode == 77 && wrong.output.isEmpty)
        #expect(wrong.errors.contains("sealwire: error: user name or password is wrong"))
        #expect(wrong.errors.contains("code: api.credentials"))
        #expect(try stage.run("login \(stage.url)").exitCode == 64)
        #expect(try stage.run("login ftp://x --user a").exitCode == 64)
        #expect(try stage.run("login https://a:b@x --user a").exitCode == 64)
        #expect(try stage.run("tenant list").exitCode == 78)
        try stage.login()
        let path = stage.home + "/.config/sealwire/contexts.json"
        chmod(path, 0o644)
        let open = try stage.run("ctx list")
        #expect(open.exitCode == 78 && open.errors.contains("chmod 600"))
    }

    @Test("contexts are used by name, by variable, and forgotten")
    func contexts() throws {
        let stage = try APIStage([
            "GET /api/v1/audit": .init(json: ["records": [], "hasMore": false])
        ])
        try stage.login("--name one")
        try stage.login("--name two")
        #expect(try stage.run("ctx use one").exitCode == 0)
        #expect(try stage.run("audit --context two").exitCode == 0)
        let byVariable = try stage.run("audit", environment: ["SEALWIRE_CONTEXT": "three"])
        #expect(byVariable.exitCode == 78 && byVariable.errors.contains("'three'"))
        #expect(try stage.run("ctx remove one").exitCode == 0)
        #expect(try stage.run("audit").exitCode == 78)
        #expect(try stage.run("ctx remove one").exitCode == 78)
    }

    @Test("a list is read page by page, as a table or as lines of JSON")
    func lists() throws {
        let stage = try APIStage([
            "GET /api/v1/devices": .init(
                json: [
                    "devices": [
                        ["identifier": "a\u{1b}b", "enabled": true],
                        ["identifier": "c", "enabled": false],
                    ], "hasMore": true,
                ]
            )
        ])
        try stage.login()
        let lines = try stage.run("device list --json --limit 3 --type x")
        #expect(lines.exitCode == 0, "\(lines.errors)")
        let rows = lines.output.split(separator: "\n")
        #expect(rows.count == 3)
        for row in rows {
            let value = try JSONValue(parsing: Array(row.utf8))
            #expect(value["v"] == 1 && value["identifier"] != nil)
        }
        #expect(
            stage.requests.filter { $0.contains("/devices") } == [
                "GET /api/v1/devices?type=x&offset=0&limit=3 ",
                "GET /api/v1/devices?type=x&offset=2&limit=1 ",
            ]
        )
        let table = try stage.run("device list --limit 2")
        #expect(table.output.contains("DEVICE") && !table.output.contains("\u{1b}"))
    }

    @Test("what takes something away asks, unless it is told not to")
    func asking() throws {
        let stage = try APIStage([
            "DELETE /api/v1/devices/a%20b%2Fc": .init(
                status: .noContent,
                fields: ["X-Sealwire-Ended-Connections": "2"]
            )
        ])
        try stage.login()
        // `setsid` takes the terminal away.
        let silent = try Shell.run(
            "/usr/bin/setsid",
            ["-w", Paths.program, "device", "remove", "a b/c"],
            environment: ["HOME": stage.home]
        )
        #expect(silent.exitCode == 64 && silent.errors.contains("--yes"))
        let rehearsal = try stage.run("device remove 'a b/c' --dry-run")
        #expect(rehearsal.exitCode == 0)
        #expect(rehearsal.output.contains("would send DELETE /api/v1/devices/a%20b%2Fc"))
        #expect(!stage.requests.contains { $0.hasPrefix("DELETE") })
        let done = try stage.run("device remove 'a b/c' --yes")
        #expect(done.output == "device a b/c is removed; 2 connections were ended\n")
        let json = try stage.run("device remove 'a b/c' --yes --json --tenant t2")
        #expect(json.output == "{\"v\":1,\"removed\":\"a b/c\",\"endedConnections\":2}\n")
        #expect(stage.requests.last == "DELETE /api/v1/devices/a%20b%2Fc?tenant=t2 ")
        let unknown = try stage.run("device remove nobody --yes")
        #expect(unknown.exitCode == 67 && unknown.errors.contains("code: api.unknown-object"))
    }

    @Test(
        "each refusal of the server has its exit code",
        arguments: [
            (.badRequest, 65), (.unauthorized, 77), (.forbidden, 77), (.notFound, 67),
            (.methodNotAllowed, 76), (.conflict, 1), (.contentTooLarge, 65),
            (.unprocessableContent, 65), (.tooManyRequests, 75), (.internalServerError, 70),
            (.serviceUnavailable, 75), (Status(302, "Found"), 76),
        ] as [(Status, Int32)]
    )
    func exitCodes(status: Status, exitCode: Int32) throws {
        let answer = APIStage.Canned(
            status: status,
            json: ["detail": "no", "reason": "some.code"],
            fields: ["Location": "https://elsewhere.example/"]
        )
        let stage = try APIStage(["GET /api/v1/tenants/t1": answer])
        try stage.login()
        let done = try stage.run("tenant show t1")
        #expect(done.exitCode == exitCode && done.output.isEmpty)
        #expect(done.errors.contains("error: no\n") && done.errors.contains("code: some.code\n"))
    }

    @Test("a server that is not there, and one that speaks something else, are told apart")
    func noServer() throws {
        let stage = try APIStage(["GET /api/v1/policy": .init(json: "no object")])
        try stage.login()
        let path = stage.home + "/.config/sealwire/contexts.json"
        let kept = try String(contentsOfFile: path, encoding: .utf8)
        let moved = kept.replacingOccurrences(of: stage.url, with: "http://127.0.0.1:1")
        try Files.write(Array(moved.utf8), to: path, mode: 0o600)
        let gone = try stage.run("policy list")
        #expect(gone.exitCode == 69 && gone.errors.contains("hint: "))
        try Files.write(Array("{".utf8), to: path, mode: 0o600)
        #expect(try stage.run("policy list").exitCode == 78)
    }

    @Test("rules are read from lines and from JSON, and a question is answered with its rule")
    func policy() throws {
        let rule: JSONValue = [
            "effect": "deny", "act": "publish", "filter": "plant/+/command", "subject": "devices",
        ]
        let stage = try APIStage([
            "GET /api/v1/policy": .init(json: ["rules": [rule]]),
            "PUT /api/v1/policy": .init(json: ["rules": [rule]]),
            "POST /api/v1/policy/test": .init(
                json: [
                    "allowed": false, "topic": "x",
                    "reasons": [
                        ["sentence": "a rule denies it", "hint": "", "reason": "policy.denied"]
                    ],
                ]
            ),
        ])
        try stage.login()
        let listed = try stage.run("policy list")
        #expect(listed.output == "deny publish plant/+/command devices\n")
        let set = try stage.run(
            "policy set - --yes",
            input: "# comment\n\ndeny publish plant/+/command devices\nallow both #\n"
        )
        #expect(set.exitCode == 0, "\(set.errors)")
        let sent = stage.requests.last ?? ""
        #expect(sent.contains("{\"rules\":[\(rule.line),{\"effect\":\"allow\",\"act\":\"both\""))
        let again = try stage.run("policy set - --yes", input: "{\"rules\":[\(rule.line)]}")
        #expect(again.exitCode == 0 && stage.requests.last?.hasSuffix("[\(rule.line)]}") == true)
        #expect(try stage.run("policy set - --yes", input: "deny publish\n").exitCode == 65)
        #expect(try stage.run("policy set /no/such --yes").exitCode == 66)
        let test = try stage.run("policy test --device d1 publish plant/1/command")
        #expect(test.exitCode == 1)
        #expect(test.output == "not allowed\n  a rule denies it (policy.denied)\n")
        #expect(try stage.run("policy test --device d1 eat x").exitCode == 64)
    }

    @Test("a file of devices is sent as it is, and refused rows are named")
    func importing() throws {
        let stage = try APIStage([
            "POST /devicecontrol/bulkNewDeviceRequests": .init(
                status: .created,
                json: [
                    "numberOfAll": 2, "numberOfCreated": 1, "numberOfSuccessful": 1,
                    "numberOfFailed": 1,
                    "failedCreationList": [["failureReason": "line 3: no password"]],
                ]
            )
        ])
        try stage.login()
        let text = "ID;CREDENTIALS\r\na;secret-1\r\nb;\r\n"
        try Files.write(Array(text.utf8), to: stage.home + "/devices.csv")
        let done = try stage.run("device import \(stage.home)/devices.csv")
        #expect(done.exitCode == 1)
        #expect(done.output == "2 rows: 1 device made, 0 changed, 1 refused\n")
        #expect(done.errors.contains("refused: line 3: no password"))
        let sent = stage.requests.last ?? ""
        #expect(sent.contains("name=\"file\"; filename=\"devices.csv\"") && sent.contains(text))
    }
}

@Suite("sealwire trust")
struct TrustCommandTests {
    private static let root = "/tenant/tenants/t1/trusted-certificates"
    private static let print = "5f0c21aa00112233445566778899aabbccddeeff"

    @Test("a certificate is uploaded, found by its first digits, and its key proved")
    func story() throws {
        let authority = try CertificateAuthority.makeRoot(
            subject: DistinguishedName(commonName: "Plant CA")
        )
        let one: JSONValue = [
            "fingerprint": .string(Self.print), "name": "", "subject": "CN=Plant CA",
            "proofOfPossessionUnsignedVerificationCode": "the code",
        ]
        let pop = "/tenant/tenants/t1/trusted-certificates-pop/\(Self.print)"
        let stage = try APIStage([
            "POST \(Self.root)": .init(status: .created, json: one),
            "GET \(Self.root)": .init(json: ["certificates": [one]]),
            "PUT \(Self.root)/\(Self.print)": .init(
                json: one,
                fields: ["X-Sealwire-Ended-Connections": "1"]
            ),
            "POST \(pop)/verification-code": .init(json: one),
            "POST \(pop)/pop": .init(json: one),
        ])
        try Files.write(authority.certificate.pem, to: stage.home + "/ca.crt")
        try Files.write(authority.key.pem(), to: stage.home + "/ca.key", mode: 0o600)
        try stage.login()
        let added = try stage.run("trust add \(stage.home)/ca.crt --auto-registration --name P")
        #expect(added.exitCode == 0, "\(added.errors)")
        #expect(added.output == "\(Self.print) is trusted: CN=Plant CA\n")
        let sent = stage.requests.last ?? ""
        #expect(sent.contains("\"autoRegistrationEnabled\":true,\"name\":\"P\""))
        #expect(sent.contains("-----BEGIN CERTIFICATE-----\\n"))

        let disabled = try stage.run("trust disable 5F:0C --yes")
        #expect(disabled.output == "CN=Plant CA is disabled; 1 connection was ended\n")
        #expect(try stage.run("trust disable 77 --yes").exitCode == 67)

        let proved = try stage.run("trust prove --key \(stage.home)/ca.key 5f0c")
        #expect(proved.exitCode == 0, "\(proved.errors)")
        let body = stage.requests.last?.split(separator: " ", maxSplits: 2).last ?? ""
        let json = try JSONValue(parsing: Array(body.utf8))
        let signature = json["proofOfPossessionSignedVerificationCode"]?.text ?? ""
        let bytes = try #require(Base64.decode(signature))
        let key = try PublicKey(of: authority.certificate)
        #expect(key.verifies(bytes, of: Array("the code".utf8)))
        #expect(try stage.run("trust prove --key /no/such 5f0c").exitCode == 66)
        #expect(try stage.run("trust prove 5f0c").exitCode == 64)
    }

    @Test("trust revoke names the issuer, or sends the certificate or a file")
    func revocations() throws {
        let authority = try CertificateAuthority.makeRoot(
            subject: DistinguishedName(commonName: "Plant CA")
        )
        let path = "/tenant/trusted-certificates/settings/crl"
        let one: JSONValue = [
            "serialNumberInHex": "1000", "revocationDate": "2026-01-01T00:00:00.000Z",
            "issuer": "*", "reason": "unspecified",
        ]
        let stage = try APIStage([
            "PUT \(path)": .init(
                status: .noContent,
                json: .null,
                fields: ["X-Sealwire-Ended-Connections": "2"]
            ), "GET \(path)": .init(json: ["crls": [one]]),
        ])
        try Files.write(authority.certificate.pem, to: stage.home + "/ca.crt")
        try Files.write(Array("SERIAL NO.\n10\n".utf8), to: stage.home + "/r.csv")
        try stage.login()
        let named = try stage.run("trust revoke 1000 1001 --issuer 'CN=Plant CA' --yes")
        #expect(named.exitCode == 0, "\(named.errors)")
        #expect(named.output == "1000, 1001 is revoked; 2 connections were ended\n")
        let sent = stage.requests.last ?? ""
        #expect(sent.contains("\"issuer\":\"CN=Plant CA\""))
        #expect(sent.contains("\"serialNumberInHex\":\"1001\""))
        _ = try stage.run("trust revoke --certificate \(stage.home)/ca.crt --yes")
        #expect(stage.requests.last?.contains("\"certificate\":\"-----BEGIN CERT") == true)
        _ = try stage.run("trust revoke 7 --issuer \(stage.home)/ca.crt --narrow --yes")
        #expect(stage.requests.last?.contains("\"narrow\":true") == true)
        #expect(stage.requests.last?.contains("\"issuer\":\"-----BEGIN CERT") == true)
        let file = try stage.run("trust revoke --from \(stage.home)/r.csv --yes")
        #expect(file.exitCode == 0, "\(file.errors)")
        #expect(stage.requests.last?.contains("SERIAL NO.") == true)
        _ = try stage.run("trust release 1000 --issuer 'CN=Plant CA'")
        #expect(stage.requests.last?.contains("removeFromCRL") == true)
        let listed = try stage.run("trust revoked")
        #expect(listed.output.contains("1000") && listed.output.contains("*"))
        #expect(try stage.run("trust revoke --yes").exitCode == 64)
        #expect(try stage.run("trust revoke 1 --from x --yes").exitCode == 64)
        #expect(try stage.run("trust revoke --from x --issuer y --yes").exitCode == 64)
    }
}

@Suite("Help of the commands that talk to a server")
struct RemoteHelpTests {
    @Test(
        "every one has examples and exit codes",
        arguments: [
            "login", "token", "explain", "audit", "ctx list", "ctx use", "ctx remove",
            "tenant list", "tenant add", "tenant show", "tenant enable", "tenant disable",
            "tenant remove", "trust add", "trust list", "trust enable", "trust disable",
            "trust remove", "trust prove", "trust revoke", "trust release", "trust revoked",
            "device add", "device list", "device show",
            "device import", "device enable", "device disable", "device remove",
            "device credentials", "policy list", "policy set", "policy test", "session list",
            "session kick",
        ]
    )
    func help(command: String) throws {
        let done = try Shell.run(Paths.program, Shell.split("\(command) --help"))
        #expect(done.exitCode == 0 && done.errors.isEmpty)
        #expect(done.output.hasPrefix("Usage: sealwire \(command)"))
        #expect(done.output.contains("\nEXAMPLES\n  sealwire \(command)"))
        #expect(done.output.contains("\nEXIT CODES\n") && done.output.contains("  77"))
        #expect(done.output.contains("--json"))
    }
}
