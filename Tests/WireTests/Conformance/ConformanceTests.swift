// SPDX-License-Identifier: Apache-2.0
// The table of conformance: complete, without slips, and up to date.

import Foundation
import Testing

@testable import Stage

@Suite("The table of conformance") struct ConformanceTests {
    @Test("Every line of the lists is a statement, and none is there twice") func lists() {
        for (text, list) in [
            (StatementsOfMQTT5.text, Conformance.version5),
            (StatementsOfMQTT311.text, Conformance.version311),
        ] {
            #expect(text.split(separator: "\n").count == list.count)
            #expect(Set(list.map(\.identifier)).count == list.count)
            #expect(list.allSatisfy { "SCBN".contains($0.duty) })
        }
        #expect(Conformance.version5.count == 251)
        #expect(Conformance.version311.count == 141)
    }

    @Test("Tests name statements that exist, and no statement is shown that is said not to be")
    func names() throws {
        for test in try Conformance.tests() {
            for (named, list) in [
                (test.version5, Conformance.version5), (test.version311, Conformance.version311),
            ] {
                for identifier in named {
                    let statement = list.first { $0.identifier == identifier }
                    #expect(statement != nil, "\(identifier) in \(test.place)")
                    #expect(statement?.excuse == nil, "\(identifier) in \(test.place)")
                }
            }
        }
    }

    @Test("Every statement is shown or has a reason why not") func complete() throws {
        let tests = try Conformance.tests()
        let shown5 = Set(tests.flatMap(\.version5))
        let shown311 = Set(tests.flatMap(\.version311))
        let open5 = Conformance.version5.filter {
            $0.excuse == nil && !shown5.contains($0.identifier)
        }
        let open311 = Conformance.version311.filter {
            $0.excuse == nil && !shown311.contains($0.identifier)
        }
        #expect(open5.map(\.identifier) == [])
        #expect(open311.map(\.identifier) == [])
    }

    @Test("The page of conformance is current") func referencePage() throws {
        let url = Conformance.folder.appending(path: "../../Documentation/conformance.md")
        let page = try Conformance.page()
        if ProcessInfo.processInfo.environment["SEALWIRE_WRITE_DOCS"] == "1" {
            try page.write(to: url, atomically: true, encoding: .utf8)
        }
        let found = try String(contentsOf: url, encoding: .utf8)
        #expect(found == page, "run `make docs`")
    }
}
