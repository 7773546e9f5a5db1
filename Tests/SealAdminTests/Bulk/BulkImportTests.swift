// SPDX-License-Identifier: Apache-2.0
// Files of devices against a registry in memory: what a row makes, what makes a row fail, and that
// a failed row leaves nothing.

import SealAdmin
import SealBroker
import SealStore
import Testing

import SealBytes
@testable import Stage

@Suite("Bulk registration") struct BulkImportTests {
    /// Makes hashes that show what they were made of.
    private struct OpenForge: SecretForge {
        func hash(chosen password: [UInt8]) throws(RegistryError) -> StoredSecret {
            StoredSecret(hash: "chosen:" + String(decoding: password, as: UTF8.self))
        }
        func hash(generated secret: [UInt8]) throws(RegistryError) -> StoredSecret {
            StoredSecret(hash: "generated")
        }
        func generate() throws(RegistryError) -> String { "secret" }
    }

    private let registry: SQLiteRegistry
    private let management: Tenant
    private let tenant: Tenant
    private let author = Author(name: "t1/admin")

    init() throws {
        registry = try SQLiteRegistry(path: ":memory:")
        let made = try registry.change(by: .daemon) {
            (writer: any RegistryWriter) throws(RegistryError) -> [Tenant] in
            [try writer.add(Tenant(id: "management")), try writer.add(Tenant(id: "t1"))]
        }
        management = made.result[0]
        tenant = made.result[1]
    }

    private func run(
        _ text: String,
        _ limits: BulkLimits = BulkLimits(),
        by tenant: Tenant? = nil
    ) throws(BulkImport.Failure) -> BulkReport {
        try BulkImport(
            registry: registry,
            secrets: OpenForge(),
            crew: LoneWorker(),
            limits: limits
        ).run(Array(text.utf8), tenant: tenant ?? self.tenant, author: author)
    }

    private func reason(_ text: String, by tenant: Tenant? = nil) -> String? {
        do {
            _ = try run(text, by: tenant)
            return nil
        } catch .refused(let refusal) {
            return refusal.reason
        } catch {
            return "\(error)"
        }
    }

    private func device(_ identifier: Name) throws -> Device? {
        try registry.device(tenant: tenant.number, identifier: identifier)
    }

    @Test("a device with certificates and one with a password are made")
    func creation() throws {
        let report = try run("ID;AUTH_TYPE;CREDENTIALS\na;CERTIFICATES;\nb;BASIC; pass word \n")
        #expect(report.all == 2)
        #expect(report.created == 2)
        #expect(report.successful == 2)
        #expect(report.failures.isEmpty)
        #expect(try device("a")?.takesCertificates == true)
        #expect(try device("a")?.origin == .bulk)
        #expect(try device("b")?.takesCertificates == false)
        let lookup: Name = "\(tenant.number)/device_b"
        let credential = try registry.credential(kind: .password, lookup: lookup)
        // Blanks belong to the password.
        #expect(credential?.secret?.hash == "chosen: pass word ")
    }

    @Test("every column ends where it belongs")
    func columns() throws {
        _ = try run(
            """
            NAME,external-imei,ID,ICCID,a.b,TYPE,SHELL,CREDENTIALS,PATH,IDTYPE,a.c,plain
            Pump,123,p1,8901,x,pump,1,secret12,north/ hall ,c8y_Imei,"y,z",w
            """
        )
        let made = try #require(try device("p1"))
        #expect(made.name == "Pump")
        #expect(made.type == "pump")
        #expect(
            made.properties == """
                {"a":{"b":"x","c":"y,z"},"plain":"w","c8y_Mobile":{"iccid":"8901"},\
                "c8y_SupportedOperations":["c8y_Command"],"sealwire_Path":"north/hall",\
                "sealwire_ExternalIds":[{"type":"imei","externalId":"123"},\
                {"type":"c8y_Imei","externalId":"p1"}]}
                """
        )
    }

    @Test("a row for a device that is there updates it and ends what relied on its password")
    func update() throws {
        _ = try run("ID;CREDENTIALS;TYPE;NAME;x\nd;first123;t;n;1\n")
        let first = try #require(try device("d"))
        let report = try run("ID;CREDENTIALS;TYPE;NAME;y\nd;second12;t2;o;2\nd;third123;t3;m;\n")
        #expect(report.created == 0)
        #expect(report.updated == ["d", "d"])
        let second = try #require(try device("d"))
        #expect(second.number == first.number)
        #expect(second.name == "m")
        #expect(second.properties == "{\"x\":\"1\",\"y\":\"2\"}")
        let all = try registry.credentials(device: first.number)
        #expect(all.map(\.secret?.hash) == ["chosen:third123"])
        let third = try run("ID;AUTH_TYPE\nd;CERTIFICATES\n")
        #expect(third.updated == ["d"])
        #expect(try registry.credentials(device: first.number).isEmpty)
        #expect(try device("d")?.takesCertificates == true)
    }

    @Test(
        "a bad row fails alone, with its line and without its password",
        arguments: [
            (";pass1234;;t;n", "ID: the device identifier is empty", ";***;;t;n"),
            ("x:y;pass1234;;t;n", "ID: the device identifier holds a colon", "x:y;***;;t;n"),
            (
                "d1;;;t;n", "CREDENTIALS is missing, and AUTH_TYPE is not CERTIFICATES",
                "d1;;;t;n"
            ),
            (
                "d1;pass1234;CERTIFICATES;t;n",
                "CREDENTIALS must be empty when AUTH_TYPE is CERTIFICATES",
                "d1;***;CERTIFICATES;t;n"
            ),
            (
                "d1;pass1234;other;t;n", "AUTH_TYPE is neither BASIC nor CERTIFICATES",
                "d1;***;other;t;n"
            ),
            ("d1;pass1234;;t", "it has 4 fields, and the header has 5", "d1;***;;***"),
            (
                "d1;pass1234;;t;n;more", "it has 6 fields, and the header has 5",
                "d1;***;;***;***;***"
            ),
            ("d1;\"pass;;t;n", "a quote is opened and not closed", "d1"),
        ]
    )
    func badRow(_ row: String, _ reason: String, _ printed: String) throws {
        let report = try run(
            "ID;CREDENTIALS;AUTH_TYPE;TYPE;NAME\nok1;pass1234;;t;n\n\(row)\nok2;pass1234;;t;n\n"
        )
        #expect(report.all == 3)
        #expect(report.created == 2)
        #expect(report.failed == 1)
        let failure = try #require(report.failures.first)
        #expect(failure.reason == "line 3: \(reason)")
        #expect(failure.row == printed)
        #expect(try device("d1") == nil)
    }

    @Test("further columns need TYPE and NAME, in the header and in the row")
    func typeAndName() throws {
        #expect(
            reason("ID;CREDENTIALS;ICCID\na;pass1234;1\n")
                == "ICCID needs the columns TYPE and NAME, too"
        )
        let report = try run("ID;CREDENTIALS;TYPE;NAME;ICCID\na;pass1234;;;1\nb;pass1234;;;\n")
        #expect(report.created == 1)
        #expect(
            report.failures.map(\.reason)
                == ["line 2: TYPE and NAME must not be empty when further columns are used"]
        )
    }

    @Test(
        "a header that cannot be understood refuses the file",
        arguments: [
            ("", "the file is empty"),
            ("\n\r\n", "the file is empty"),
            ("NAME;TYPE\n", "the header has no column ID"),
            ("ID;NAME\n", "the header has neither a column CREDENTIALS nor AUTH_TYPE"),
            ("ID;CREDENTIALS;ID\n", "the column ID is there twice"),
            ("ID;CREDENTIALS;\n", "a column has no name"),
            (
                "ID;CREDENTIALS;TYPE;NAME;a..b\n",
                "the property a..b has an empty name between its dots"
            ),
            (
                "ID;CREDENTIALS;TYPE;NAME;a;a.b\n",
                "the property a is a value, and by a.b an object"
            ),
            ("ID;CREDENTIALS;external-\n", "external- names no type"),
            ("\"ID;CREDENTIALS\n", "the header line: a quote is opened and not closed"),
            (
                "ID;CREDENTIALS;name\n",
                "the property name is written by the server (the columns of devices are in upper "
                    + "case)"
            ),
        ]
    )
    func badHeader(_ text: String, _ sentence: String) {
        #expect(reason(text) == sentence)
    }

    @Test("the management tenant names the tenant of each row; others' TENANT is ignored")
    func tenants() throws {
        #expect(
            reason("ID;CREDENTIALS\na;pass1234\n", by: management)
                == "the header has no column TENANT, which the management tenant needs"
        )
        let report = try run(
            "ID;CREDENTIALS;TENANT\na;pass1234;t1\nb;pass1234;\nc;pass1234;t9\n",
            by: management
        )
        #expect(report.created == 1)
        #expect(try device("a") != nil)
        #expect(
            report.failures.map(\.reason) == [
                "line 3: TENANT is empty", "line 4: there is no tenant t9",
            ]
        )
        _ = try run("ID;CREDENTIALS;TENANT\nd;pass1234;management\n")
        #expect(try device("d") != nil)
    }

    @Test("ID and PATH alone only say which devices are expected")
    func simple() throws {
        let report = try run("ID;PATH\na;north/hall\nb;\na;again\n")
        #expect(report.created == 3)
        #expect(try device("a") == nil)
        let request = try registry.request(tenant: tenant.number, identifier: "a")
        #expect(request?.status == .waitingForConnection)
        #expect(request?.group == "again")
        let again = try run("ID;PATH\na;x\n")
        #expect(again.failures.map(\.reason) == ["line 2: the device is expected already"])
    }

    @Test("rows, passwords and listed failures have limits")
    func limits() throws {
        var limits = BulkLimits()
        limits.csv.rowsMax = 2
        limits.passwordRowsMax = 1
        limits.failuresListedMax = 1
        let head = "ID;AUTH_TYPE;CREDENTIALS\n"
        #expect(try run(head + "a;CERTIFICATES;\nb;BASIC;pass1234\n", limits).created == 2)
        #expect(throws: BulkImport.Failure.self) {
            try run(head + "a;BASIC;pass1234\nb;BASIC;pass1234\n", limits)
        }
        #expect(throws: BulkImport.Failure.self) {
            try run(head + "a;CERTIFICATES;\nb;CERTIFICATES;\nc;CERTIFICATES;\n", limits)
        }
        let report = try run(head + ":;CERTIFICATES;\n:;CERTIFICATES;\n", limits)
        #expect(report.failed == 2)
        #expect(report.failures.count == 1)
    }

    @Test("100 bad rows among 3000 are told line by line, and nothing of them is left")
    func manyRows() throws {
        var text = "ID;AUTH_TYPE;CREDENTIALS\n"
        for number in 0..<3000 {
            text +=
                number % 30 == 7
                ? "bad\(number);CERTIFICATES;secret\n" : "d\(number);CERTIFICATES;\n"
        }
        let report = try run(text)
        #expect(report.all == 3000)
        #expect(report.created == 2900)
        #expect(report.failed == 100)
        #expect(report.failures.map(\.device) == (0..<100).map { "bad\($0 * 30 + 7)" })
        #expect(report.failures[1].reason.hasPrefix("line 39: "))
        let all = try registry.devices(
            tenant: tenant.number,
            DeviceQuery(),
            PageRequest(limit: 1, wantsTotal: true)
        )
        #expect(all.total == 2900)
        let audit = try registry.audit(tenant: tenant.number, PageRequest(limit: 1))
        #expect(audit.items.first?.act == "device.imported")
        #expect(audit.items.first?.detail == "2900 created, 0 updated, 100 failed")
    }
}
