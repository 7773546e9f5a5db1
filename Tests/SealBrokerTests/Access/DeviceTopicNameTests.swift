// SPDX-License-Identifier: Apache-2.0
// Names as levels of topics: nothing can be injected, and each has exactly one form.

import Testing

@testable import SealBroker
import SealBytes

@Suite("Names in topics") struct DeviceTopicNameTests {
    private func level(_ name: String) -> String {
        String(decoding: DeviceTopicName.encode(Name(name)), as: UTF8.self)
    }

    @Test(
        "what means something in a topic is percent-encoded, the rest stays",
        arguments: [
            ("plain-1_x.Y", "plain-1_x.Y"), ("a/b", "a%2Fb"), ("+", "%2B"), ("#", "%23"),
            ("50%", "50%25"), ("$SYS", "%24SYS"), ("a b", "a b"), ("gerät", "gerät"),
            ("\u{0}\u{1F}\u{7F}", "%00%1F%7F"), ("\u{80}\u{9F}\u{A0}", "%C2%80%C2%9F\u{A0}"),
            ("😀", "😀"), ("", ""),
        ]
    )
    func encode(_ name: String, _ expected: String) {
        #expect(level(name) == expected)
        #expect(DeviceTopicName.decode(DeviceTopicName.encode(Name(name))) == Name(name))
    }

    @Test(
        "a level that no name is encoded to stands for none",
        arguments: [
            "%", "%2", "%2f", "%41", "%G0", "a/b", "+", "#", "$x", "%C2", "%FF", "%E2%82%AC", "%%",
        ]
    )
    func decode(_ level: String) {
        #expect(DeviceTopicName.decode(Array(level.utf8)) == nil)
    }

    @Test("whatever the name, it is one level without wildcards, and comes back")
    func everyScalar() {
        for value in UInt32(0)...0x2FF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let name = "a\(Character(scalar))"
            let level = DeviceTopicName.encode(Name(name))
            #expect(!level.contains { "/+#$".utf8.contains($0) })
            #expect(DeviceTopicName.decode(level)?.utf8.elementsEqual(name.utf8) == true)
        }
    }

    @Test(
        "client ids name a device in three forms",
        arguments: [
            ("x", "x"), ("d:x", "x"), ("d:x:t", "x"), ("e:x", ""), ("d:x:t:u", ""), ("", ""),
            ("d:", ""), ("x:t", ""), ("d::t", ""),
        ]
    )
    func clientIDs(_ text: String, _ device: String) {
        #expect(ClientIDForm(Name(text)).device == Name(device))
    }

    @Test(
        "user names tell the tenant in the forms of both systems",
        arguments: [
            ("t1/ann", "t1", "ann"), ("t1/a/b", "t1", "a/b"), ("t1:ann", "t1", "ann"),
            ("a:b:ann", "a:b", "ann"), ("ann", nil, "ann"), ("/:ann", nil, "ann"),
            (":ann", nil, "ann"), ("t1/a:b", "t1", "a:b"), ("", nil, ""), ("t1/", "t1", ""),
            ("/ann", nil, "/ann"),
        ]
    )
    func userNames(_ text: String, _ tenant: String?, _ user: String) {
        let name = UserName(Name(text))
        #expect(name.tenant == tenant.map { Name($0) })
        #expect(name.user == Name(user))
    }

    @Test("device identifiers have no colon, no control characters and 1024 bytes at most")
    func identifiers() {
        for good in ["x", "a b", "a/b", "+", String(repeating: "x", count: 1024)] {
            #expect(Device.isUsable(identifier: Name(good)))
        }
        for bad in ["", "a:b", "a\n", "\u{85}", String(repeating: "x", count: 1025)] {
            #expect(!Device.isUsable(identifier: Name(bad)))
        }
    }
}
