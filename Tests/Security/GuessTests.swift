// SPDX-License-Identifier: Apache-2.0
// Those who guess: many at once, many users, many networks, and those who wait for a comparison.

import Foundation
import SealBytes
import Testing

@testable import SealAdmin
@testable import SealBroker
@testable import SealNet
@testable import SealServer
@testable import Stage

@Suite("Guesses", .serialized) struct GuessTests {
    private func outcomes(
        _ running: RunningAPI,
        _ count: Int,
        _ credentials: @escaping @Sendable (Int) -> Credentials
    ) throws -> [ReasonCode] {
        let identity = try running.identity
        let answers = MonitoredState<[ReasonCode]>([])
        var rules = AccessRules()
        rules.source = .registry
        for index in 0..<count {
            identity.login(RegistryQuestion(credentials: credentials(index), rules: rules)) {
                step in
                answers.change { answers in
                    switch step {
                    case .refused(let reasons):
                        answers.append(reasons.first?.code ?? .apiUnexpected)
                    default: answers.append(.loginPassword)
                    }
                }
            }
        }
        let all = answers.wait(milliseconds: 60_000) { $0.count >= count ? $0 : nil }
        return try #require(all)
    }

    private static func guess(_ user: String, _ peer: String = "192.0.2.9") -> Credentials {
        Credentials(
            user: .init(user),
            password: Array("wrong".utf8),
            clientID: "c",
            peerAddress: peer
        )
    }

    @Test("three hundred guesses at once are compared ten times, as if they came one by one")
    func atOnce() throws {
        let running = try RunningAPI()
        let codes = try outcomes(running, 300) { _ in Self.guess("dev/admin") }
        #expect(codes.count { $0 == .badPassword } <= 10)
        #expect(codes.allSatisfy { [.badPassword, .tooManyGuesses, .loginsWaiting].contains($0) })
    }

    @Test("of one address as many comparisons wait as may, one more is refused with its reason")
    func waiting() {
        var bounds = GuessLimit.Bounds()
        bounds.waitingPerUser = 2
        bounds.waitingPerSource = 3
        bounds.waitingMax = 4
        var limit = GuessLimit(bounds)
        func wait(_ source: String, _ user: String) -> ReasonCode? {
            limit.wait(source: source, user: .init(user), now: 1)?.code
        }
        #expect(wait("a", "x") == nil && wait("a", "x") == nil)
        #expect(wait("a", "x") == .loginsWaiting)
        #expect(wait("a", "y") == nil)
        #expect(wait("a", "z") == .loginsWaiting)
        #expect(wait("b", "x") == nil)
        #expect(wait("c", "x") == .loginsWaiting)
        limit.waited(source: "a", user: "x")
        #expect(wait("c", "x") == nil)
        for (source, user) in [("a", "x"), ("a", "y"), ("b", "x"), ("c", "x")] {
            limit.waited(source: source, user: .init(user))
        }
        #expect(limit.waiting == 0 && limit.entryCount == 0)
    }

    @Test("a try counts from its beginning, is given back when right, and stays when wrong")
    func tries() {
        var limit = GuessLimit()
        func begin(_ user: String = "ann") -> ReasonCode? {
            limit.begin(source: "s", user: .init(user), now: 600)?.code
        }
        for _ in 0..<10 { #expect(begin() == nil) }
        #expect(begin() == .tooManyGuesses)
        for _ in 0..<5 { limit.end(.neither, source: "s", user: "ann", now: 600) }
        for _ in 0..<5 { #expect(begin() == nil) }
        #expect(begin() == .tooManyGuesses)
        for _ in 0..<9 { limit.end(.wrong, source: "s", user: "ann", now: 600) }
        #expect(begin() == .tooManyGuesses)
        limit.end(.right, source: "s", user: "ann", now: 600)
        #expect(begin() == nil)
        limit.end(.neither, source: "s", user: "ann", now: 600)
    }

    @Test("a /64 of IPv6 is one address for guesses")
    func networks() {
        var limit = GuessLimit()
        for index in 0..<10 {
            #expect(limit.begin(source: "2001:db8::\(index)", user: "ann", now: 1) == nil)
        }
        #expect(limit.begin(source: "2001:db8::ffff", user: "ann", now: 1) != nil)
        #expect(limit.begin(source: "2001:db8:0:1::1", user: "ann", now: 1) == nil)
    }

    @Test("a flood of networks and users does not make the table forget who guessed often")
    func flood() {
        var bounds = GuessLimit.Bounds()
        bounds.entriesMax = 500
        var limit = GuessLimit(bounds)
        for _ in 0..<9 { _ = limit.begin(source: "evil", user: "ann", now: 600) }
        for _ in 0..<9 { limit.end(.wrong, source: "evil", user: "ann", now: 600) }
        for index in 0..<20_000 {
            let source = "10.\(index >> 16).\(index >> 8 & 255).\(index & 255)"
            if limit.begin(source: source, user: "u", now: 600) == nil {
                limit.end(.wrong, source: source, user: "u", now: 600)
            }
            #expect(limit.entryCount <= 1000)
        }
        #expect(limit.begin(source: "evil", user: "ann", now: 600) == nil)
        limit.end(.wrong, source: "evil", user: "ann", now: 600)
        #expect(limit.begin(source: "evil", user: "ann", now: 600) != nil)
    }

    @Test("forged links and refresh tokens are guesses too, and end at their limit")
    func links() throws {
        let desk = try Desk()
        let calls = [
            ("/api/v1/first-login", "{\"token\":\"x.y.z\",\"password\":\"long enough\"}"),
            ("/api/auth/token", "{\"refreshToken\":\"x.y.z\"}"),
        ]
        for (path, body) in calls {
            let replies = (0..<11).map { _ in desk.ask(.post, path, body, as: nil) }
            #expect(replies.map(\.status) == Array(repeating: 401, count: 10) + [429])
            #expect(replies.last?.reason == "login.too-many-guesses")
        }
    }

    @Test("wrong codes of enrolment that come at once count at once")
    func codes() {
        let guesses = EnrolmentGuesses()
        for _ in 0..<10 { #expect(guesses.begin("s", "1/d", 1) == nil) }
        #expect(guesses.begin("s", "1/d", 1)?.code == .tooManyGuesses)
    }
}
