// SPDX-License-Identifier: Apache-2.0
// What can go wrong for a client: a stable code, a sentence, and what MQTT or TLS says about it.

public import SealMQTT
public import SealNet

/// Why a client's act failed.
public struct MQTTClientError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The stable name of the reason.
    public enum Code: String, Sendable, CaseIterable {
        /// The settings cannot be used: a file, a name, a combination.
        case settings = "client.settings"
        /// The host name has no address.
        case lookup = "client.lookup"
        /// The server does not take the connection.
        case unreachable = "client.unreachable"
        /// A time limit passed.
        case timeout = "client.timeout"
        /// TLS was refused, by us or by the server.
        case tls = "client.tls"
        /// The server answered CONNECT with a refusal.
        case refused = "client.refused"
        /// The connection broke.
        case connectionLost = "client.connection-lost"
        /// The server ended the connection with a reason.
        case serverDisconnected = "client.server-disconnected"
        /// The server broke the protocol.
        case protocolError = "client.protocol"
        /// There is no connection.
        case notConnected = "client.not-connected"
        /// The client is connected already.
        case alreadyConnected = "client.already-connected"
        /// Too many messages wait.
        case queueFull = "client.queue-full"
        /// The server refused the message or the subscription.
        case denied = "client.denied"
        /// What was asked for is not allowed in MQTT, or not on this server.
        case invalid = "client.invalid"
        /// The task was cancelled, or the client was disconnected here.
        case cancelled = "client.cancelled"
    }

    /// The stable name of the reason; equality looks at it alone.
    public let code: Code
    /// A sentence for the person who has to act.
    public let reason: String
    /// The code that the server gave.
    public let reasonCode: ReasonCode?
    /// What TLS says about it.
    public let refusal: TLSRefusal?

    /// Makes an error.
    public init(
        _ code: Code,
        _ reason: String,
        reasonCode: ReasonCode? = nil,
        refusal: TLSRefusal? = nil
    ) {
        self.code = code
        self.reason = reason
        self.reasonCode = reasonCode
        self.refusal = refusal
    }

    /// The sentence.
    public var description: String { reason }

    /// Whether both have the same code.
    public static func == (left: MQTTClientError, right: MQTTClientError) -> Bool {
        left.code == right.code
    }

    init(_ error: ChannelError) {
        let code: Code =
            switch error.code {
            case .lookup: .lookup
            case .unreachable: .unreachable
            case .localAddress: .settings
            case .timeout: .timeout
            case .broken: .connectionLost
            case .tls: .tls
            case .cancelled: .cancelled
            }
        self.init(code, error.reason, refusal: error.refusal)
    }

    init(_ error: MQTTError, isPeer: Bool) {
        let code: Code =
            isPeer
            ? .protocolError
            : error.code == .packetUnexpected
                ? .notConnected : error.code == .receiveMaximumExceeded ? .queueFull : .invalid
        let who = isPeer ? "the server broke the protocol: " : ""
        self.init(code, who + error.description, reasonCode: error.reasonCode)
    }

    init(_ connack: Connack) {
        let words = connack.reason.words
        let text = connack.properties.reasonString.map { " (\($0))" } ?? ""
        let other = connack.properties.serverReference.map { "; use the server \($0)" } ?? ""
        self.init(
            .refused,
            "the server refused the connection: \(words)\(text)\(other)",
            reasonCode: connack.reason
        )
    }

    init(_ disconnect: Disconnect) {
        let text = disconnect.reasonString.map { " (\($0))" } ?? ""
        let other = disconnect.serverReference.map { "; use the server \($0)" } ?? ""
        self.init(
            .serverDisconnected,
            "the server ended the connection: \(disconnect.reason.words)\(text)\(other)",
            reasonCode: disconnect.reason
        )
    }

    init(_ answer: Acknowledgement) {
        let text = answer.reasonString.map { " (\($0))" } ?? ""
        self.init(
            .denied,
            "the server refused the message: \(answer.reason.words)\(text)",
            reasonCode: answer.reason
        )
    }

    static let disconnectedHere = MQTTClientError(.cancelled, "the client was disconnected")
}

extension ReasonCode {
    /// The code as people say it: its name in words.
    public var words: String {
        if self == .clientIdentifierNotValid { return "client identifier not valid" }
        if self == .badUserNameOrPassword { return "bad user name or password" }
        var text = ""
        var previousIsLower = false
        for character in "\(self)" {
            if character.isUppercase, previousIsLower { text += " " }
            previousIsLower = character.isLowercase
            text += character.lowercased()
        }
        return text.replacingQoS
    }
}

extension String {
    fileprivate var replacingQoS: String {
        split(separator: " ").map { $0 == "qo" || $0 == "qos" ? "QoS" : String($0) }
            .joined(separator: " ")
    }
}
