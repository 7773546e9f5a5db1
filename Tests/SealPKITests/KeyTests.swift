// SPDX-License-Identifier: Apache-2.0
// Private keys: making, writing, reading, and what is refused.

import SealBytes
import Testing

@testable import SealPKI

@Suite("A private key")
struct KeyTests {
    @Test("is made in every kind, written and read back", arguments: KeyKind.allCases)
    func roundTrip(kind: KeyKind) throws {
        let key = try PrivateKey.generate(kind)
        let pem = try key.pem()
        #expect(String(decoding: pem, as: UTF8.self).hasPrefix("-----BEGIN PRIVATE KEY-----"))
        let again = try PrivateKey(pem: pem)
        #expect(try again.pem() == pem)
        #expect(again.description == key.description)
    }

    @Test("opens with its passphrase only")
    func passphrase() throws {
        let key = try PrivateKey.generate()
        let pem = try key.pem(passphrase: Array("correct horse".utf8))
        #expect(String(decoding: pem, as: UTF8.self).contains("ENCRYPTED PRIVATE KEY"))
        #expect(
            try PrivateKey(pem: pem, passphrase: Array("correct horse".utf8)).pem() == key.pem()
        )
        #expect(throws: PKIError(.passphraseMissing, "")) { try PrivateKey(pem: pem) }
        #expect(throws: PKIError(.passphraseWrong, "")) {
            try PrivateKey(pem: pem, passphrase: Array("wrong".utf8))
        }
    }

    @Test("encrypted in a way that is not read is no matter of the passphrase")
    func unreadEncryption() throws {
        let sealed = try PrivateKey.generate().pem(passphrase: Array("correct horse".utf8))
        var der = try #require(try PEMDocument(sealed).blocks.first).decoded()
        // hmacWithSHA256 becomes a function that nobody knows.
        let sha256: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x02, 0x09]
        let place = try #require(
            der.indices.dropLast(8).first { der[$0..<($0 + 8)].elementsEqual(sha256) }
        )
        der[place + 7] = 0x63
        let pem = PEMText.block("ENCRYPTED PRIVATE KEY", der)
        #expect(throws: PKIError(.passphraseMissing, "")) { try PrivateKey(pem: pem) }
        #expect(throws: PKIError(.unsupportedKey, "")) {
            try PrivateKey(pem: pem, passphrase: Array("correct horse".utf8))
        }
    }

    @Test("is refused when there is none, or it is damaged")
    func damaged() throws {
        #expect(throws: PKIError(.noPEM, "")) { try PrivateKey(pem: Array("hello".utf8)) }
        #expect(throws: PKIError(.noPEM, "")) { try PrivateKey(pem: []) }
        var pem = try PrivateKey.generate().pem()
        pem[40] = UInt8(ascii: "!")
        #expect(throws: PKIError(.malformed, "")) { try PrivateKey(pem: pem) }
    }

    @Test("of SEC 1 and PKCS #1 is read")
    func olderForms() throws {
        // Throw-away keys that OpenSSL's tool made for this test.
        let sec1 = """
            -----BEGIN EC PRIVATE KEY-----
            MHcCAQEEILO22/DxSX0jdrfQYOkuyZSmx8Bb6RbUz503uWiI8mIDoAoGCCqGSM49
            AwEHoUQDQgAEOA7lBfwX7xAizzFJpdW5ScXzTsb6RXzGAXcEQb5gFPaM4VMwaOtu
            uZPxIiwoCNKbixgJzki/BbOoulsPggnQzA==
            -----END EC PRIVATE KEY-----
            """
        let pkcs1 = """
            -----BEGIN RSA PRIVATE KEY-----
            MIIEowIBAAKCAQEAogNawLkMhQRwIj0r0xDldBDCyAiLioSYix0BwZDRYJSfveTK
            zLjaOOEPDbPQsfodbYA6Ixzp8WTstMuuImu0t1A0cFKUEIj1ezO5pqM2Sox8ktZY
            dahNViDgwh68+2TtUOZKGqZm1oypMUJSXrporKlrvu/bxIWbbQZSJBs4m/g05bCN
            mpTLB4OOFDJ6ZUvh0Mvc0ZRj6CoX27wxcviVnKzRlfhNSSpefy/ygh5SaGzTGfzK
            N0klcV/u7fxi1EXzwa4wB92kszFJwJDmIgwGX9s23RQ/wjuzEXPLnC07NyKMEV1v
            b1NkKMvbVfsolyXeydVyyjQtM8KLO/lFi+ytGwIDAQABAoIBABMo72YkXEks3bAG
            6PRkpqYjx01NyWbfyISHMSp5nHFeEkgsUxmD8PbSEuwtbExoBmvpQrbdWANeyqmU
            /up+L1iQiSsRcQZFlDZ2Rwngem61j5Pz+nErrr21VK9QYEwgwvoSyge9zyKnbuju
            7Xvbcr6cqKvjhOuIW3m4yiUP/RFgyFBM+daD5yoOv/MizvKVT1piqlNoa1QL1YEI
            MOe8PRBtBGQ+T1X/MC1uZ8w97ogZ1iPvawtAp54UfMLt4pR80AZYi+s0hN/N8tPt
            Ekl0iyG6EKVdT3Gq9FGxoyQtXShcCDMng2cNR575OIiwh6zc63QtPRHtSrcgyMuc
            WFzoGLUCgYEA3p+tYk+ktQR0q+mRrLhE01HT7UIemJGvOhc5hTwnhbI/uU49iq+U
            OFmYKpZTCBlrL/gix+JwMSBiCf+yBhBXnAOKN0R+7Ti3xNvDbZVhQTB+lLLi/plI
            RbPQFm71ZMsEGGzv9XopoCKE1LV6LTmdHt2Kld58kCGgqr4WhVZQCicCgYEAuk1v
            QXCRVUhPAt6/2VbPeBIAYm/PJkVZNPi5gTpUYUvpcVqVRLILZnPa4/3nTqriUROQ
            ay4QRIF5/mIfTqprNnWriP9WlrOsFXiEROO1AbhluI/C8LMFKjGxwD9zWMjtZmhW
            u7fvj5jrf8jQo3WPejWyDrVN/rofoiadkfFB4e0CgYAEmXPxlgenHcJzUs4JrXzu
            iMBCJJ2RNWFTZ+tuT0HZx0b9wxoOZXZAe8ljB9wLTMskIJJHYuxCd5LO9hNtgKTu
            ujv+zFF7ATL6xDeTagSqXiAfXlrGO9B8cCyaagxz2qXpA0cp4S4++reX1XACwy/1
            1UnpssEMEUXKgUbh1lis/QKBgQCgNk0x4oMo6vj/h91GI3BhWmG4RVzIFaUkd6zX
            o/jCf0yurW5mWBKTtZgMruHG9g+QF5n/gep9bzcg+vLfbJCskb7FHogxKywWfsCI
            maWkaBYaBI9o/Rq48Wlh4W7pcEkv4xSLdB9wxtnm1yQNHeEYAKsyGNqM7zSa9khV
            JDs69QKBgHeqFqt0gXFi3BUsVlmilAiMVklAwBFQHEEpI7BEWFtLdWxQou5u6pSW
            r2ZEk9rlNybzkSUkihNSzLTrcX2tPPsqKGqLfeIpmVIkZ0rc9b8ki+EL98YcHucw
            vnvx9NpHuKk91tbCe/3yLeaVj3eR+s3k1w2ETJuIZRciccMYsIe1
            -----END RSA PRIVATE KEY-----
            """
        #expect(try PrivateKey(pem: Array(sec1.utf8)).description.description == "EC 256")
        #expect(try PrivateKey(pem: Array(pkcs1.utf8)).description.description == "RSA 2048")
    }
}
