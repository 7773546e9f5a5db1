// SPDX-License-Identifier: Apache-2.0
// The bound on guesses: at the limit and one above, by source and user, and its own size.

import Testing

@testable import SealBroker
import SealBytes

@Suite("The bound on guesses") struct GuessLimitTests {
    private let wrong = [Reason(.badPassword)]

    private func fail(
        _ limit: inout GuessLimit,
        _ source: String,
        _ user: Name?,
        _ times: Int,
        now: Int64 = 600
    ) {
        for _ in 0..<times { limit.note(wrong, source: source, user: user, now: now) }
    }

    @Test("ten failures of a user from one address are the most, and other addresses are free")
    func perUser() {
        var limit = GuessLimit()
        fail(&limit, "10.0.0.1", "ann", 9)
        #expect(limit.refusal(source: "10.0.0.1", user: "ann", now: 600) == nil)
        fail(&limit, "10.0.0.1", "ann", 1)
        #expect(
            limit.refusal(source: "10.0.0.1", user: "ann", now: 600)?.code == .tooManyGuesses
        )
        #expect(limit.refusal(source: "10.0.0.1", user: "bob", now: 600) == nil)
        #expect(limit.refusal(source: "10.0.0.2", user: "ann", now: 600) == nil)
        #expect(limit.refusal(source: "10.0.0.1", user: nil, now: 600) == nil)
    }

    @Test("a hundred failures of an address are the most, whoever was guessed")
    func perSource() {
        var limit = GuessLimit()
        for number in 0..<99 { fail(&limit, "10.0.0.1", "u\(number)", 1) }
        #expect(limit.refusal(source: "10.0.0.1", user: "new", now: 600) == nil)
        fail(&limit, "10.0.0.1", "u99", 1)
        #expect(limit.refusal(source: "10.0.0.1", user: "new", now: 600) != nil)
        #expect(limit.refusal(source: "10.0.0.2", user: "new", now: 600) == nil)
    }

    @Test("failures fade in the next window and are forgotten after it")
    func window() {
        var limit = GuessLimit()
        fail(&limit, "s", "ann", 20, now: 600)
        #expect(limit.refusal(source: "s", user: "ann", now: 659) != nil)
        #expect(limit.refusal(source: "s", user: "ann", now: 661) != nil)
        #expect(limit.refusal(source: "s", user: "ann", now: 690) != nil)
        #expect(limit.refusal(source: "s", user: "ann", now: 692) == nil)
        #expect(limit.refusal(source: "s", user: "ann", now: 720) == nil)
        // A clock that went back does not forgive.
        #expect(limit.refusal(source: "s", user: "ann", now: 10) != nil)
    }

    @Test("a success clears the user's failures, not the address's")
    func success() {
        var limit = GuessLimit()
        for number in 0..<9 { fail(&limit, "s", "u\(number)", 10) }
        fail(&limit, "s", "ann", 10)
        limit.noteSuccess(source: "s", user: "ann")
        #expect(limit.refusal(source: "s", user: "ann", now: 600) != nil)
        limit.noteSuccess(source: "s", user: "ann")
        var other = GuessLimit()
        fail(&other, "s", "ann", 10)
        other.noteSuccess(source: "s", user: "ann")
        #expect(other.refusal(source: "s", user: "ann", now: 600) == nil)
    }

    @Test("refusals that are no guess are not counted")
    func notGuesses() {
        var limit = GuessLimit()
        for code in ReasonCode.allCases where !code.isGuess {
            for _ in 0..<10 { limit.note([Reason(code)], source: "s", user: "ann", now: 600) }
        }
        #expect(limit.entryCount == 0)
        #expect(ReasonCode.badPassword.isGuess && ReasonCode.accessTokenUnknown.isGuess)
        #expect(!ReasonCode.deviceDisabled.isGuess && !ReasonCode.certificateExpired.isGuess)
    }

    @Test("a flood of invented users keeps the table within its bound, and its source stays known")
    func bound() {
        var bounds = GuessLimit.Bounds()
        bounds.entriesMax = 200
        var limit = GuessLimit(bounds)
        for number in 0..<10_000 {
            limit.note(wrong, source: "flood", user: "u\(number)", now: 600)
            #expect(limit.entryCount <= 400)
        }
        #expect(limit.refusal(source: "flood", user: "ann", now: 600) != nil)
        for number in 0..<10_000 {
            limit.note(wrong, source: "s\(number)", user: "ann", now: 600)
            #expect(limit.entryCount <= 400)
        }
    }

    @Test(
        "who has an IPv6 network has one source",
        arguments: [
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
            ("2001:db8::1", "2001:db8:0:0::/64"), ("::1", "0:0:0:0::/64"), ("10.1.2.3", "10.1.2.3"),
            ("::ffff:10.1.2.3", "10.1.2.3"), ("fe80::1%eth0", "fe80:0:0:0::/64"), ("", ""),
            ("[", "["),
        ]
    )
    func networks(_ address: String, _ network: String) {
        #expect(GuessLimit.network(of: address) == network)
    }

    @Test("a proven password is known for 30 seconds, however often it is used, and no longer")
    func proven() {
        var proven = ProvenPasswords()
        proven.insert([1], now: 1000)
        #expect(proven.contains([1], now: 30_999))
        #expect(!proven.contains([2], now: 1000))
        #expect(!proven.contains([1], now: 31_000))
        proven.removeAll()
        for number in 0..<UInt16(ProvenPasswords.entriesMax) {
            proven.insert([UInt8(number >> 8), UInt8(number & 255)], now: 0)
        }
        #expect(proven.count == ProvenPasswords.entriesMax)
        proven.insert([9, 9, 9], now: 0)
        #expect(proven.count <= ProvenPasswords.entriesMax)
        #expect(proven.contains([9, 9, 9], now: 1))
        proven.removeAll()
        #expect(proven.count == 0)
    }
}
