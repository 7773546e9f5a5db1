// SPDX-License-Identifier: Apache-2.0
// SCRAM-SHA-256 on the server's side (RFC 5802, RFC 7677), without channel binding. A state machine
// over the four messages; who carries them, and who looks the user up, is not its matter.

public import SealBytes

/// One exchange of SCRAM-SHA-256.
///
/// `first` takes the client's first message and gives the user to look up, `challenge` the answer,
/// `final` the client's proof and the login that comes of it.
public struct ScramServer: Sendable {
    /// The name of the mechanism.
    public static let mechanism = "SCRAM-SHA-256"
    /// The most bytes of a message.
    public static let messageBytesMax = 4096
    /// The most bytes of a nonce.
    static let nonceBytesMax = 512

    private enum Phase: Sendable {
        case awaitsFirst
        case awaitsSubject
        case awaitsFinal(ScramSubject)
        case ended
    }

    private var phase = Phase.awaitsFirst
    private var gs2Header: [UInt8] = []
    private var clientFirstBare: [UInt8] = []
    private var clientNonce: [UInt8] = []
    private var serverFirst: [UInt8] = []
    private var nonce: [UInt8] = []
    /// The user the client named; empty before that.
    public private(set) var user = Name.empty

    /// An exchange that has not begun.
    public init() {}

    // MARK: The messages

    /// Takes client-first-message: the user whose keys are needed.
    public mutating func first(_ message: [UInt8]) throws(ScramFault) -> Name {
        guard case .awaitsFirst = phase else { throw ScramFault(.scramMalformed, "out of turn") }
        phase = .ended
        guard message.count <= Self.messageBytesMax,
            String(validating: message, as: UTF8.self) != nil, !message.contains(0)
        else { throw ScramFault(.scramMalformed, "no text, or too long") }
        let parts = message.split(
            separator: UInt8(ascii: ","),
            maxSplits: 2,
            omittingEmptySubsequences: false
        )
        guard parts.count == 3 else { throw ScramFault(.scramMalformed, "header") }
        try readHeader(parts[0])
        gs2Header = Array(message.prefix(message.count - parts[2].count))
        clientFirstBare = Array(parts[2])
        try readBare(parts[2])
        // The client may only act for itself.
        if !parts[1].isEmpty {
            guard parts[1].starts(with: "a=".utf8), let name = Self.name(parts[1].dropFirst(2))
            else { throw ScramFault(.scramMalformed, "authorization name") }
            guard name == user else { throw ScramFault(.scramAuthorization) }
        }
        phase = .awaitsSubject
        return user
    }

    /// server-first-message for the user that was looked up; `random` is at least 16 random bytes,
    /// used once.
    public mutating func challenge(_ subject: ScramSubject, random: [UInt8]) -> [UInt8] {
        guard case .awaitsSubject = phase else { return [] }
        return challenge(subject, nonce: Array(SealBytes.Base64.encode(random).utf8))
    }

    mutating func challenge(_ subject: ScramSubject, nonce serverNonce: [UInt8]) -> [UInt8] {
        nonce = clientNonce + serverNonce
        serverFirst = Array("r=".utf8) + nonce
        serverFirst += Array(",s=\(SealBytes.Base64.encode(subject.keys.salt))".utf8)
        serverFirst += Array(",i=\(subject.keys.iterations)".utf8)
        phase = .awaitsFinal(subject)
        return serverFirst
    }

    /// Takes client-final-message: what the login comes to, and server-final-message when the proof
    /// was right.
    public mutating func final(
        _ message: [UInt8],
        _ digest: some ScramDigest
    ) throws(ScramFault) -> (message: [UInt8], step: LoginStep) {
        guard case .awaitsFinal(let subject) = phase else {
            throw ScramFault(.scramMalformed, "out of turn")
        }
        phase = .ended
        let (bare, proof) = try readFinal(message)
        let spoken =
            clientFirstBare + [UInt8(ascii: ",")] + serverFirst + [UInt8(ascii: ",")] + bare
        guard let clientSignature = digest.hmac(key: subject.keys.storedKey, spoken),
            let serverSignature = digest.hmac(key: subject.keys.serverKey, spoken),
            clientSignature.count == proof.count,
            let shown = digest.sha256(zip(proof, clientSignature).map { $0 ^ $1 })
        else { throw ScramFault(.registryFailed, "SHA-256 is not available") }
        let fits = digest.equals(shown, subject.keys.storedKey)
        guard fits, subject.isKnown else { return ([], .refused([subject.differs])) }
        switch subject.matches {
        case .failure(let refusal): return ([], .refused(refusal.reasons))
        case .success(let principal):
            let answer = "v=\(SealBytes.Base64.encode(serverSignature))"
            return (Array(answer.utf8), .accepted(principal))
        }
    }

    // MARK: Reading (RFC 5802 §7)

    private func readHeader(_ flag: ArraySlice<UInt8>) throws(ScramFault) {
        // "y": the client could bind, and believes that the server cannot. It is right.
        if flag.elementsEqual("n".utf8) || flag.elementsEqual("y".utf8) { return }
        if flag.starts(with: "p=".utf8) { throw ScramFault(.scramChannelBinding) }
        throw ScramFault(.scramMalformed, "channel binding flag")
    }

    private mutating func readBare(_ bare: ArraySlice<UInt8>) throws(ScramFault) {
        let fields = Self.fields(bare)
        guard let first = fields.first else { throw ScramFault(.scramMalformed, "user name") }
        // RFC 5802 §5.1: an extension that must be understood.
        if first.starts(with: "m=".utf8) { throw ScramFault(.scramExtension) }
        guard first.starts(with: "n=".utf8), let name = Self.name(first.dropFirst(2)) else {
            throw ScramFault(.scramMalformed, "user name")
        }
        guard fields.count >= 2, fields[1].starts(with: "r=".utf8),
            Self.isNonce(fields[1].dropFirst(2))
        else { throw ScramFault(.scramMalformed, "nonce") }
        // Further extensions may be passed over.
        guard fields.dropFirst(2).allSatisfy(Self.isAttribute) else {
            throw ScramFault(.scramMalformed, "extension")
        }
        user = name
        clientNonce = Array(fields[1].dropFirst(2))
    }

    /// The message without its proof, and the proof.
    private func readFinal(
        _ message: [UInt8]
    ) throws(ScramFault) -> (bare: [UInt8], proof: [UInt8]) {
        guard message.count <= Self.messageBytesMax else {
            throw ScramFault(.scramMalformed, "too long")
        }
        let fields = Self.fields(message[...])
        guard fields.count >= 3, fields[0].starts(with: "c=".utf8),
            fields[1].starts(with: "r=".utf8), let last = fields.last,
            last.starts(with: "p=".utf8),
            fields.dropFirst(2).dropLast().allSatisfy(Self.isAttribute)
        else { throw ScramFault(.scramMalformed, "proof") }
        // The header again, so that nobody between can have changed it.
        let header = SealBytes.Base64.decode(
            String(decoding: fields[0].dropFirst(2), as: UTF8.self)
        )
        guard header == gs2Header else { throw ScramFault(.scramChannelBinding, "it was changed") }
        guard fields[1].dropFirst(2).elementsEqual(nonce) else { throw ScramFault(.scramNonce) }
        let text = String(decoding: last.dropFirst(2), as: UTF8.self)
        guard let proof = SealBytes.Base64.decode(text), proof.count == 32 else {
            throw ScramFault(.scramMalformed, "proof")
        }
        return (Array(message.prefix(message.count - last.count - 1)), proof)
    }

    private static func fields(_ text: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    }

    /// A letter, an equals sign and a value.
    private static func isAttribute(_ field: ArraySlice<UInt8>) -> Bool {
        guard let first = field.first, field.count >= 3 else { return false }
        let isLetter = (0x41...0x5A).contains(first & 0xDF)
        return isLetter && field.dropFirst().first == UInt8(ascii: "=")
    }

    private static func isNonce(_ text: ArraySlice<UInt8>) -> Bool {
        !text.isEmpty && text.count <= nonceBytesMax
            && text.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// A name with `=2C` for a comma and `=3D` for an equals sign; nil when it is none.
    private static func name(_ text: ArraySlice<UInt8>) -> Name? {
        var bytes: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            guard text[index] == UInt8(ascii: "=") else {
                bytes.append(text[index])
                index += 1
                continue
            }
            let mark = text[index...].prefix(3)
            if mark.elementsEqual("=2C".utf8) {
                bytes.append(UInt8(ascii: ","))
            } else if mark.elementsEqual("=3D".utf8) {
                bytes.append(UInt8(ascii: "="))
            } else {
                return nil
            }
            index += 3
        }
        return bytes.isEmpty ? nil : Name(bytes: bytes)
    }
}

/// A message of SCRAM that ends the exchange.
public struct ScramFault: Error, Sendable, Equatable {
    /// Why.
    public let reason: Reason

    init(_ code: ReasonCode, _ detail: String = "") {
        reason = Reason(code, detail: detail)
    }
}
